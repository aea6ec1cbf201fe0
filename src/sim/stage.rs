//! What the world plays: the scripts of the containers by index, shared by all Pods that play them.

use alloc::{sync::Arc, vec::Vec};
use core::time::Duration;

use super::{
    random::{Chance, Draw, RandomProbe, RandomScript},
    scenario::Scenario,
    script::{ContainerScript, ImageScript, ProbeScript, Run, seconds},
};
use crate::{
    event::HookKind,
    rule::probe::ProbeOutcome,
    spec::{ContainerIndex, PodSpec, ProbeKind},
    time::Timestamp,
};

/// The scripts of a Pod's containers.
#[derive(Clone, Debug)]
pub(super) struct LoweredScript {
    containers: Vec<Part>,
    /// When the story begins, by which outages are reckoned.
    start: Timestamp,
}

/// What one container plays.
#[derive(Clone, Debug)]
struct Part {
    script: ContainerScript,
    /// By run, then by kind of probe: from how long after the start a probe finds what.
    probes: Vec<[Vec<(Duration, ProbeOutcome)>; 3]>,
    /// By kind of probe: whether it finds the container well in every run, and says so at once.
    is_well: [bool; 3],
}

impl Part {
    fn new(script: ContainerScript) -> Part {
        let probes: Vec<[Vec<_>; 3]> = script.runs.iter().map(|run| lowered(&run.probes)).collect();
        let is_well = [ProbeKind::Startup, ProbeKind::Readiness, ProbeKind::Liveness].map(|kind| {
            let is_written = probes.iter().any(|kinds| kinds.get(kind as usize).is_some_and(|steps| !steps.is_empty()));
            (
                kind as usize,
                !is_written && script.random.as_deref().is_none_or(|random| random.probes.of(kind).is_none()),
            )
        });
        let mut part = Part { probes, is_well: [false; 3], script };
        for (kind, is_well) in is_well {
            part.is_well.get_mut(kind).into_iter().for_each(|it| *it = is_well);
        }
        part
    }

    fn is_well(&self, kind: ProbeKind) -> bool {
        // Equivalent with `false`: who looks at the script finds the same, only later.
        self.is_well.get(kind as usize).copied().unwrap_or(false)
    }
}

/// A container that nobody has said anything about.
const WELL: &ContainerScript = &ContainerScript {
    runs: Vec::new(),
    image: ImageScript {
        present: true,
        pull_seconds: 0.0,
        failures_before_success: 0,
        error: None,
        outages: Vec::new(),
    },
    post_start: None,
    pre_stop: None,
    random: None,
};

/// A run that goes on for ever and is well.
const FOR_EVER: &Run = &Run {
    exits_after_seconds: None,
    exit_code: 0,
    ignores_sigterm: false,
    sigterm_exit_after_seconds: 0.0,
    sigterm_exit_code: None,
    reason: None,
    message: None,
    probes: ProbeScript { startup: Vec::new(), readiness: Vec::new(), liveness: Vec::new() },
};

/// What a container's n-th run does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Playing {
    pub(super) container: ContainerIndex,
    pub(super) run: u32,
    pub(super) seed: u64,
}

impl LoweredScript {
    pub(super) fn new(scenario: &Scenario, spec: &PodSpec, start: Timestamp) -> Arc<LoweredScript> {
        let parts = spec.containers().map(|(_, container)| {
            Part::new(scenario.script.containers.get(container.name()).cloned().unwrap_or_default())
        });
        Arc::new(LoweredScript { containers: parts.collect(), start })
    }

    /// How many containers it knows.
    pub(super) fn len(&self) -> usize {
        self.containers.len()
    }

    fn script(&self, container: ContainerIndex) -> &ContainerScript {
        self.containers.get(container.get()).map_or(WELL, |part| &part.script)
    }

    /// The image of a container, and how it gets there.
    pub(super) fn image(&self, container: ContainerIndex) -> &ImageScript {
        &self.script(container).image
    }

    fn random(&self, container: ContainerIndex) -> Option<&RandomScript> {
        self.script(container).random.as_deref()
    }

    /// How long a hook takes, and how it ends.
    pub(super) fn hook(&self, container: ContainerIndex, hook: HookKind) -> (Duration, i32) {
        let script = match hook {
            HookKind::PostStart => self.script(container).post_start,
            HookKind::PreStop => self.script(container).pre_stop,
        };
        let script = script.unwrap_or_default();
        (seconds(script.duration_seconds), script.exit_code)
    }

    /// What a run does, but for what is left to chance: the last that is written repeats.
    pub(super) fn run(&self, playing: Playing) -> &Run {
        let runs = &self.script(playing.container).runs;
        runs.get(place(runs.len(), playing.run)).unwrap_or(FOR_EVER)
    }

    /// How long after its start a run ends by itself; `None`: never.
    pub(super) fn exits_after(&self, playing: Playing) -> Option<Duration> {
        let random = self.random(playing.container).and_then(|random| random.exits_after_seconds);
        match random {
            Some(distribution) => Some(distribution.sample(playing.draw(Chance::Exit))),
            None => self.run(playing).exits_after_seconds.map(seconds),
        }
    }

    /// The exit code of a run that ends by itself.
    pub(super) fn exit_code(&self, playing: Playing) -> i32 {
        let random = self.random(playing.container);
        let code = random.and_then(|random| random.exit_code(playing.draw(Chance::ExitCode)));
        code.unwrap_or(self.run(playing).exit_code)
    }

    /// How long after SIGTERM a run ends.
    pub(super) fn sigterm_exits_after(&self, playing: Playing) -> Duration {
        let random = self.random(playing.container).and_then(|random| random.sigterm_exit_after_seconds);
        match random {
            Some(distribution) => distribution.sample(playing.draw(Chance::Sigterm)),
            None => seconds(self.run(playing).sigterm_exit_after_seconds),
        }
    }

    /// How long the n-th pull takes.
    pub(super) fn pull_takes(&self, container: ContainerIndex, seed: u64, pull: u32) -> Duration {
        match self.random(container).and_then(|random| random.pull_seconds) {
            Some(distribution) => distribution.sample(Draw::new(seed, Chance::Pull, of(container), pull.into())),
            None => seconds(self.image(container).pull_seconds),
        }
    }

    /// Whether the n-th pull, which ends now, has succeeded.
    pub(super) fn pull_succeeds(&self, container: ContainerIndex, seed: u64, pull: u32, now: Timestamp) -> bool {
        let image = self.image(container);
        let is_out = image.is_out(now.since(self.start));
        let chance = self.random(container).map_or(0.0, |random| random.pull_failure);
        let fails =
            // Equivalent with `>=`: no fraction is less than 0. Equivalent with `<=`: of 2^53 fractions at most one is the
            // chance itself.
            || chance > 0.0 && Draw::new(seed, Chance::PullFailure, of(container), pull.into()).fraction() < chance;
        pull >= image.failures_before_success && !is_out && !fails()
    }

    /// What a probe finds so long after the start of a run, and when it says so. `since`: microseconds.
    pub(super) fn probe(&self, playing: Playing, kind: ProbeKind, elapsed: Duration) -> (ProbeOutcome, Duration) {
        let Some(part) = self.containers.get(playing.container.get()) else {
            return (ProbeOutcome::Success, Duration::ZERO);
        };
        if part.is_well(kind) {
            return (ProbeOutcome::Success, Duration::ZERO);
        }
        let steps = part.probes.get(place(part.probes.len(), playing.run)).and_then(|kinds| kinds.get(kind as usize));
        let steps = steps.map_or(&[][..], Vec::as_slice);
        let outcome = steps.iter().rev().find(|(from, _)| *from <= elapsed).map(|(_, outcome)| *outcome);
        let outcome = outcome.unwrap_or(ProbeOutcome::Success);
        let Some(random) = part.script.random.as_deref().and_then(|random| random.probes.of(kind)) else {
            return (outcome, Duration::ZERO);
        };
        playing.answer(random, kind, elapsed, outcome)
    }
}

impl Playing {
    fn draw(self, chance: Chance) -> Draw {
        Draw::new(self.seed, chance, of(self.container), self.run.into())
    }

    /// What becomes of what a probe finds so long after the start of the run, and how long its answer takes.
    pub(super) fn answer(
        self,
        random: &RandomProbe,
        kind: ProbeKind,
        elapsed: Duration,
        outcome: ProbeOutcome,
    ) -> (ProbeOutcome, Duration) {
        let of_probe = Playing { seed: self.seed ^ (kind as u64).wrapping_mul(0xa076_1d64_78bd_642f), ..self };
        let nth = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let latency = random.latency_seconds.map(|latency| latency.sample(of_probe.nth(Chance::Latency, nth)));
        (random.spoil(outcome, of_probe.nth(Chance::Probe, nth)), latency.unwrap_or(Duration::ZERO))
    }

    /// One of many draws in a run.
    fn nth(self, chance: Chance, n: u64) -> Draw {
        let of_run = of(self.container) ^ u64::from(self.run).wrapping_shl(32);
        Draw::new(self.seed, chance, of_run, n)
    }
}

fn of(container: ContainerIndex) -> u64 {
    u64::try_from(container.get()).unwrap_or(u64::MAX)
}

/// The n-th start uses the n-th entry, and the last repeats.
fn place(entries: usize, n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX).min(entries.saturating_sub(1))
}

fn lowered(probes: &ProbeScript) -> [Vec<(Duration, ProbeOutcome)>; 3] {
    let mut kinds = [const { Vec::new() }; 3];
    for kind in [ProbeKind::Startup, ProbeKind::Readiness, ProbeKind::Liveness] {
        let steps = probes.of(kind);
        if let Some(of_kind) = kinds.get_mut(kind as usize) {
            *of_kind = steps.iter().map(|step| (seconds(step.from), step.result)).collect();
        }
    }
    kinds
}
