//! From recorded JSON to what the rules read.

use std::sync::Arc;

use pod_lifecycle::{
    Timestamp,
    api::{self, ConditionStatus, Name, Named, PodCondition, PodPhase},
    rule::{probe::ProbeResult, started_and_ready::ProbeFacts},
    spec::{ContainerIndex, PodSpec},
    state::{
        ContainerIds, FailureMessage, Instance, InstanceId, InstanceState, RuntimeStatus, Sandbox, SandboxId,
        StartFailure, Termination,
    },
    status::{ContainerFacts, PodFacts, RuntimeFacts},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

/// What cannot be understood.
pub(crate) type Lowered<T> = Result<T, String>;

/// A Pod, as written and as it runs.
pub(crate) struct PodMachine {
    /// As written.
    pub manifest: api::PodManifest,
    /// As it runs.
    pub spec: PodSpec,
}

impl PodMachine {
    /// Reads `in.pod`.
    pub(crate) fn of(question: &Value) -> Lowered<PodMachine> {
        let manifest: api::PodManifest = read(&question["pod"], "pod")?;
        let spec = PodSpec::from_admitted(&manifest).map_err(|error| error.to_string())?;
        Ok(PodMachine { manifest, spec })
    }

    /// Whether it is being deleted.
    pub(crate) fn is_deleting(&self) -> bool {
        self.manifest.metadata.deletion_timestamp.is_some()
    }

    /// The container called so.
    pub(crate) fn index_of(&self, name: &str) -> Lowered<ContainerIndex> {
        self.spec.index_of(name).ok_or_else(|| format!("no container called {name:?}"))
    }
}

/// The runtime's ids of containers, and numbers for those of its sandboxes.
#[derive(Default)]
pub(crate) struct Ids {
    pub containers: ContainerIds,
    sandboxes: Vec<String>,
    pod_ip: Option<String>,
}

impl Ids {
    /// The sandbox with an id.
    pub(crate) fn sandbox(&mut self, id: &str) -> SandboxId {
        let place = self.sandboxes.iter().position(|known| known == id).unwrap_or_else(|| {
            self.sandboxes.push(id.to_owned());
            self.sandboxes.len() - 1
        });
        SandboxId(u32::try_from(place).unwrap())
    }

    /// The id of a sandbox.
    pub(crate) fn sandbox_id(&self, sandbox: SandboxId) -> &str {
        &self.sandboxes[sandbox.0 as usize]
    }

    /// The instance of a container with an id; no instance has the empty one.
    pub(crate) fn instance(&mut self, container: ContainerIndex, id: &str) -> Option<InstanceId> {
        self.containers.instance(container, id)
    }

    /// Keeps the Pod's address.
    pub(crate) fn set_pod_ip(&mut self, pod_ip: Option<String>) {
        self.pod_ip = pod_ip;
    }

    /// The id of an instance.
    pub(crate) fn id(&self, container: ContainerIndex, instance: InstanceId) -> &str {
        self.containers.id(container, instance).unwrap()
    }
}

impl RuntimeFacts for Ids {
    fn container_id(&self, container: ContainerIndex, instance: InstanceId) -> String {
        self.containers.container_id(container, instance)
    }

    fn container(&self, container: ContainerIndex, instance: Option<InstanceId>) -> ContainerFacts {
        self.containers.container(container, instance)
    }

    fn pod(&self) -> PodFacts {
        let mut facts = PodFacts::default();
        facts.pod_ips.extend(self.pod_ip.clone());
        facts
    }
}

/// Reads any value.
pub(crate) fn read<T: DeserializeOwned>(value: &Value, what: &str) -> Lowered<T> {
    T::deserialize(value).map_err(|error| format!("{what}: {error}"))
}

/// Reads a value that may be null or missing.
pub(crate) fn read_or_default<T: DeserializeOwned + Default>(value: &Value, what: &str) -> Lowered<T> {
    if value.is_null() { Ok(T::default()) } else { read(value, what) }
}

/// A point on a script's clock of seconds.
pub(crate) fn second(value: &Value) -> Option<Timestamp> {
    value.as_f64().map(|seconds| Timestamp::from_unix_micros((seconds * 1e6).round() as i64))
}

/// The phase that is written, if one is.
pub(crate) fn phase_of(phase: Option<&Named<PodPhase>>) -> Option<PodPhase> {
    phase.and_then(Named::known)
}

/// Whether a condition is known to hold.
pub(crate) fn holds(conditions: &[PodCondition], condition_type: &str) -> bool {
    let of_type = |condition: &&PodCondition| condition.type_ == condition_type;
    conditions.iter().filter(of_type).any(|condition| condition.status == ConditionStatus::True)
}

/// A failure to start, in the runtime's own words.
pub(crate) fn failure(reason: &str, message: &str) -> StartFailure {
    StartFailure { error: reason.into(), message: FailureMessage::Text(message.into()) }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct RecordedRuntime {
    sandboxes: Vec<RecordedSandbox>,
    containers: Vec<RecordedInstance>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecordedSandbox {
    id: String,
    state: String,
    #[serde(default)]
    attempt: u32,
    #[serde(default)]
    network: String,
    ip: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecordedInstance {
    id: String,
    name: String,
    #[serde(default)]
    sandbox_id: String,
    state: String,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    #[serde(default)]
    exit_code: i32,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    restart_count: i32,
    #[serde(default)]
    image: String,
    #[serde(default)]
    spec_changed: bool,
}

/// Reads `in.runtime`.
pub(crate) fn runtime(question: &Value, pod: &PodMachine, ids: &mut Ids) -> Lowered<RuntimeStatus> {
    let recorded: RecordedRuntime = read_or_default(&question["runtime"], "runtime")?;
    let sandboxes = recorded.sandboxes.iter().map(|sandbox| Sandbox {
        id: ids.sandbox(&sandbox.id),
        attempt: sandbox.attempt,
        is_ready: sandbox.state == "Ready",
        uses_host_network: sandbox.network == "node",
        has_ip: sandbox.ip.as_ref().map(|ip| !ip.is_empty()),
    });
    let sandboxes = sandboxes.collect();
    let instances = recorded.containers.iter().map(|recorded| instance(recorded, pod, ids));
    Ok(RuntimeStatus { sandboxes, instances: instances.collect::<Lowered<_>>()? })
}

fn instance(recorded: &RecordedInstance, pod: &PodMachine, ids: &mut Ids) -> Lowered<Instance> {
    let container = pod.spec.index_of(&recorded.name);
    // The id of an instance without a container of the spec is never read: it may be any.
    let of = container.unwrap_or(ContainerIndex::from(u16::MAX));
    let id = ids.instance(of, &recorded.id).ok_or("an instance without an id")?;
    if let Some(container) = container {
        ids.containers.record_image(container, id, &recorded.image, "");
    }
    let state = match &*recorded.state {
        "Created" => InstanceState::Created,
        "Running" => InstanceState::Running { started_at: recorded.started_at },
        "Unknown" => InstanceState::Unknown,
        "Exited" => InstanceState::Exited(Arc::new(Termination {
            exit_code: recorded.exit_code,
            reason: (*recorded.reason).into(),
            message: text(&recorded.message),
            signal: None,
            started_at: recorded.started_at,
            finished_at: recorded.finished_at,
            instance: Some(id),
        })),
        other => return Err(format!("unknown container state {other:?}")),
    };
    Ok(Instance {
        id,
        container,
        sandbox: ids.sandbox(&recorded.sandbox_id),
        restart_count: recorded.restart_count,
        spec_changed: recorded.spec_changed,
        state,
    })
}

/// What the probes say of the newest instances, by container index; each map goes from ids to results.
pub(crate) fn probe_facts(
    question: &Value,
    pod: &PodMachine,
    runtime: &RuntimeStatus,
    ids: &Ids,
) -> Lowered<Vec<ProbeFacts>> {
    let facts = pod.spec.containers().map(|(index, container)| {
        let newest = runtime.newest(index).map(|instance| ids.id(index, instance.id));
        let result = |kind: &str| -> Lowered<Option<ProbeResult>> {
            let Some(result) = newest.and_then(|id| question[kind][id].as_str()) else { return Ok(None) };
            named(result).map(Some)
        };
        let workers = question["workers"][container.name()].as_array();
        let has_worker = |kind: &str| workers.is_some_and(|workers| workers.iter().any(|worker| worker == kind));
        Ok(ProbeFacts {
            startup: result("startup")?,
            readiness: result("readiness")?,
            liveness: result("liveness")?,
            has_startup_worker: has_worker("startup"),
            has_readiness_worker: has_worker("readiness"),
            // The questions are those of kubelets that have the bug: they ask for no former instance.
            is_replacement: false,
        })
    });
    facts.collect()
}

/// One of a set of names.
pub(crate) fn named<T: Name>(text: &str) -> Lowered<T> {
    Named::<T>::from(text).known().ok_or_else(|| format!("unknown name {text:?}"))
}

/// A text, unless it is empty.
fn text(text: &str) -> Option<Box<str>> {
    (!text.is_empty()).then(|| text.into())
}
