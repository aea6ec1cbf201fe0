//! Export of a scenario as YAML, and as a test in Rust.

use std::{fmt::Write, time::Duration};

use pod_lifecycle::{
    api::{Name, PodPhase},
    go_duration,
    sim::Timeline,
};

use crate::{manifest::Manifest, script_file::is_blank};

/// Combines manifest and script into one scenario, with their comments.
pub(crate) fn scenario(manifest: &Manifest, script: &str) -> String {
    let mut text = String::from("pod:\n");
    for line in manifest.text().lines().filter(|line| line.trim_end() != "---") {
        let indent = if line.trim().is_empty() { "" } else { "  " };
        text.extend([indent, line.trim_end(), "\n"]);
    }
    if !is_blank(script) {
        text.extend(["\n", script.trim(), "\n"]);
    }
    text
}

/// Returns a test in Rust that plays a scenario and asserts on the state at a time.
pub(crate) fn test(scenario: &str, timeline: &Timeline, then: Duration) -> String {
    let fence = fence(scenario);
    let mut body = String::new();
    let mut expect = |call: &str, value: String| {
        let _ = writeln!(body, "    assert_eq!(timeline.{call}, {value});");
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
        uses = if timeline.phase_at(then).is_some() { "{api::PodPhase, sim::Scenario}" } else { "sim::Scenario" },
    )
}

/// Returns assertions on the state at a time.
fn at(timeline: &Timeline, then: Duration) -> String {
    let phase = timeline.phase_at(then).map(|phase| format!("PodPhase::{}", variant(phase)));
    let mut text = format!("\n    // After {}.\n", go_duration(then));
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

/// Returns a duration as Rust code.
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

/// Returns the `#` characters that a raw string of this text needs.
fn fence(text: &str) -> String {
    let mut fence = String::from("#");
    while text.contains(&format!("\"{fence}")) {
        fence.push('#');
    }
    fence
}

/// Returns a function name for a Pod such as `billing-api`.
fn function_name(pod: &str) -> String {
    let name: String = pod.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    if name.is_empty() { "the_pod".into() } else { format!("the_life_of_{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_string_has_enough_hashes() {
        assert_eq!(fence("a: b"), "#");
        assert_eq!(fence("a: \"#\""), "##");
    }

    #[test]
    fn durations_are_written_in_their_largest_unit() {
        assert_eq!(code(Duration::from_secs(90)), "Duration::from_secs(90)");
        assert_eq!(code(Duration::from_millis(12_400)), "Duration::from_millis(12400)");
        assert_eq!(code(Duration::from_micros(7)), "Duration::from_micros(7)");
    }
}
