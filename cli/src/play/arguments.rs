//! Command line of `podlife play`.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, Command, ValueEnum, error::ErrorKind};
use pod_lifecycle::config::KubernetesVersion;

/// Plays the life of a Pod in virtual time, as the kubelet would manage it, and prints it.
///
/// A scenario holds a Pod's manifest as a user writes it, and a script of what its containers do. There are some in
/// examples/scenarios.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The scenario, in YAML or JSON; `-` reads it from standard input.
    #[arg(value_name = "SCENARIO", required_unless_present = "pod")]
    pub(crate) scenario: Option<PathBuf>,
    /// A bare manifest instead of a scenario: its containers start at once, run for ever and are healthy. `-` reads it from
    /// standard input. A Deployment, StatefulSet, DaemonSet, Job or CronJob is played as one of its Pods, and there may
    /// be several documents.
    #[arg(long, value_name = "POD", conflicts_with = "scenario")]
    pub(crate) pod: Option<PathBuf>,
    /// Which of several Pods and workloads: `web`, or `deployment/web` where two have that name.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// End of the simulation, unless the Pod is finished before: `90s`, `20m`, `1h30m`.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) until: Option<Duration>,
    /// Version of the kubelet, such as 1.34; 1.36 if neither this nor the scenario says. From 1.32 to 1.38.
    #[arg(long, value_name = "VERSION")]
    pub(crate) kubernetes: Option<KubernetesVersion>,
    /// Output format.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    pub(crate) output: Output,
    /// Print what `kubectl get pods --watch` would print instead of the steps.
    #[arg(long)]
    pub(crate) watch: bool,
    /// Print what `kubectl describe pod` would print at the end.
    #[arg(long)]
    pub(crate) describe: bool,
    /// Explain the Pod at each change: its state, the reason, and what is scheduled next.
    #[arg(long)]
    pub(crate) explain: bool,
    /// Draw the life into an SVG file as well, with one lane per container.
    #[arg(long, value_name = "OUT.svg")]
    pub(crate) svg: Option<PathBuf>,
    /// Print the life as a Mermaid gantt instead of the steps.
    #[arg(long, conflicts_with_all = ["watch", "lanes"])]
    pub(crate) mermaid: bool,
    /// Print the life as one lane of letters per container, 80 columns wide, instead of the steps.
    #[arg(long, conflicts_with = "watch")]
    pub(crate) lanes: bool,
    /// Print first how long the Pod may take to become ready, to be noticed if it hangs, and to stop, and what in its manifest is
    /// almost always a mistake.
    #[arg(long)]
    pub(crate) budget: bool,
}

/// Output formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For both.
    Yaml,
}

/// The units of a duration, as Go writes them, in nanoseconds; a longer name comes before one that it ends with.
const UNITS: [(&str, f64); 7] =
    [("ms", 1e6), ("us", 1e3), ("µs", 1e3), ("ns", 1.0), ("s", 1e9), ("m", 60e9), ("h", 3600e9)];

/// The longest simulation: ten years.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

const EXPECTED: &str = "expected a duration as Go writes it, such as 90s, 20m or 1h30m";

/// Reads a duration as Go writes it: numbers, each with its unit.
fn duration(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let (nanos, after) = part(rest).ok_or(EXPECTED)?;
        total += nanos;
        rest = after;
    }
    let duration = Duration::try_from_secs_f64(total / 1e9).ok().filter(|duration| *duration <= LONGEST);
    match duration {
        _ if text.is_empty() => Err(EXPECTED.into()),
        Some(duration) => Ok(duration),
        None => Err("expected at most ten years (87600h)".into()),
    }
}

/// The nanoseconds of the first number with its unit, and what follows.
fn part(text: &str) -> Option<(f64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, rest) = text.split_at_checked(digits)?;
    let number: f64 = number.parse().ok()?;
    UNITS.iter().find_map(|(unit, nanos)| Some((number * nanos, rest.strip_prefix(unit)?)))
}

impl Arguments {
    /// Ends the program if the arguments contradict each other.
    pub(crate) fn check_conflicts(&self) {
        let asks_for_text = self.watch || self.describe || self.mermaid || self.lanes;
        if self.output != Output::Text && asks_for_text {
            let message = "--watch, --describe, --mermaid and --lanes print text: expected --output text";
            let mut command = Arguments::augment_args(Command::new("podlife play"));
            command.error(ErrorKind::ArgumentConflict, message).exit();
        }
    }

    /// What messages call the file that is read.
    pub(crate) fn file(&self) -> String {
        let path = self.path();
        if is_standard_input(&path) { "standard input".into() } else { path.display().to_string() }
    }

    /// The file that is read.
    pub(crate) fn path(&self) -> PathBuf {
        self.pod.as_ref().or(self.scenario.as_ref()).cloned().unwrap_or_default()
    }
}

/// True if a path stands for standard input.
pub(crate) fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}
