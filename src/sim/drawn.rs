//! What a script leaves to chance, drawn for those who play it themselves.

use core::time::Duration;

use super::{
    random::{Chance, Draw},
    script::{ContainerScript, Run, seconds},
    stage::Playing,
};
use crate::{
    rule::probe::ProbeOutcome,
    spec::{ContainerIndex, ProbeKind},
};

impl ContainerScript {
    /// The n-th run of a container with what is left to chance drawn from a seed, but for its probes; the last that is
    /// written repeats.
    ///
    /// ```
    /// use pod_lifecycle::sim::ContainerScript;
    ///
    /// let script: ContainerScript =
    ///     serde_json::from_str(r#"{"random": {"exitsAfterSeconds": {"uniform": {"min": 5, "max": 9}}}}"#)?;
    /// let run = script.drawn_run(7, 0.into(), 2);
    /// assert!((5.0..9.0).contains(&run.exits_after_seconds.ok_or("it ends")?));
    /// assert_eq!(run, script.drawn_run(7, 0.into(), 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn drawn_run(&self, seed: u64, container: ContainerIndex, n: u32) -> Run {
        let mut run = self.run(n).cloned().unwrap_or_default();
        let Some(random) = &self.random else { return run };
        let draw = |chance| Draw::new(seed, chance, of(container), n.into());
        if let Some(distribution) = random.exits_after_seconds {
            run.exits_after_seconds = Some(distribution.sample(draw(Chance::Exit)).as_secs_f64());
        }
        if let Some(distribution) = random.sigterm_exit_after_seconds {
            run.sigterm_exit_after_seconds = distribution.sample(draw(Chance::Sigterm)).as_secs_f64();
        }
        run.exit_code = random.exit_code(draw(Chance::ExitCode)).unwrap_or(run.exit_code);
        run
    }

    /// What a probe finds so long after the start of the n-th run, and how long its answer takes: what is left to chance
    /// is drawn from a seed. An answer that takes longer than `timeoutSeconds` is for the caller to give up.
    ///
    /// ```
    /// use std::time::Duration;
    /// use pod_lifecycle::{rule::probe::ProbeOutcome, sim::ContainerScript, spec::ProbeKind};
    ///
    /// let script: ContainerScript = serde_json::from_str(
    ///     r#"{"random": {"probes": {"readiness": {"failure": 1, "latencySeconds": {"constant": 0.5}}}}}"#)?;
    /// let probe = |kind| script.drawn_probe(7, 0.into(), 0, kind, Duration::from_secs(10));
    /// assert_eq!(probe(ProbeKind::Readiness), (ProbeOutcome::Failure, Duration::from_millis(500)));
    /// assert_eq!(probe(ProbeKind::Liveness), (ProbeOutcome::Success, Duration::ZERO));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn drawn_probe(
        &self,
        seed: u64,
        container: ContainerIndex,
        n: u32,
        kind: ProbeKind,
        elapsed: Duration,
    ) -> (ProbeOutcome, Duration) {
        let steps = self.run(n).map_or(&[][..], |run| run.probes.of(kind));
        let step = steps.iter().rev().find(|step| seconds(step.from) <= elapsed);
        let outcome = step.map_or(ProbeOutcome::Success, |step| step.result);
        match self.random.as_deref().and_then(|random| random.probes.of(kind)) {
            Some(random) => Playing { container, run: n, seed }.answer(random, kind, elapsed, outcome),
            None => (outcome, Duration::ZERO),
        }
    }

    /// The n-th run as it is written; the last repeats.
    fn run(&self, n: u32) -> Option<&Run> {
        let last = self.runs.len().saturating_sub(1);
        self.runs.get(usize::try_from(n).unwrap_or(usize::MAX).min(last))
    }

    /// How many seconds the n-th pull of a container takes, and whether chance has it fail.
    ///
    /// ```
    /// use pod_lifecycle::sim::ContainerScript;
    ///
    /// let script: ContainerScript = serde_json::from_str(r#"{"random": {"pullFailure": 1}}"#)?;
    /// assert_eq!(script.drawn_pull(7, 0.into(), 0), (0.0, true));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn drawn_pull(&self, seed: u64, container: ContainerIndex, n: u32) -> (f64, bool) {
        let Some(random) = &self.random else { return (self.image.pull_seconds, false) };
        let draw = |chance| Draw::new(seed, chance, of(container), n.into());
        let takes = random.pull_seconds.map(|distribution| distribution.sample(draw(Chance::Pull)).as_secs_f64());
        let fails = draw(Chance::PullFailure).fraction() < random.pull_failure;
        (takes.unwrap_or(self.image.pull_seconds), fails)
    }
}

fn of(container: ContainerIndex) -> u64 {
    u64::try_from(container.get()).unwrap_or(u64::MAX)
}
