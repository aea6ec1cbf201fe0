//! A life to take along: as a scenario, and as a test.

use std::{fmt::Write, time::Duration};

use pod_lifecycle::{
    api::{Name, PodPhase},
    go_duration,
    sim::Timeline,
};

use crate::{manifest::Manifest, story::is_blank};

/// The two texts as one scenario, comments and all.
pub(crate) fn scenario(manifest: &Manifest, story: &str) -> String {
    let mut text = String::from("pod:\n");
    for line in manifest.text().lines().filter(|line| line.trim_end() != "---") {
        let indent = if line.trim().is_empty() { "" } else { "  " };
        text.extend([indent, line.trim_end(), "\n"]);
    }
    if !is_blank(story) {
        text.extend(["\n", story.trim(), "\n"]);
    }
    text
}

/// A test in Rust that plays a scenario and expects of it what can be seen after so long.
pub(crate) fn test(scenario: &str, timeline: &Timeline, then: Duration) -> String {
    let fence = fence(scenario);
    let mut body = String::new();
    let mut expect = |question: &str, answer: String| {
        let _ = writeln!(body, "    assert_eq!(timeline.{question}, {answer});");
    };
    expect("first_ready()", some(timeline.first_ready().map(code)));
    expect("removed()", some(timeline.removed().map(code)));
    for container in &timeline.pod.spec.containers {
        let restarts = timeline.restarts(&container.name).map(|count| count.to_string());
        expect(&format!("restarts({:?})", container.name), some(restarts));
    }
    body += &at(timeline, then);
    format!(
        "#[test]
fn {name}() -> Result<(), Box<dyn std::error::Error>> {{
    use std::time::Duration;

    use pod_lifecycle::{uses};

    let scenario: Scenario = serde_saphyr::from_str(r{fence}\"
{scenario}\"{fence})?;
    let timeline = scenario.play()?;
{body}    Ok(())
}}
",
        name = function_name(&timeline.pod.metadata.name),
        uses = if timeline.phase_at(then).is_some() { "{manifest::PodPhase, sim::Scenario}" } else { "sim::Scenario" },
    )
}

/// What can be seen after so long.
fn at(timeline: &Timeline, then: Duration) -> String {
    let phase = timeline.phase_at(then).map(|phase| format!("PodPhase::{}", variant(phase)));
    let mut text = format!("\n    // As it is seen after {}.\n", go_duration(then));
    let _ = writeln!(text, "    let then = {};", code(then));
    let _ = writeln!(text, "    assert_eq!(timeline.phase_at(then), {});", some(phase));
    if let Some(row) = timeline.row_at(then) {
        let seen = format!("({:?}, {:?}, {:?})", row.ready, row.status, row.restarts);
        let _ = writeln!(text, "    let row = timeline.row_at(then).ok_or(\"the object is gone\")?;");
        let _ = writeln!(text, "    assert_eq!((&*row.ready, &*row.status, &*row.restarts), {seen});");
    }
    text
}

fn some(code: Option<String>) -> String {
    code.map_or_else(|| "None".into(), |code| format!("Some({code})"))
}

/// The duration as it is written in code.
fn code(duration: Duration) -> String {
    match duration.subsec_micros() {
        0 => format!("Duration::from_secs({})", duration.as_secs()),
        micros if micros % 1_000 == 0 => format!("Duration::from_millis({})", duration.as_millis()),
        _ => format!("Duration::from_micros({})", duration.as_micros()),
    }
}

fn variant(phase: PodPhase) -> &'static str {
    phase.name()
}

/// As many `#` as a raw string needs that holds this text.
fn fence(text: &str) -> String {
    let mut fence = String::from("#");
    while text.contains(&format!("\"{fence}")) {
        fence.push('#');
    }
    fence
}

/// `billing-api` as a function is called.
fn function_name(pod: &str) -> String {
    let name: String = pod.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    if name.is_empty() { "the_pod".into() } else { format!("the_life_of_{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_string_ends_where_it_ought_to() {
        assert_eq!(fence("a: b"), "#");
        assert_eq!(fence("a: \"#\""), "##");
    }

    #[test]
    fn durations_are_written_with_the_largest_unit_that_holds_them() {
        assert_eq!(code(Duration::from_secs(90)), "Duration::from_secs(90)");
        assert_eq!(code(Duration::from_millis(12_400)), "Duration::from_millis(12400)");
        assert_eq!(code(Duration::from_micros(7)), "Duration::from_micros(7)");
    }
}
