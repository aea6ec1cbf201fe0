//! Instructions to containers in one line, as the annotations of `fake-node` and the options of `podlife` have them.
//!
//! Each is a list `CONTAINER=WORD,…`; `*` stands for every container that is not named. A time is a number of seconds, or a
//! duration as Go writes it: `90`, `90s`, `1m30s`.

use alloc::{collections::BTreeMap, format, string::String, vec, vec::Vec};
use core::time::Duration;

use super::{
    duration::{IntoDuration as _, is_time},
    script::{ContainerScript, INIT_TIME, ProbeStep, Run, Script},
};
use crate::{
    rule::probe::ProbeOutcome,
    spec::{ContainerKind, ContainerSpec, PodSpec, ProbeKind},
};

crate::api::named! {
    /// Kind of instruction to containers.
    ///
    /// ```
    /// use pod_lifecycle::{sim::{InstructionKind, Scenario, Script}, spec::PodSpec};
    ///
    /// let spec = PodSpec::from_manifest(Scenario::example().pod)?;
    /// let mut script = Script::default();
    /// script.instruct(InstructionKind::Exit, "app=5:1/-", &spec)?;
    /// let runs = &script.containers["app"].runs;
    /// assert_eq!((runs[0].exit_code, runs[1].exits_after), (1, None), "it fails once");
    ///
    /// let error = script.instruct(InstructionKind::Exit, "ap=5:1", &spec).unwrap_err();
    /// assert_eq!(error.to_string(), r#"the Pod has no container "ap""#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[non_exhaustive]
    pub enum InstructionKind {
        /// `TIME:CODE`, `TIME:oom` (the OOM killer) or `-` (never): the end of a run; several, separated by `/`, for the first,
        /// second, … run, the last for all others.
        Exit = "exit",
        /// `TIME:CODE`: time from SIGTERM to the exit.
        Stop = "stop",
        /// A time or `never`: from the start until the readiness probe succeeds.
        ReadyAfter = "ready-after",
        /// A time or `never`: from the start until the startup probe succeeds.
        StartedAfter = "started-after",
        /// A time or `never`: from the start until the liveness probe fails.
        LiveUntil = "live-until",
        /// A message of the registry: every pull fails with it.
        Pull = "pull",
    }
}

/// Error of an instruction that is not understood, or impossible for its container.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InstructionError(String);

impl InstructionError {
    /// Returns the error with the name of the option or annotation before it.
    #[must_use]
    pub fn of(self, option: &str) -> InstructionError {
        InstructionError(format!("{option}: {self}"))
    }
}

impl Script {
    /// Applies an instruction to each container of a Pod that its list names, or that `*` stands for.
    ///
    /// # Errors
    ///
    /// [`InstructionError`] names the item of the list, or the container. The script may be changed in part.
    pub fn instruct(&mut self, kind: InstructionKind, list: &str, spec: &PodSpec) -> Result<(), InstructionError> {
        self.instruct_all(kind, list, spec).map_err(InstructionError)
    }

    fn instruct_all(&mut self, kind: InstructionKind, list: &str, spec: &PodSpec) -> Result<(), String> {
        let words = items(kind, list)?;
        let known: BTreeMap<&str, &ContainerSpec> = spec.containers().map(|(_, it)| (it.name(), it)).collect();
        for (name, word) in words.iter().filter(|(name, _)| *name != "*") {
            let container = known.get(name).ok_or_else(|| format!("the Pod has no container {name:?}"))?;
            word.check(container)?;
            word.apply(self.script_of(container));
        }
        let Some((_, word)) = words.iter().find(|(name, _)| *name == "*") else { return Ok(()) };
        for (name, container) in known {
            let is_named = words.iter().any(|(other, _)| *other == name);
            if !is_named && word.check(container).is_ok() {
                word.apply(self.script_of(container));
            }
        }
        Ok(())
    }

    /// Returns the script of a container, with at least one run.
    fn script_of(&mut self, container: &ContainerSpec) -> &mut ContainerScript {
        let script = self.containers.entry(container.name().into()).or_default();
        if script.runs.is_empty() {
            // Written down, what the container would do without a script.
            let exits_after = (container.kind() == ContainerKind::Init).then_some(INIT_TIME);
            script.runs.push(Run { exits_after, ..Run::default() });
        }
        script
    }
}

/// Parses a time: a number of seconds, or a duration as Go writes it.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::sim::parse_time;
///
/// assert_eq!(parse_time("90"), Some(Duration::from_secs(90)));
/// assert_eq!(parse_time("1m30.5s"), Some(Duration::from_millis(90_500)));
/// assert_eq!(parse_time("-1s"), None);
/// ```
#[must_use]
pub fn parse_time(text: &str) -> Option<Duration> {
    let seconds = match text.parse() {
        Ok(seconds) => seconds,
        Err(_) if text.is_empty() => return None,
        Err(_) => {
            let (mut rest, mut total) = (text, 0.0);
            while !rest.is_empty() {
                let (seconds, after) = part(rest)?;
                total += seconds;
                rest = after;
            }
            total
        }
    };
    Some(f64::into_duration(seconds)).filter(|time| is_time(*time))
}

/// The units of a duration, as Go writes them, in seconds; a longer name comes before one that it ends with.
const UNITS: [(&str, f64); 7] =
    [("ms", 1e-3), ("us", 1e-6), ("µs", 1e-6), ("ns", 1e-9), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];

/// Returns the seconds of the first number with its unit, and what follows.
fn part(text: &str) -> Option<(f64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, rest) = text.split_at_checked(digits)?;
    let number: f64 = number.parse().ok()?;
    UNITS.iter().find_map(|(unit, seconds)| Some((number * seconds, rest.strip_prefix(unit)?)))
}

/// Word of a list: an instruction to one container.
enum Word {
    Exits(Vec<Option<(Duration, Exit)>>),
    Stop(Duration, i32),
    Probe(ProbeKind, Option<Duration>),
    Pull(String),
}

/// End of a run by itself.
#[derive(Clone, Copy)]
enum Exit {
    Code(i32),
    OomKilled,
}

impl Word {
    fn parse(kind: InstructionKind, word: &str) -> Result<Word, &'static str> {
        let probe = |probe| when(word).map(|at| Word::Probe(probe, at)).ok_or("seconds or never");
        match kind {
            InstructionKind::Exit => {
                let runs: Option<Vec<_>> = word.split('/').map(exit).collect();
                runs.map(Word::Exits).ok_or("SECONDS:CODE, SECONDS:oom or -, with / between runs")
            }
            InstructionKind::Stop => ending(word).map(|(after, code)| Word::Stop(after, code)).ok_or("SECONDS:CODE"),
            InstructionKind::ReadyAfter => probe(ProbeKind::Readiness),
            InstructionKind::StartedAfter => probe(ProbeKind::Startup),
            InstructionKind::LiveUntil => probe(ProbeKind::Liveness),
            InstructionKind::Pull if word.is_empty() => Err("the message of the registry"),
            InstructionKind::Pull => Ok(Word::Pull(word.into())),
        }
    }

    /// Checks that the container can follow it.
    fn check(&self, container: &ContainerSpec) -> Result<(), String> {
        let Word::Probe(kind, _) = self else { return Ok(()) };
        let field = match kind {
            ProbeKind::Readiness => "readinessProbe",
            ProbeKind::Startup => "startupProbe",
            ProbeKind::Liveness => "livenessProbe",
        };
        match container.probe(*kind) {
            Some(_) => Ok(()),
            None => Err(format!("container {:?} has no {field}", container.name())),
        }
    }

    /// Applies it to a script that has at least one run. What was left to chance is replaced.
    fn apply(&self, script: &mut ContainerScript) {
        match self {
            Word::Exits(exits) => {
                let like = script.runs.first().cloned().unwrap_or_default();
                if let Some(random) = &mut script.random {
                    random.exits_after = None;
                    random.exit_codes.clear();
                }
                script.runs = exits.iter().map(|exit| ending_with(like.clone(), *exit)).collect();
            }
            Word::Stop(after, code) => {
                if let Some(random) = &mut script.random {
                    random.sigterm_exit_after = None;
                }
                for run in &mut script.runs {
                    run.ignores_sigterm = false;
                    (run.sigterm_exit_after, run.sigterm_exit_code) = (*after, Some(*code));
                }
            }
            Word::Probe(kind, at) => {
                let (first, then) = match kind {
                    ProbeKind::Readiness | ProbeKind::Startup => (ProbeOutcome::Failure, ProbeOutcome::Success),
                    ProbeKind::Liveness => (ProbeOutcome::Success, ProbeOutcome::Failure),
                };
                let mut steps = vec![ProbeStep::new(Duration::ZERO, first)];
                match at {
                    // Two steps at one time would be an error.
                    Some(Duration::ZERO) => steps = vec![ProbeStep::new(Duration::ZERO, then)],
                    Some(at) => steps.push(ProbeStep::new(*at, then)),
                    None => {}
                }
                for run in &mut script.runs {
                    run.probes.of_mut(*kind).clone_from(&steps);
                }
            }
            Word::Pull(message) => {
                script.image.present = false;
                script.image.failures_before_success = u32::MAX;
                script.image.error = Some(message.clone());
            }
        }
    }
}

fn ending_with(mut run: Run, exit: Option<(Duration, Exit)>) -> Run {
    run.exits_after = exit.map(|(after, _)| after);
    (run.exit_code, run.oom_killed) = match exit {
        None => (0, false),
        Some((_, Exit::Code(code))) => (code, false),
        // 128 + SIGKILL (9).
        Some((_, Exit::OomKilled)) => (137, true),
    };
    run
}

/// Splits a list; an item without `=` belongs to the word before it.
fn items(kind: InstructionKind, list: &str) -> Result<Vec<(&str, Word)>, String> {
    let mut items: Vec<(&str, String)> = Vec::new();
    for item in list.split(',') {
        match (item.split_once('='), items.last_mut()) {
            (Some((name, word)), _) => items.push((name.trim(), word.trim().into())),
            (None, Some((_, before))) => *before = format!("{before},{item}"),
            (None, None) => return Err(format!("{item:?} is not CONTAINER=WORD")),
        }
    }
    let read = |(name, word): (_, String)| match Word::parse(kind, &word) {
        Ok(read) => Ok((name, read)),
        Err(wanted) => Err(format!("{name}={word:?}: wanted {wanted}")),
    };
    items.into_iter().map(read).collect()
}

/// `TIME:CODE`, `TIME:oom` or `-`.
fn exit(word: &str) -> Option<Option<(Duration, Exit)>> {
    match word.strip_suffix(":oom") {
        _ if word == "-" => Some(None),
        Some(after) => Some(Some((parse_time(after)?, Exit::OomKilled))),
        None => ending(word).map(|(after, code)| Some((after, Exit::Code(code)))),
    }
}

/// `TIME:CODE`
fn ending(word: &str) -> Option<(Duration, i32)> {
    let (after, code) = word.split_once(':')?;
    Some((parse_time(after)?, code.parse::<u8>().ok()?.into()))
}

/// `TIME` or `never`
fn when(word: &str) -> Option<Option<Duration>> {
    if word == "never" { Some(None) } else { parse_time(word).map(Some) }
}
