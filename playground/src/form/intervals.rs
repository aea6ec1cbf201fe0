//! The seconds during which a probe fails, as people write them: `0-12, 60-90, 180-`.

use pod_lifecycle::{rule::probe::ProbeOutcome, sim::ProbeStep};

/// When a probe fails.
pub(super) fn intervals(steps: &[ProbeStep]) -> String {
    let mut text = String::new();
    let mut is_failing = false;
    for step in steps {
        match (step.result == ProbeOutcome::Failure, is_failing) {
            (true, false) => {
                let comma = if text.is_empty() { "" } else { ", " };
                text += &format!("{comma}{}-", step.from);
            }
            (false, true) => text += &step.from.to_string(),
            (true, true) | (false, false) => {}
        }
        is_failing = step.result == ProbeOutcome::Failure;
    }
    text
}

/// The steps that say so; what cannot be read is left out.
pub(super) fn steps(text: &str) -> Vec<ProbeStep> {
    let mut steps: Vec<ProbeStep> = Vec::new();
    for (from, to) in text.split(',').filter_map(interval) {
        if steps.is_empty() && from > 0.0 {
            steps.push(ProbeStep { from: 0.0, result: ProbeOutcome::Success });
        }
        if steps.last().is_some_and(|last| last.from >= from && from > 0.0) {
            break;
        }
        steps.push(ProbeStep { from, result: ProbeOutcome::Failure });
        let Some(to) = to.filter(|to| *to > from) else { break };
        steps.push(ProbeStep { from: to, result: ProbeOutcome::Success });
    }
    steps
}

fn interval(text: &str) -> Option<(f64, Option<f64>)> {
    let (from, to) = text.trim().split_once(['-', '–'])?;
    let from: f64 = from.trim().parse().ok()?;
    Some((from, to.trim().parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_read_as_they_are_written() {
        for text in ["", "0-12", "60-90", "0-12, 60-90", "5-", "0-1.5, 180-"] {
            assert_eq!(intervals(&steps(text)), text);
        }
    }

    #[test]
    fn what_makes_no_sense_is_left_out() {
        assert_eq!(intervals(&steps("never, 5-3, 7-8")), "5-");
        assert_eq!(intervals(&steps("5-8, 6-9")), "5-8");
        assert_eq!(intervals(&steps("x")), "");
    }
}
