//! Probe workers: properties.

use pod_lifecycle::{
    rule::probe::{ProbeOutcome, ProbeResult, ProbeWorker, initial_result},
    spec::{ProbeKind, ProbeSpec},
    testkit,
};
use proptest::{collection, prelude::*};

use super::given::cases;

/// A probe of this kind out of some generated Pod.
fn probe(kind: ProbeKind) -> impl Strategy<Value = ProbeSpec> {
    let probes = collection::vec(testkit::spec(), 1..=12);
    probes.prop_filter_map("has a probe", move |specs| {
        specs.iter().find_map(|spec| spec.containers().find_map(|(_, it)| it.probe(kind).cloned()))
    })
}

/// The verdict is the last answer that came often enough in a row; errors do not count.
fn verdict(probe: &ProbeSpec, kind: ProbeKind, outcomes: &[ProbeOutcome]) -> ProbeResult {
    let answers: Vec<bool> = outcomes
        .iter()
        .filter(|outcome| **outcome != ProbeOutcome::Error)
        .map(|outcome| matches!(outcome, ProbeOutcome::Success | ProbeOutcome::Warning))
        .collect();
    let often_enough = |&end: &usize| {
        let is_success = answers[end - 1];
        let run = answers[..end].iter().rev().take_while(|&&answer| answer == is_success).count();
        let threshold = if is_success { probe.success_threshold() } else { probe.failure_threshold() };
        run >= threshold as usize
    };
    match (1..=answers.len()).rev().find(often_enough) {
        None => initial_result(kind),
        Some(end) if answers[end - 1] => ProbeResult::Success,
        Some(_) => ProbeResult::Failure,
    }
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn readiness_follows_the_thresholds(
        probe in probe(ProbeKind::Readiness),
        outcomes in collection::vec(testkit::outcome(), 0..=20),
    ) {
        let kind = ProbeKind::Readiness;
        let mut worker = ProbeWorker { result: Some(initial_result(kind)), ..ProbeWorker::default() };
        for (place, &outcome) in outcomes.iter().enumerate() {
            worker.record(kind, &probe, outcome);
            prop_assert_eq!(worker.result, Some(verdict(&probe, kind, &outcomes[..=place])));
            prop_assert!(!worker.on_hold, "readiness is never put on hold");
        }
    }

    /// A liveness probe that has failed is done with its container: it waits for the next instance.
    #[test]
    fn liveness_is_on_hold_from_its_failure_on(
        probe in probe(ProbeKind::Liveness),
        outcomes in collection::vec(testkit::outcome(), 0..=20),
    ) {
        let kind = ProbeKind::Liveness;
        let mut worker = ProbeWorker { result: Some(initial_result(kind)), ..ProbeWorker::default() };
        for (place, &outcome) in outcomes.iter().enumerate() {
            worker.record(kind, &probe, outcome);
            let verdict = verdict(&probe, kind, &outcomes[..=place]);
            prop_assert_eq!(worker.result, Some(verdict));
            prop_assert_eq!(worker.on_hold, verdict == ProbeResult::Failure);
            if worker.on_hold {
                prop_assert_eq!(worker.result_run, 0);
                break;
            }
        }
    }

    /// A startup probe is over with its first verdict, whichever it is.
    #[test]
    fn a_startup_probe_has_one_result(
        probe in probe(ProbeKind::Startup),
        outcomes in collection::vec(testkit::outcome(), 0..=20),
    ) {
        let kind = ProbeKind::Startup;
        let mut worker = ProbeWorker { result: Some(initial_result(kind)), ..ProbeWorker::default() };
        for (place, &outcome) in outcomes.iter().enumerate() {
            worker.record(kind, &probe, outcome);
            prop_assert_eq!(worker.result, Some(verdict(&probe, kind, &outcomes[..=place])));
            prop_assert_eq!(worker.on_hold, worker.result != Some(ProbeResult::Unknown));
            if worker.on_hold {
                break;
            }
        }
    }
}
