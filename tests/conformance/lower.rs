//! From recorded JSON to what the rules read.

use std::{collections::BTreeMap, sync::Arc};

use pod_lifecycle::{
    Timestamp,
    manifest::{self, ConditionStatus, ContainerStatus, Name, Named, PodCondition, PodPhase},
    rule::{probe::ProbeResult, readiness::ProbeFacts},
    spec::{ContainerIndex, PodSpec},
    state::{
        ContainerRecord, FailureMessage, Instance, InstanceId, InstanceState, RecordedState, RuntimeStatus, Sandbox,
        SandboxId, StartError, StartFailure, Termination, Waiting,
    },
    status::{ContainerFacts, PodFacts, RuntimeFacts},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

/// What cannot be understood.
pub type Lowered<T> = Result<T, String>;

/// A Pod, as written and as it runs.
pub struct Pod {
    /// As written.
    pub manifest: manifest::PodManifest,
    /// As it runs.
    pub spec: PodSpec,
}

impl Pod {
    /// Reads `in.pod`.
    pub fn of(question: &Value) -> Lowered<Pod> {
        let manifest: manifest::PodManifest = read(&question["pod"], "pod")?;
        let spec = PodSpec::from_admitted(&manifest).map_err(|error| error.to_string())?;
        Ok(Pod { manifest, spec })
    }

    /// Whether it is being deleted.
    pub fn is_deleting(&self) -> bool {
        self.manifest.metadata.deletion_timestamp.is_some()
    }

    /// The container called so.
    pub fn index_of(&self, name: &str) -> Lowered<ContainerIndex> {
        self.spec.index_of(name).ok_or_else(|| format!("no container called {name:?}"))
    }
}

/// Numbers for the runtime's ids, and what was known under them.
#[derive(Default)]
pub struct Ids {
    ids: Vec<String>,
    images: BTreeMap<(ContainerIndex, InstanceId), String>,
    pod_ip: Option<String>,
}

impl Ids {
    /// The number of an id.
    pub fn number(&mut self, id: &str) -> u32 {
        let place = self.ids.iter().position(|known| known == id).unwrap_or_else(|| {
            self.ids.push(id.to_owned());
            self.ids.len() - 1
        });
        u32::try_from(place).unwrap()
    }

    /// The instance with an id; no instance has the empty one.
    pub fn instance(&mut self, id: &str) -> Option<InstanceId> {
        (!id.is_empty()).then(|| InstanceId::nth(self.number(id)))
    }

    /// Keeps the Pod's address.
    pub fn set_pod_ip(&mut self, pod_ip: Option<String>) {
        self.pod_ip = pod_ip;
    }

    /// The id of a number.
    pub fn id(&self, number: u32) -> &str {
        &self.ids[number as usize]
    }
}

impl RuntimeFacts for Ids {
    fn container_id(&self, _: ContainerIndex, instance: InstanceId) -> String {
        self.id(instance.ordinal()).to_owned()
    }

    fn container(&self, container: ContainerIndex, instance: Option<InstanceId>) -> ContainerFacts {
        let mut facts = ContainerFacts::default();
        facts.image = instance.and_then(|instance| self.images.get(&(container, instance)).cloned());
        facts
    }

    fn pod(&self) -> PodFacts {
        let mut facts = PodFacts::default();
        facts.pod_ips.extend(self.pod_ip.clone());
        facts
    }
}

/// Reads any value.
pub fn read<T: DeserializeOwned>(value: &Value, what: &str) -> Lowered<T> {
    T::deserialize(value).map_err(|error| format!("{what}: {error}"))
}

/// Reads a value that may be null or missing.
pub fn read_or_default<T: DeserializeOwned + Default>(value: &Value, what: &str) -> Lowered<T> {
    if value.is_null() { Ok(T::default()) } else { read(value, what) }
}

/// A point on a script's clock of seconds.
pub fn second(value: &Value) -> Option<Timestamp> {
    value.as_f64().map(|seconds| Timestamp::from_unix_micros((seconds * 1e6).round() as i64))
}

/// The phase that is written, if one is.
pub fn phase_of(phase: Option<&Named<PodPhase>>) -> Option<PodPhase> {
    phase.and_then(Named::known)
}

/// Whether a condition is known to hold.
pub fn holds(conditions: &[PodCondition], condition_type: &str) -> bool {
    let of_type = |condition: &&PodCondition| condition.type_ == condition_type;
    conditions.iter().filter(of_type).any(|condition| condition.status == ConditionStatus::True.into())
}

/// The statuses of containers, by container index.
pub fn records<'a>(
    pod: &Pod,
    statuses: impl IntoIterator<Item = &'a ContainerStatus>,
    ids: &mut Ids,
) -> Lowered<Vec<Option<ContainerRecord>>> {
    let mut records = vec![None; pod.spec.container_count()];
    for status in statuses {
        let Some(index) = pod.spec.index_of(&status.name) else { continue };
        let instance = ids.instance(&status.container_id);
        if let Some(instance) = instance {
            ids.images.entry((index, instance)).or_insert_with(|| status.image.clone());
        }
        records[index.get()].get_or_insert(ContainerRecord {
            state: state(&status.state, ids)?,
            last_state: state(&status.last_state, ids)?,
            restart_count: u32::try_from(status.restart_count).unwrap_or(0),
            instance,
            started: status.started,
            ready: status.ready,
        });
    }
    Ok(records)
}

/// All statuses of a Pod status.
pub fn statuses_of(status: &manifest::PodStatus) -> impl Iterator<Item = &ContainerStatus> {
    let lasting = status.container_statuses.iter().chain(&status.init_container_statuses);
    lasting.chain(&status.ephemeral_container_statuses)
}

fn state(state: &manifest::ContainerState, ids: &mut Ids) -> Lowered<Option<RecordedState>> {
    Ok(if let Some(running) = &state.running {
        Some(RecordedState::Running { started_at: running.started_at })
    } else if let Some(end) = &state.terminated {
        Some(RecordedState::Terminated(Arc::new(Termination {
            exit_code: end.exit_code,
            reason: (*end.reason).into(),
            message: text(&end.message),
            started_at: end.started_at,
            finished_at: end.finished_at,
            instance: ids.instance(&end.container_id),
        })))
    } else if let Some(waiting) = &state.waiting {
        Some(RecordedState::Waiting(match &*waiting.reason {
            "" => Waiting::Unsaid,
            "ContainerCreating" => Waiting::ContainerCreating,
            "PodInitializing" => Waiting::PodInitializing,
            "RestartingAllContainers" => Waiting::RestartingAllContainers,
            reason => Waiting::Failed(Arc::new(failure(reason, &waiting.message)?)),
        }))
    } else {
        None
    })
}

/// A failure to start, in the runtime's own words.
pub fn failure(reason: &str, message: &str) -> Lowered<StartFailure> {
    let error = Named::<StartError>::from(reason).known().ok_or_else(|| format!("unknown start error {reason:?}"))?;
    Ok(StartFailure { error, message: FailureMessage::Text(message.into()) })
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
    restart_count: u32,
    #[serde(default)]
    image: String,
    #[serde(default)]
    spec_changed: bool,
}

/// Reads `in.runtime`.
pub fn runtime(question: &Value, pod: &Pod, ids: &mut Ids) -> Lowered<RuntimeStatus> {
    let recorded: RecordedRuntime = read_or_default(&question["runtime"], "runtime")?;
    let sandboxes = recorded.sandboxes.iter().map(|sandbox| Sandbox {
        id: SandboxId(ids.number(&sandbox.id)),
        attempt: sandbox.attempt,
        is_ready: sandbox.state == "Ready",
        uses_host_network: sandbox.network == "node",
        has_ip: sandbox.ip.as_ref().map(|ip| !ip.is_empty()),
    });
    let sandboxes = sandboxes.collect();
    let instances = recorded.containers.iter().map(|recorded| instance(recorded, pod, ids));
    Ok(RuntimeStatus { sandboxes, instances: instances.collect::<Lowered<_>>()? })
}

fn instance(recorded: &RecordedInstance, pod: &Pod, ids: &mut Ids) -> Lowered<Instance> {
    let id = ids.instance(&recorded.id).ok_or("an instance without an id")?;
    let container = pod.spec.index_of(&recorded.name);
    if let Some(container) = container {
        ids.images.insert((container, id), recorded.image.clone());
    }
    let state = match &*recorded.state {
        "Created" => InstanceState::Created,
        "Running" => InstanceState::Running { started_at: recorded.started_at },
        "Unknown" => InstanceState::Unknown,
        "Exited" => InstanceState::Exited(Arc::new(Termination {
            exit_code: recorded.exit_code,
            reason: (*recorded.reason).into(),
            message: text(&recorded.message),
            started_at: recorded.started_at,
            finished_at: recorded.finished_at,
            instance: Some(id),
        })),
        other => return Err(format!("unknown container state {other:?}")),
    };
    Ok(Instance {
        id,
        container,
        sandbox: SandboxId(ids.number(&recorded.sandbox_id)),
        restart_count: recorded.restart_count,
        spec_changed: recorded.spec_changed,
        state,
    })
}

/// What the probes say of the newest instances, by container index; each map goes from ids to results.
pub fn probe_facts(question: &Value, pod: &Pod, runtime: &RuntimeStatus, ids: &Ids) -> Lowered<Vec<ProbeFacts>> {
    let facts = pod.spec.containers().map(|(index, container)| {
        let newest = runtime.newest(index).map(|instance| ids.id(instance.id.ordinal()));
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
        })
    });
    facts.collect()
}

/// One of a set of names.
pub fn named<T: Name>(text: &str) -> Lowered<T> {
    Named::<T>::from(text).known().ok_or_else(|| format!("unknown name {text:?}"))
}

/// A text, unless it is empty.
fn text(text: &str) -> Option<Box<str>> {
    (!text.is_empty()).then(|| text.into())
}
