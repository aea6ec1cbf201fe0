//! Instructions of annotations to one container.

use std::{str::FromStr, time::Duration};

use pod_lifecycle::{
    rule::probe::ProbeOutcome,
    sim::{ContainerScript, IntoDuration as _, ProbeStep},
    spec::{ContainerSpec, ProbeKind},
};

/// Longest time in an annotation: a hundred years.
const MAX_SECONDS: f64 = 3_155_760_000.0;

/// Instruction to a container.
pub(super) trait Instruction {
    /// Checks that the container can follow it.
    fn check(&self, container: &ContainerSpec) -> Result<(), String> {
        let _ = container;
        Ok(())
    }

    /// Applies it to a script that has at least one run.
    fn instruct(&self, script: &mut ContainerScript);
}

/// `fake/exit`: end of each run.
pub(super) struct Exits(Vec<Option<(Seconds, Exit)>>);

/// End of a run by itself.
#[derive(Clone, Copy)]
enum Exit {
    /// With an exit code.
    Code(i32),
    /// Killed by the kernel's OOM killer: 137, `OOMKilled`.
    OomKilled,
}

/// `fake/stop`: time from SIGTERM to the end of each run, and its exit code.
pub(super) struct Stop(Seconds, i32);

/// `fake/pull`: message with which every pull fails.
pub(super) struct Pull(String);

/// `fake/ready-after`, `fake/started-after`, `fake/live-until`: when a probe's outcome changes; `None`: never.
pub(super) struct When<const PROBE: u8>(Option<Seconds>);

/// `fake/ready-after`
pub(super) const READY: u8 = 0;
/// `fake/started-after`
pub(super) const STARTED: u8 = 1;
/// `fake/live-until`
pub(super) const LIVE: u8 = 2;

/// Parses seconds.
#[derive(Clone, Copy)]
pub(super) struct Seconds(pub(super) f64);

impl Instruction for Exits {
    fn instruct(&self, script: &mut ContainerScript) {
        let Some(like) = script.runs.first().cloned() else { return };
        if let Some(random) = &mut script.random {
            random.exits_after = None;
            random.exit_codes.clear();
        }
        let run = |exit: &Option<(Seconds, Exit)>| {
            let mut run = like.clone();
            run.exits_after = exit.map(|(Seconds(after), _)| after.into_duration());
            (run.exit_code, run.oom_killed) = match exit {
                None => (0, false),
                Some((_, Exit::Code(code))) => (*code, false),
                Some((_, Exit::OomKilled)) => (137, true),
            };
            run
        };
        script.runs = self.0.iter().map(run).collect();
    }
}

impl Instruction for Stop {
    fn instruct(&self, script: &mut ContainerScript) {
        if let Some(random) = &mut script.random {
            random.sigterm_exit_after = None;
        }
        for run in &mut script.runs {
            run.ignores_sigterm = false;
            run.sigterm_exit_after = self.0.0.into_duration();
            run.sigterm_exit_code = Some(self.1);
        }
    }
}

impl Instruction for Pull {
    fn instruct(&self, script: &mut ContainerScript) {
        script.image.present = false;
        script.image.failures_before_success = u32::MAX;
        script.image.error = Some(self.0.clone());
    }
}

impl<const PROBE: u8> When<PROBE> {
    const KIND: ProbeKind = match PROBE {
        READY => ProbeKind::Readiness,
        STARTED => ProbeKind::Startup,
        _ => ProbeKind::Liveness,
    };
}

impl<const PROBE: u8> Instruction for When<PROBE> {
    fn check(&self, container: &ContainerSpec) -> Result<(), String> {
        let field = match Self::KIND {
            ProbeKind::Readiness => "readinessProbe",
            ProbeKind::Startup => "startupProbe",
            ProbeKind::Liveness => "livenessProbe",
        };
        match container.probe(Self::KIND) {
            Some(_) => Ok(()),
            None => Err(format!("container {:?} has no {field}", container.name())),
        }
    }

    fn instruct(&self, script: &mut ContainerScript) {
        let (first, then) = match Self::KIND {
            ProbeKind::Readiness | ProbeKind::Startup => (ProbeOutcome::Failure, ProbeOutcome::Success),
            ProbeKind::Liveness => (ProbeOutcome::Success, ProbeOutcome::Failure),
        };
        let mut steps = vec![ProbeStep { from: Duration::ZERO, result: first }];
        steps.extend(self.0.map(|Seconds(from)| ProbeStep { from: from.into_duration(), result: then }));
        for run in &mut script.runs {
            match Self::KIND {
                ProbeKind::Readiness => run.probes.readiness.clone_from(&steps),
                ProbeKind::Startup => run.probes.startup.clone_from(&steps),
                ProbeKind::Liveness => run.probes.liveness.clone_from(&steps),
            }
        }
    }
}

impl FromStr for Exits {
    type Err = String;

    fn from_str(word: &str) -> Result<Exits, String> {
        let run = |word: &str| match word {
            "-" => Some(None),
            word => match word.strip_suffix(":oom") {
                Some(after) => Some(Some((after.parse().ok()?, Exit::OomKilled))),
                None => ending(word).map(|(after, code)| Some((after, Exit::Code(code)))),
            },
        };
        let runs: Option<Vec<_>> = word.split('/').map(run).collect();
        runs.map(Exits).ok_or_else(|| "SECONDS:CODE, SECONDS:oom or -, with / between runs".into())
    }
}

impl FromStr for Stop {
    type Err = String;

    fn from_str(word: &str) -> Result<Stop, String> {
        ending(word).map(|(after, code)| Stop(after, code)).ok_or_else(|| "SECONDS:CODE".into())
    }
}

impl FromStr for Pull {
    type Err = String;

    fn from_str(word: &str) -> Result<Pull, String> {
        if word.is_empty() { Err("the message of the registry".into()) } else { Ok(Pull(word.into())) }
    }
}

impl<const PROBE: u8> FromStr for When<PROBE> {
    type Err = String;

    fn from_str(word: &str) -> Result<When<PROBE>, String> {
        if word == "never" {
            return Ok(When(None));
        }
        word.parse().map(|after| When(Some(after))).map_err(|_| "seconds or never".into())
    }
}

impl FromStr for Seconds {
    type Err = String;

    fn from_str(word: &str) -> Result<Seconds, String> {
        let seconds = word.parse().ok().filter(|seconds| (0.0..=MAX_SECONDS).contains(seconds));
        seconds.map(Seconds).ok_or_else(|| "seconds".into())
    }
}

/// `SECONDS:CODE`
fn ending(word: &str) -> Option<(Seconds, i32)> {
    let (after, code) = word.split_once(':')?;
    Some((after.parse().ok()?, code.parse::<u8>().ok()?.into()))
}
