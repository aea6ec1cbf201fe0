//! Random lives under hostile events: late, repeated, of unknown containers, and contradictory.
//!
//! In every other life the runtime is honest: it answers each action once, and contradicts nothing. Only such a life can be
//! judged by the sentences of the documentation (`--as-documented`, `--only-bug`).
//!
//! `scripts/adversary --lives 1000000`. It uses only the public API and a generator of its own.
//! Each life that breaks an invariant is printed with the seed that reproduces it.

#![allow(clippy::disallowed_methods, reason = "it prints the time it takes")]
#![allow(clippy::indexing_slicing, reason = "a JSON object has every field that is set")]

mod dice;
mod hostile;
mod pods;

use std::{
    io::{self, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Parser;
use pod_lifecycle::{
    Output, PodMachine, Timestamp,
    config::{KnownBug, KubeletConfig, Kubernetes, KubernetesVersion},
    event::Event,
    testkit::invariants::{InvariantChecker, MetamorphicChecks, a_pod_that_is_left_alone_gets_on},
};

use dice::Dice;
use hostile::FakeRuntime;

/// Drives Pods with hostile events.
#[derive(Parser)]
struct Arguments {
    /// Number of lives.
    #[arg(long, default_value_t = 10_000)]
    lives: u64,
    /// The seed of the first life; the next has the next.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The most moves in a life.
    #[arg(long, default_value_t = 120)]
    moves: u64,
    /// Metamorphic checks run after one of so many steps; each costs about as much as the step.
    #[arg(long, default_value_t = 1)]
    trials_each: u64,
    /// Kubelets without known bugs, which have to keep every sentence of the documentation.
    #[arg(long, conflicts_with = "only_bug")]
    as_documented: bool,
    /// Kubelets with this known bug alone, judged by the documentation: the lives in which the bug shows are findings.
    #[arg(long)]
    only_bug: Option<KnownBug>,
    /// Kubernetes version of the kubelets; 1.36 if left out, or the newest with the bug.
    #[arg(long)]
    kubernetes: Option<KubernetesVersion>,
    /// Stop after so many findings.
    #[arg(long, default_value_t = u64::MAX)]
    findings: u64,
    /// Print each step of the lives as well.
    #[arg(long, alias = "tell")]
    verbose: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let Arguments { lives, seed, .. } = arguments;
    let (start, mut printed_at) = (Instant::now(), Instant::now());
    let (mut handled, mut refused, mut findings) = (0_u64, 0_u64, 0_u64);
    for nth in 0..lives {
        if findings >= arguments.findings {
            break;
        }
        let seed = seed.wrapping_add(nth);
        match catch_unwind(AssertUnwindSafe(|| live(seed, &arguments))) {
            Ok(Ok(tally)) => {
                (handled, refused) = (handled.saturating_add(tally.handled), refused.saturating_add(tally.refused))
            }
            Ok(Err(broken)) => {
                findings = findings.saturating_add(1);
                say(&format!("seed {seed}: {broken}"));
            }
            Err(_) => {
                findings = findings.saturating_add(1);
                say(&format!("seed {seed}: panicked"));
            }
        }
        if printed_at.elapsed() > Duration::from_secs(10) {
            printed_at = Instant::now();
            say(&format!("{nth} lives, {handled} events, {findings} findings"));
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    say(&format!(
        "{lives} lives, {handled} events of which {refused} were refused, {findings} findings, {seconds:.0} s"
    ));
    if findings == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn say(line: &str) {
    // A closed pipe is no error.
    let _ = writeln!(io::stdout(), "{line}");
}

/// Counts of a life.
#[derive(Clone, Copy, Debug, Default)]
struct Counters {
    handled: u64,
    refused: u64,
}

/// Runs one life.
fn live(seed: u64, arguments: &Arguments) -> Result<Counters, String> {
    let mut dice = Dice::new(seed);
    let is_honest = dice.once_in(2);
    let checks_documentation = is_honest && (arguments.as_documented || arguments.only_bug.is_some());
    let drawn = pods::pod(&mut dice, arguments.kubernetes()).map_err(|error| error.to_string())?;
    let pods::RandomPod { spec, mut config, mut resizes } = drawn;
    if checks_documentation {
        // The sentences are about what the kubelet knows; a write that takes time shows it later.
        config = Arc::new(KubeletConfig::clone(&config).with_status_write_time(Some(Duration::ZERO)));
    }
    let mut now = Timestamp::from_unix_seconds(1_772_366_400);
    let mut out: Vec<Output> = Vec::new();
    let mut pod = PodMachine::new(spec, config, now, &mut out);
    let mut watch = if checks_documentation {
        InvariantChecker::with_documentation(&pod, now, &out)?
    } else {
        InvariantChecker::without_documentation(&pod, now, &out)?
    };
    let mut runtime = FakeRuntime::default();
    runtime.note(&out);
    let mut tally = Counters::default();
    let print = |out: &[Output]| {
        if arguments.verbose && !out.is_empty() {
            say(&format!("  {out:?}"));
        }
    };
    for _ in 0..dice.below(arguments.moves).saturating_add(1) {
        watch.set_metamorphic_checks(if dice.once_in(arguments.trials_each) {
            MetamorphicChecks::AfterEach
        } else {
            MetamorphicChecks::Never
        });
        let event = match dice.below(100) {
            0..=14 => {
                now = later(&mut dice, &pod, now);
                let out = watch.handle_timeout(&mut pod, now)?;
                print(&out);
                runtime.note(&out);
                continue;
            }
            15..=24 if !is_honest => runtime.repeat(&mut dice),
            25..=34 if !is_honest => Some(Event::Runtime(hostile::foreign(&mut dice))),
            35..=39 if !is_honest => Some(Event::Runtime(hostile::relist(&mut dice, &pod))),
            40..=43 => Some(hostile::of_api_or_node(&mut dice, &pod, &mut resizes, now)),
            44 if is_honest => hostile::death_of_sandbox(&pod).map(Event::Runtime),
            44..=54 => hostile::exit(&mut dice, &pod).map(Event::Runtime),
            _ if is_honest => runtime.answer_honestly(&mut dice, pod.runtime()).map(Event::Runtime),
            _ => runtime.answer(&mut dice).map(Event::Runtime),
        };
        let Some(event) = event else { continue };
        if arguments.verbose {
            say(&format!("{now:?} {} {event:?}", pod.worker_state()));
        }
        let (result, out) = watch.handle_event(&mut pod, now, event.clone())?;
        print(&out);
        runtime.record(event);
        runtime.note(&out);
        tally.handled = tally.handled.saturating_add(1);
        tally.refused = tally.refused.saturating_add(u64::from(result.is_err()));
        let out = watch.handle_timeout(&mut pod, now)?;
        print(&out);
        runtime.note(&out);
    }
    // Nothing was lost in an honest life, so the Pod can get on.
    if checks_documentation && dice.once_in(arguments.trials_each.saturating_mul(4)) {
        a_pod_that_is_left_alone_gets_on(pod, runtime.into_open(), now)?;
    }
    Ok(tally)
}

impl Arguments {
    /// Returns the kubelet of every life.
    fn kubernetes(&self) -> Kubernetes {
        let newest_with = |bug: KnownBug| bug.versions().1;
        let version = self.kubernetes.or(self.only_bug.map(newest_with)).unwrap_or_default();
        let kubernetes = Kubernetes::new(version);
        match self.only_bug {
            Some(bug) => kubernetes.with_only_bug(bug),
            None if self.as_documented => kubernetes.as_documented(),
            None => kubernetes,
        }
    }
}

/// Returns mostly the next timeout, sometimes a time before it, seldom years later, and seldom in the past.
fn later(dice: &mut Dice, pod: &PodMachine, now: Timestamp) -> Timestamp {
    match dice.below(40) {
        0 => now - Duration::from_secs(dice.below(100)),
        1 => now + Duration::from_secs(dice.below(100_000_000)),
        2..=9 => now + Duration::from_millis(dice.below(30_000)),
        _ => pod.poll_timeout().map_or(now, |at| at.max(now)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lives that have once broken a sentence of the documentation on a kubelet without known bugs.
    #[test]
    fn lives_that_have_broken_the_documentation_keep_it_now() {
        let arguments = Arguments::parse_from(["adversary", "--trials-each", "20", "--as-documented"]);
        // A readiness probe of before a restart of the kubelet is answered before the container has started again.
        live(89_265, &arguments).unwrap();
    }
}
