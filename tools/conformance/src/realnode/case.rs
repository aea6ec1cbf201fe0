//! Cases: what was asked of the real node, and what its containers did, as a scenario.

use std::time::Duration;

use pod_lifecycle::{
    api::{Container, Document, PodManifest, PodPhase, ResourceRequirements},
    object::PodResize,
    rule::probe::ProbeOutcome,
    sim::{
        ConfigObject, ContainerScript, NodeSettings, ProbeStep, Run, Scenario, Script, ScriptAction, ScriptActionKind,
        VolumeCall, VolumeScript,
    },
    state::ConditionReason,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// One case: a Pod or workload, and what happens to it.
#[derive(Debug, Deserialize)]
pub struct Case {
    /// Name of the case.
    pub name: String,
    group: u32,
    containers: Option<Vec<Value>>,
    spec: Map<String, Value>,
    meta: Map<String, Value>,
    /// A whole workload instead of a Pod.
    raw: Option<Value>,
    /// Actions: second, verb and arguments.
    acts: Vec<Vec<Value>>,
    /// Seconds watched.
    secs: u64,
    /// Annotations that the fake node was given.
    ann: Map<String, Value>,
    /// Script that the fake node was given instead.
    script: Option<Value>,
}

/// Program of the recorded containers: it exits with 0 at SIGTERM unless told otherwise.
const SIGTERM_EXIT_CODE: i32 = 0;

/// Time in which the runtime stops a container that exits at once.
const STOPS_AFTER: Duration = Duration::from_millis(400);

/// Time from the start of the recorded program until it listens.
const LISTENS_AFTER: Duration = Duration::from_millis(100);

const JOB_FINALIZER: &str = "batch.kubernetes.io/job-tracking";

/// More attempts than a life has.
const FOR_EVER: u32 = 100;

/// Resources of the recorded node.
const ALLOCATABLE: [(&str, &str); 2] = [("cpu", "2"), ("memory", "16Gi")];

/// Run time of an init container that was told nothing.
const INIT_SECONDS: u64 = 1;

/// Time after which the Job controller takes its finalizer from a Pod whose containers exit after three seconds.
const JOB_CONTROLLER_SECONDS: f64 = 6.5;

impl Case {
    /// Returns the scenario of the n-th Pod of a case.
    pub(super) fn scenario(&self, pod: u64) -> Result<Scenario, String> {
        let mut scenario = Scenario::of(self.manifest(pod)?);
        scenario.script = self.script(&scenario.pod)?;
        let mut node = NodeSettings::default();
        for (resource, quantity) in ALLOCATABLE {
            node.allocatable
                .insert(resource.into(), quantity.parse().map_err(|_| format!("{quantity} is no quantity"))?);
        }
        scenario.config.node = Some(node);
        scenario.script.end = Some(Duration::from_secs(self.secs));
        // `again` creates a second Pod of the same name, to which nothing happens.
        let is_second = pod > 0 && self.raw.is_none();
        for act in self.acts.iter().filter(|_| !is_second) {
            let at = act.first().and_then(Value::as_f64).ok_or("an act without a time")?;
            for kind in self.actions(act, &scenario.pod)? {
                scenario = scenario.at(at, kind);
            }
        }
        scenario.script.actions.splice(0..0, self.disturbances());
        Ok(scenario)
    }

    fn manifest(&self, pod: u64) -> Result<PodManifest, String> {
        let read = |error: serde_json::Error| error.to_string();
        if let Some(raw) = &self.raw {
            let mut raw = raw.clone();
            raw["metadata"]["name"] = json!(self.name);
            raw["spec"]["selector"] = Value::Null;
            let document: Document = serde_json::from_value(raw).map_err(read)?;
            let mut manifest = document.pod().map_err(|error| error.to_string())?;
            manifest.metadata.finalizers = vec![JOB_FINALIZER.into()];
            manifest.metadata.uid = format!("{}-{pod}", self.name);
            return Ok(manifest);
        }
        let mut metadata = self.meta.clone();
        metadata.remove("late");
        metadata.insert("name".into(), json!(self.name));
        metadata.insert("uid".into(), json!(self.name));
        let mut spec = self.spec.clone();
        spec.insert("containers".into(), json!(self.containers));
        // The Pods are created on their node: no scheduler sees them.
        spec.insert("nodeName".into(), json!("node"));
        serde_json::from_value(json!({"metadata": metadata, "spec": spec})).map_err(read)
    }

    // --- Containers ---

    fn script(&self, pod: &PodManifest) -> Result<Script, String> {
        let mut script: Script = match &self.script {
            Some(script) => serde_json::from_value(script.clone()).map_err(|error| error.to_string())?,
            None => Script::default(),
        };
        for container in pod.spec.init_containers.iter().chain(&pod.spec.containers) {
            let script = script.containers.entry(container.name.clone()).or_default();
            let is_init = pod.spec.init_containers.iter().any(|it| it.name == container.name);
            if script.runs.is_empty() {
                *script = match is_init && container.restart_policy.is_none() {
                    true => std::mem::take(script).exits_after(INIT_SECONDS),
                    false => std::mem::take(script).runs_for_ever(),
                };
            }
        }
        for (word, value) in &self.ann {
            for (name, told) in items(value.as_str().unwrap_or_default()) {
                let script = script.containers.get_mut(name).ok_or_else(|| format!("no container {name}"))?;
                tell(script, word, &told)?;
            }
        }
        let is_slow = |container: &&Container| {
            container.readiness_probe.is_some() && container.args.iter().any(|arg| arg == "-port")
        };
        for container in pod.spec.containers.iter().filter(is_slow) {
            let Some(script) = script.containers.get_mut(&container.name) else { continue };
            for steps in script.runs.iter_mut().map(|run| &mut run.probes.readiness) {
                // A program that was just started does not listen yet.
                let first = steps.first().map_or(ProbeOutcome::Success, |step| step.result);
                steps.retain(|step| !step.from.is_zero());
                steps.insert(0, ProbeStep::new(LISTENS_AFTER, first));
                steps.insert(0, ProbeStep::new(Duration::ZERO, ProbeOutcome::Failure));
            }
        }
        add_what_is_missing(&mut script, pod);
        for run in script.containers.values_mut().flat_map(|script| &mut script.runs) {
            run.sigterm_exit_code.get_or_insert(SIGTERM_EXIT_CODE);
            run.sigterm_exit_after = run.sigterm_exit_after.max(STOPS_AFTER);
        }
        Ok(script)
    }

    // --- Actions ---

    /// Returns what happens to the whole node: its agent is away, or restarted.
    fn disturbances(&self) -> Vec<ScriptAction> {
        let late = self.meta.get("late").and_then(Value::as_u64).unwrap_or(0);
        let at = |seconds: u64, kind| ScriptAction { at: Duration::from_secs(seconds.saturating_sub(late)), kind };
        match self.group {
            5 | 7 => vec![at(12, ScriptActionKind::KubeletStop), at(20, ScriptActionKind::KubeletStart)],
            8 => vec![at(12, ScriptActionKind::KubeletStop), at(14, ScriptActionKind::KubeletStart)],
            _ if self.raw.is_some() => vec![
                ScriptAction { at: Duration::from_millis(20), kind: ScriptActionKind::Bind },
                ScriptAction {
                    at: Duration::from_secs_f64(JOB_CONTROLLER_SECONDS),
                    kind: ScriptActionKind::RemoveFinalizer { finalizer: JOB_FINALIZER.into() },
                },
            ],
            _ => Vec::new(),
        }
    }

    fn actions(&self, act: &[Value], pod: &PodManifest) -> Result<Vec<ScriptActionKind>, String> {
        let word = |place: usize| act.get(place).and_then(Value::as_str).unwrap_or_default();
        let number = |place: usize| act.get(place).and_then(Value::as_u64).map(Duration::from_secs);
        let resources = |place: usize| -> Result<ResourceRequirements, String> {
            let resources = act.get(place).cloned().unwrap_or_default();
            serde_json::from_value(resources).map_err(|error| error.to_string())
        };
        let resize = |resize| ScriptActionKind::Resize { resize, unseen: false };
        let only = || pod.spec.containers.first().map(|container| container.name.clone()).unwrap_or_default();
        Ok(vec![match word(1) {
            "delete" if word(3) == "--force" => ScriptActionKind::ForceDelete,
            "delete" => {
                let grace = word(2).strip_prefix("--grace-period=").and_then(|grace| grace.parse().ok());
                ScriptActionKind::Delete { grace: grace.map(Duration::from_secs) }
            }
            "evict" => {
                let (reason, message) = (ConditionReason::EvictionByEvictionApi, String::new());
                return Ok(vec![
                    ScriptActionKind::Disrupt { reason, message },
                    ScriptActionKind::Delete { grace: None },
                ]);
            }
            "condition" => ScriptActionKind::SetCondition {
                condition: word(2).into(),
                status: word(3).parse().map_err(|_| format!("{act:?} has no status"))?,
            },
            "image" => ScriptActionKind::SetImage { container: only(), image: word(2).into() },
            "ephemeral" => ScriptActionKind::AddEphemeralContainer {
                container: serde_json::from_value(json!({"name": word(2), "image": "local.test/actor:1"}))
                    .map_err(|error| error.to_string())?,
            },
            "unfinalize" => ScriptActionKind::RemoveFinalizer { finalizer: "example.com/hold".into() },
            "ungate" => return Ok(vec![ScriptActionKind::RemoveSchedulingGates, ScriptActionKind::Bind]),
            "deadline" => ScriptActionKind::SetDeadline { after: number(2).ok_or("a deadline without seconds")? },
            "phase" => ScriptActionKind::SetPhase {
                phase: word(2).parse::<PodPhase>().map_err(|_| format!("{act:?} has no phase"))?,
            },
            "resize" => resize(PodResize::of_container(&only(), resources(2)?)),
            "resize-init" => resize(PodResize::of_container(word(2), resources(3)?)),
            "resize-pod" => resize(PodResize::of_pod(resources(2)?)),
            // A label changes nothing that a Pod shows, and the second Pod of the name is another Pod.
            "label" | "again" => return Ok(Vec::new()),
            verb => return Err(format!("cannot say {verb:?} yet")),
        }])
    }
}

/// Adds that the node's cluster has none of the config maps and secrets that a Pod names, and that its image runs as root.
fn add_what_is_missing(script: &mut Script, pod: &PodManifest) {
    for container in pod.spec.init_containers.iter().chain(&pod.spec.containers) {
        let names = |of: &str| {
            let named = container.env_from.iter().filter_map(|source| source[of]["name"].as_str());
            named.map(|name| (name.to_owned(), ConfigObject::default())).collect::<Vec<_>>()
        };
        script.config_maps.extend(names("configMapRef"));
        script.secrets.extend(names("secretRef"));
        let of_container = json!(container);
        if of_container["securityContext"]["runAsNonRoot"] == true
            && let Some(script) = script.containers.get_mut(&container.name)
        {
            let (name, namespace, uid) = (&pod.metadata.name, &pod.metadata.namespace, &pod.metadata.uid);
            let identity = format!("pod: \"{name}_{namespace}({uid})\", container: {}", container.name);
            let error = format!("container has runAsNonRoot and image will run as root ({identity})");
            *script = std::mem::take(script).configure_fails(FOR_EVER, &error);
        }
    }
    for volume in &pod.spec.volumes {
        let source = json!(volume);
        let Some(secret) = source["secret"]["secretName"].as_str() else { continue };
        let mut call = VolumeCall::default();
        call.error = Some(format!("secret {secret:?} not found"));
        let mut of_volume = VolumeScript::default();
        of_volume.set_up = vec![call];
        script.volumes.insert(volume.name.clone(), of_volume);
    }
}

/// Splits `CONTAINER=WORD,…`; an item without `=` belongs to the word before it.
fn items(value: &str) -> Vec<(&str, String)> {
    let mut items: Vec<(&str, String)> = Vec::new();
    for item in value.split(',') {
        match (item.split_once('='), items.last_mut()) {
            (Some((name, word)), _) if !name.contains(' ') => items.push((name, word.into())),
            (_, Some((_, before))) => *before = format!("{before},{item}"),
            _ => {}
        }
    }
    items
}

/// Applies an annotation's word to the script of a container.
fn tell(script: &mut ContainerScript, annotation: &str, word: &str) -> Result<(), String> {
    let ending = |word: &str| {
        let (after, code) = word.split_once(':')?;
        Some((Duration::try_from_secs_f64(after.parse().ok()?).ok()?, code.parse::<i32>().ok()?))
    };
    let unreadable = || format!("{annotation}: {word}");
    match annotation {
        "exit" => {
            let like = script.runs.first().cloned().unwrap_or_default();
            let mut runs: Vec<Run> = Vec::new();
            for word in word.split('/') {
                let (after, code) = ending(word).ok_or_else(unreadable)?;
                let mut run = like.clone();
                (run.exits_after, run.exit_code) = (Some(after), code);
                runs.push(run);
            }
            script.runs = runs;
        }
        "stop" => {
            let (after, code) = ending(word).ok_or_else(unreadable)?;
            for run in &mut script.runs {
                (run.sigterm_exit_after, run.sigterm_exit_code) = (after, Some(code));
            }
        }
        "pull" => {
            *script = std::mem::take(script).pull_fails(u32::MAX, word);
        }
        "ready-after" | "started-after" | "live-until" => {
            let (first, then) = match annotation {
                "live-until" => (ProbeOutcome::Success, ProbeOutcome::Failure),
                _ => (ProbeOutcome::Failure, ProbeOutcome::Success),
            };
            let mut steps = vec![ProbeStep::new(Duration::ZERO, if word == "0" { then } else { first })];
            if !["never", "0"].contains(&word) {
                let from = Duration::try_from_secs_f64(word.parse().map_err(|_| unreadable())?);
                steps.push(ProbeStep::new(from.map_err(|_| unreadable())?, then));
            }
            for run in &mut script.runs {
                let probes = &mut run.probes;
                *match annotation {
                    "ready-after" => &mut probes.readiness,
                    "started-after" => &mut probes.startup,
                    _ => &mut probes.liveness,
                } = steps.clone();
            }
        }
        _ => return Err(unreadable()),
    }
    Ok(())
}
