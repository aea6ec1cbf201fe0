//! Command line of `podlife play`.

use std::{str::FromStr, time::Duration};

use clap::{Args, Command, ValueEnum, error::ErrorKind};
use pod_lifecycle::{config::KubernetesVersion, sim::parse_time};

/// Plays the life of a Pod in virtual time, as the kubelet would manage it, and prints it.
///
/// FILE is a scenario (a manifest and a script of what its containers do; there are some in examples/scenarios), or a
/// manifest: a Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob, a List, or several documents. Without a
/// script, containers start at once, run for ever and are healthy; init containers exit with code 0 after a second. The
/// options below "What happens" change that.
#[derive(Debug, Args)]
#[command(
    after_help = "A time is a number of seconds or a duration: 90, 90s, 1m30s. CONTAINER=... may be repeated or separated by \
                        commas, `*` is every other container, and the name may be left out for the only one.\n\n\
                        Exit codes: 0 played, 1 cannot write, 2 bad input or usage."
)]
pub(crate) struct Arguments {
    /// Scenario or manifest, in YAML or JSON; `-` is standard input.
    #[arg(value_name = "FILE", required_unless_present = "pod", conflicts_with = "pod")]
    pub(crate) file: Option<String>,
    /// The same as FILE.
    #[arg(long, value_name = "FILE", hide = true)]
    pub(crate) pod: Option<String>,
    /// Which of several Pods and workloads: `web`, or `deploy/web` if several kinds have that name.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Namespace of the Pod or workload; those of other namespaces are left out.
    #[arg(short, long)]
    pub(crate) namespace: Option<String>,
    /// Refuse unknown fields, instead of warning of them.
    #[arg(long)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) story: Story,
    #[command(flatten)]
    pub(crate) printed: Printed,
    /// End of the simulation, unless the Pod is finished before: `90s`, `20m`, `1h30m`. By default the scenario's, or 10 min
    /// and as much longer as the options need.
    #[arg(long, value_name = "DURATION", value_parser = until, help_heading = "Node and time")]
    pub(crate) until: Option<Duration>,
    /// Version of Kubernetes, such as 1.34; 1.36 if neither this nor the scenario says. From 1.32 to 1.38.
    #[arg(long, value_name = "VERSION", help_heading = "Node and time")]
    pub(crate) kubernetes: Option<KubernetesVersion>,
    /// How the kubelet sees its containers. Default: the scenario's, or `ideal`, so that times are exact and have one cause
    /// each; `real` adds what a cluster's kubelet adds.
    #[arg(long, value_enum, value_name = "NODE", help_heading = "Node and time")]
    pub(crate) node: Option<NodeKind>,
}

/// What happens in a life, beyond the scenario.
#[derive(Debug, Args)]
#[command(next_help_heading = "What happens")]
pub(crate) struct Story {
    /// Ends a container's runs: `app=5:1` (after 5 s, with code 1), `app=60:oom`, `app=-` (never); `app=5:1/-` is another
    /// end for each run.
    #[arg(long, value_name = "CONTAINER=TIME:CODE")]
    pub(crate) exit: Vec<String>,
    /// The kernel's OOM killer ends each run: `app=60`.
    #[arg(long, value_name = "CONTAINER=TIME")]
    pub(crate) oom: Vec<String>,
    /// Its readiness probe succeeds from this time after its start on: `app=20`, `app=never`.
    #[arg(long, value_name = "CONTAINER=TIME")]
    pub(crate) ready_after: Vec<String>,
    /// Its startup probe succeeds from this time after its start on.
    #[arg(long, value_name = "CONTAINER=TIME")]
    pub(crate) started_after: Vec<String>,
    /// Its liveness probe fails from this time after its start on.
    #[arg(long, value_name = "CONTAINER=TIME")]
    pub(crate) live_until: Vec<String>,
    /// How it ends when it is asked to: `app=40:0` exits 40 s after SIGTERM with code 0.
    #[arg(long, value_name = "CONTAINER=TIME:CODE")]
    pub(crate) stop: Vec<String>,
    /// Every pull of its image fails: `app`, or `app=MESSAGE` with the registry's words.
    #[arg(long, value_name = "CONTAINER[=MESSAGE]")]
    pub(crate) pull_fails: Vec<String>,
    /// The mount of a volume fails for so long: `data=2m`, or `data=never` for ever.
    #[arg(long, value_name = "VOLUME=TIME")]
    pub(crate) mount_fails: Vec<String>,
    /// Resizes a container: `1m=app:cpu=500m/1,memory=1Gi`, each resource with its request and, after a slash, its limit. The
    /// node has 64 CPUs and 256Gi, unless the scenario has a node.
    #[arg(long, value_name = "TIME=CONTAINER:RESOURCES")]
    pub(crate) resize_at: Vec<String>,
    /// Deletes the Pod.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) delete_at: Vec<Duration>,
    /// Evicts the Pod, because its node runs out of memory.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) evict_at: Vec<Duration>,
    /// Shuts its node down.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) shutdown_at: Vec<Duration>,
    /// Restarts its kubelet.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) restart_kubelet_at: Vec<Duration>,
    /// Stops its kubelet for a while: `1m+30s` is from 1 min on, for 30 s.
    #[arg(long, value_name = "TIME+TIME", value_parser = span)]
    pub(crate) kubelet_away: Vec<(Duration, Duration)>,
}

/// What is printed, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Printed {
    /// Output: text (the default), json, yaml, svg, mermaid or lanes; `svg=life.svg` or just `life.svg` writes a file. May be
    /// repeated.
    #[arg(long, short, value_name = "FORMAT[=FILE]")]
    pub(crate) output: Vec<Output>,
    /// Print everything: each event, condition and step, with uids.
    #[arg(long)]
    pub(crate) all: bool,
    /// Print what `kubectl get pods --watch` would print instead of the steps.
    #[arg(long, short, conflicts_with_all = ["mermaid", "lanes"])]
    pub(crate) watch: bool,
    /// Print what `kubectl describe pod` would print at the end.
    #[arg(long)]
    pub(crate) describe: bool,
    /// Explain the Pod at each change: its state, the reason, and what is scheduled next.
    #[arg(long)]
    pub(crate) explain: bool,
    /// Print first how long the Pod may take to become ready, to be noticed if it hangs, and to stop, and what in its manifest
    /// deserves a look.
    #[arg(long)]
    pub(crate) budget: bool,
    /// Draw the life into an SVG file as well.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<String>,
    /// The same as `--output mermaid`.
    #[arg(long, conflicts_with = "lanes")]
    pub(crate) mermaid: bool,
    /// The same as `--output lanes`: a lane of letters for each container, as wide as the terminal.
    #[arg(long)]
    pub(crate) lanes: bool,
}

/// How the kubelet sees its containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum NodeKind {
    /// It sees every change at once.
    Ideal,
    /// It asks its runtime once a second, as in a cluster.
    Real,
}

/// A format, and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) format: Format,
    /// `-` is standard output.
    pub(crate) file: String,
}

/// Output formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For both.
    Yaml,
    /// A picture.
    Svg,
    /// A Gantt chart for Mermaid.
    Mermaid,
    /// A picture in letters.
    Lanes,
}

const FORMATS: [(&str, Format); 6] = [
    ("text", Format::Text),
    ("json", Format::Json),
    ("yaml", Format::Yaml),
    ("svg", Format::Svg),
    ("mermaid", Format::Mermaid),
    ("lanes", Format::Lanes),
];

const EXTENSIONS: [(&str, Format); 6] = [
    (".txt", Format::Text),
    (".json", Format::Json),
    (".yaml", Format::Yaml),
    (".yml", Format::Yaml),
    (".svg", Format::Svg),
    (".mmd", Format::Mermaid),
];

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Output, String> {
        let (name, file) = text.split_once('=').unwrap_or((text, "-"));
        let by_name = FORMATS.iter().find(|(known, _)| *known == name);
        let by_extension = EXTENSIONS.iter().find(|(extension, _)| text.ends_with(extension));
        match (by_name, by_extension) {
            (Some((_, format)), _) => Ok(Output { format: *format, file: file.into() }),
            (None, Some((_, format))) => Ok(Output { format: *format, file: text.into() }),
            (None, None) => {
                let names = FORMATS.map(|(name, _)| name).join(", ");
                Err(format!("expected one of {names}, or a file such as life.svg"))
            }
        }
    }
}

const EXPECTED: &str = "expected a duration as Go writes it, such as 90s, 20m or 1h30m";

/// The longest simulation: ten years.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Reads the end of a simulation.
fn until(text: &str) -> Result<Duration, String> {
    // A bare number might be meant as minutes.
    if text != "0" && !text.ends_with(char::is_alphabetic) {
        return Err(EXPECTED.into());
    }
    match parse_time(text) {
        Some(duration) if duration <= LONGEST => Ok(duration),
        Some(_) => Err("expected at most ten years (87600h)".into()),
        None => Err(EXPECTED.into()),
    }
}

pub(crate) fn time(text: &str) -> Result<Duration, String> {
    parse_time(text).ok_or_else(|| "expected a time, such as 90, 90s or 1m30s".into())
}

fn span(text: &str) -> Result<(Duration, Duration), String> {
    let (from, length) = text.split_once('+').ok_or("expected two times, such as 1m+30s")?;
    Ok((time(from)?, time(length)?))
}

impl Arguments {
    /// The file that is read; `-` is standard input.
    pub(crate) fn file(&self) -> &str {
        self.pod.as_deref().or(self.file.as_deref()).unwrap_or("-")
    }

    /// Returns what is to be printed, in order; ends the program if the arguments contradict each other.
    pub(crate) fn outputs(&self) -> Vec<Output> {
        let printed = &self.printed;
        let to = |format, file: &str| Output { format, file: file.into() };
        let mut outputs = printed.output.clone();
        let as_text = printed.watch || printed.describe;
        if as_text && !outputs.is_empty() && outputs.iter().all(|output| output.format != Format::Text)
            || (printed.mermaid || printed.lanes) && !outputs.is_empty()
        {
            let message = "--watch, --describe, --mermaid and --lanes print text: expected no other --output";
            let mut command = Arguments::augment_args(Command::new("podlife play"));
            command.error(ErrorKind::ArgumentConflict, message).exit();
        }
        if printed.mermaid {
            outputs.push(to(Format::Mermaid, "-"));
        }
        if printed.lanes {
            outputs.push(to(Format::Lanes, "-"));
        }
        if outputs.is_empty() {
            outputs.push(to(Format::Text, "-"));
        }
        outputs.extend(printed.svg.as_deref().map(|file| to(Format::Svg, file)));
        outputs
    }
}
