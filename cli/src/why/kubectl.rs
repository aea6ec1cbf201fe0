//! `kubectl why`: explains Pods of a cluster. It calls `kubectl` for the objects and the events, and so needs no client of its
//! own; where the cluster is, and as which user, is `kubectl`'s matter.

use std::{
    collections::BTreeMap,
    io::BufReader,
    process::{Child, Command, ExitCode, Stdio},
};

use clap::{Parser, builder::styling::AnsiColor};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{Shown, UNREADABLE, complain, finish, input::Input, report::Report};

/// Explains why Pods of a cluster are in their state, what happens next and when, and what would change it.
///
/// Pods and their events are read with `kubectl`. Several Pods are explained in a table of those in trouble and once for each
/// cause; a Deployment, StatefulSet, DaemonSet, ReplicaSet or Job is explained with its Pods.
#[derive(Debug, Parser)]
#[command(name = "kubectl-why", bin_name = "kubectl why", version, after_help = super::EXIT_CODES)]
pub struct Arguments {
    /// Pods or what makes them: `pod/web-0`, `web-0`, `deploy/web`; without any, all Pods of the namespace.
    #[arg(value_name = "POD")]
    resources: Vec<String>,
    /// Namespace of the objects.
    #[arg(long, short, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// Pods of all namespaces.
    #[arg(long, short = 'A', conflicts_with = "namespace")]
    all_namespaces: bool,
    /// Only objects with these labels, such as app=web.
    #[arg(long, short = 'l', value_name = "LABELS")]
    selector: Option<String>,
    /// Only objects with these fields, such as spec.nodeName=node-1.
    #[arg(long, value_name = "FIELDS")]
    field_selector: Option<String>,
    /// Explain each Pod again when its state changes, until interrupted.
    #[arg(long, short)]
    watch: bool,
    /// Leave out the events, which may take long to list.
    #[arg(long)]
    no_events: bool,
    #[command(flatten)]
    shown: Shown,
    #[command(flatten)]
    connection: Connection,
}

/// Options that are passed on to `kubectl`.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Passed on to kubectl")]
struct Connection {
    /// Context of the kubeconfig file.
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// Path of the kubeconfig file.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<String>,
    /// Cluster of the kubeconfig file.
    #[arg(long, value_name = "NAME")]
    cluster: Option<String>,
    /// User of the kubeconfig file.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// User to impersonate.
    #[arg(long = "as", value_name = "USER")]
    as_user: Option<String>,
    /// Address of the API server.
    #[arg(long, short, value_name = "URL")]
    server: Option<String>,
    /// Time to wait for one answer of the API server, such as 5s.
    #[arg(long, value_name = "DURATION")]
    request_timeout: Option<String>,
}

/// Words for types of objects, as `kubectl` has them; any other word is the name of a Pod.
const TYPES: &[&str] = &[
    "all",
    "pod",
    "pods",
    "po",
    "deployment",
    "deployments",
    "deploy",
    "statefulset",
    "statefulsets",
    "sts",
    "daemonset",
    "daemonsets",
    "ds",
    "replicaset",
    "replicasets",
    "rs",
    "replicationcontroller",
    "replicationcontrollers",
    "rc",
    "job",
    "jobs",
    "cronjob",
    "cronjobs",
    "cj",
];

/// Most workloads whose Pods are looked up, each with a call of `kubectl`.
const MOST_LOOKED_UP: usize = 50;

/// Runs `kubectl why`.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = if arguments.watch { arguments.watch() } else { arguments.once() };
    result.unwrap_or_else(|error| {
        complain("error: ", AnsiColor::Red, &error);
        ExitCode::from(UNREADABLE)
    })
}

impl Arguments {
    /// Explains the Pods once.
    fn once(&self) -> Result<ExitCode, String> {
        let mut input = Input::default();
        let mut get = self.kubectl(&self.wanted());
        get.args(self.scope()).args(["--output", "json"]);
        input.add("kubectl get", output(get)?);
        for (namespace, labels) in self.selectors(&input) {
            let mut get = self.kubectl(&["get".into(), "pods".into(), "--selector".into(), labels]);
            get.args(["--namespace", &namespace]).args(["--output", "json"]);
            input.add("kubectl get pods", output(get)?);
        }
        self.add_events(&mut input);
        Ok(finish(&input, &self.shown))
    }

    /// Returns the words that name the objects: `get pods web-0`.
    fn wanted(&self) -> Vec<String> {
        let is_type = |word: &str| word.split(',').all(|word| TYPES.contains(&word.to_lowercase().as_str()));
        let mut words = vec!["get".to_owned()];
        match self.resources.first() {
            None => words.push("pods".into()),
            // A word without a slash is a type, or the name of a Pod.
            Some(first) if !first.contains('/') && !is_type(first) => words.push("pods".into()),
            Some(_) => {}
        }
        words.extend(self.resources.iter().cloned());
        words
    }

    /// Returns the options that limit the objects.
    fn scope(&self) -> Vec<String> {
        let mut scope = self.namespaces();
        let options = [("--selector", &self.selector), ("--field-selector", &self.field_selector)];
        for (option, value) in options {
            scope.extend(value.iter().flat_map(|value| [option.to_owned(), value.clone()]));
        }
        scope
    }

    fn namespaces(&self) -> Vec<String> {
        match &self.namespace {
            Some(namespace) => vec!["--namespace".into(), namespace.clone()],
            None if self.all_namespaces => vec!["--all-namespaces".into()],
            None => Vec::new(),
        }
    }

    /// Returns a call of `kubectl` with the options that are passed on.
    fn kubectl(&self, words: &[String]) -> Command {
        let mut command = Command::new("kubectl");
        command.args(words);
        let Connection { context, kubeconfig, cluster, user, as_user, server, request_timeout } = &self.connection;
        for (option, value) in [
            ("--context", context),
            ("--kubeconfig", kubeconfig),
            ("--cluster", cluster),
            ("--user", user),
            ("--as", as_user),
            ("--server", server),
            ("--request-timeout", request_timeout),
        ] {
            command.args(value.iter().flat_map(|value| [option, value]));
        }
        command
    }

    /// Returns namespace and labels of the Pods of workloads that were asked for by name, if no Pod was.
    fn selectors(&self, input: &Input) -> Vec<(String, String)> {
        let objects = input.objects();
        if !objects.pods.is_empty() {
            return Vec::new();
        }
        let workloads = objects.workloads.iter().filter_map(|(object, _)| object.workload().ok());
        let selectors = workloads.filter_map(|workload| {
            let selector = workload.spec.other.get("selector")?;
            // That of a ReplicationController has the labels themselves.
            let labels = selector.get("matchLabels").unwrap_or(selector).as_object()?;
            let labels: Vec<String> =
                labels.iter().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?))).collect();
            let namespace = workload.metadata.namespace.clone();
            (!labels.is_empty()).then(|| (namespace, labels.join(",")))
        });
        selectors.take(MOST_LOOKED_UP).collect()
    }

    /// Adds the events of the Pods; without the right to list them, the rest is explained all the same.
    fn add_events(&self, input: &mut Input) {
        let pods: Vec<(String, String)> = {
            let objects = input.objects();
            let named =
                |pod: &pod_lifecycle::api::PodManifest| (pod.metadata.namespace.clone(), pod.metadata.name.clone());
            // Two are enough to know that there are several.
            objects.pods.iter().take(2).filter_map(|object| object.pod().ok().as_ref().map(named)).collect()
        };
        let (mut scope, mut fields) = (self.namespaces(), "involvedObject.kind=Pod".to_owned());
        match &*pods {
            [] => return,
            [(namespace, name)] => {
                fields = format!("{fields},involvedObject.name={name}");
                if !namespace.is_empty() {
                    scope = vec!["--namespace".into(), namespace.clone()];
                }
            }
            [..] => {}
        }
        if self.no_events {
            return;
        }
        let mut get = self.kubectl(&["get".into(), "events".into(), "--field-selector".into(), fields]);
        get.args(scope).args(["--output", "json"]);
        match output(get) {
            Ok(text) => input.add("kubectl get events", text),
            Err(error) => complain("warning: ", AnsiColor::Yellow, &format_args!("explained without events: {error}")),
        }
    }

    /// Explains each Pod, and again when its state changes.
    fn watch(&self) -> Result<ExitCode, String> {
        let mut get = self.kubectl(&self.wanted());
        get.args(self.scope()).args(["--watch", "--output-watch-events", "--output", "json"]);
        let mut child = Running(get.stdout(Stdio::piped()).spawn().map_err(|error| not_run(&error))?);
        let out = child.0.stdout.take().ok_or("kubectl has no standard output")?;
        let mut known: BTreeMap<(String, String), String> = BTreeMap::new();
        for change in serde_json::Deserializer::from_reader(BufReader::new(out)).into_iter::<Box<RawValue>>() {
            let change = change.map_err(|error| format!("kubectl get --watch: {error}"))?;
            if let Some(code) = self.explain_change(change.get(), &mut known)? {
                return Ok(code);
            }
        }
        let status = child.0.wait().map_err(|error| format!("kubectl: {error}"))?;
        if status.success() { Ok(ExitCode::SUCCESS) } else { Err(format!("kubectl ended with {status}")) }
    }

    /// Explains a Pod of a watch if its state is another one; returns an exit code if the output cannot be written.
    fn explain_change(
        &self,
        change: &str,
        known: &mut BTreeMap<(String, String), String>,
    ) -> Result<Option<ExitCode>, String> {
        let Change { type_, object } =
            serde_json::from_str(change).map_err(|error| format!("kubectl get --watch: {error}"))?;
        let text = |field: &str| {
            object.get("metadata").and_then(|it| it.get(field)).and_then(Value::as_str).unwrap_or_default()
        };
        let key = (text("namespace").to_owned(), text("name").to_owned());
        if type_ == "DELETED" {
            known.remove(&key);
            let gone = format!("Pod {} is gone from the API.\n\n", key.1);
            return Ok(super::write(&gone).is_err().then_some(ExitCode::SUCCESS));
        }
        let mut input = Input::default();
        input.add("kubectl get --watch", object.to_string());
        let state = Report::of(&input, &self.shown).state();
        if known.get(&key) == Some(&state) {
            return Ok(None);
        }
        known.insert(key, state);
        self.add_events(&mut input);
        let code = finish(&input, &self.shown);
        let is_closed = super::write("\n").is_err();
        Ok(is_closed.then_some(code))
    }
}

/// Change of an object in a watch (`metav1.WatchEvent`).
#[derive(Deserialize)]
struct Change {
    #[serde(rename = "type")]
    type_: String,
    object: Value,
}

/// A call of `kubectl`, which ends with this program.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns what a call of `kubectl` prints; its own messages go to standard error.
fn output(mut command: Command) -> Result<String, String> {
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| not_run(&error))?;
    if !output.status.success() {
        return Err(format!("kubectl ended with {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("kubectl: expected UTF-8 text: {error}"))
}

fn not_run(error: &std::io::Error) -> String {
    format!("kubectl cannot be run, and has to be on PATH: {error}")
}
