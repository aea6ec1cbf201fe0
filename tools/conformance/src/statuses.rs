//! What is the whole status?

use std::sync::Arc;

use pod_lifecycle::{
    Timestamp,
    api::{ConditionStatus, PodCondition, PodPhase, PodStatus},
    rule::{
        deadline, external_conditions,
        pod_status::{self, PodInputs, PodRecord},
        started_and_ready::{KubeletStart, ProbeFacts},
    },
    state::{ContainerRecord, RuntimeStatus, StartFailure, observed_records},
    status::{self, StatusParts},
};
use serde_json::Value;

use crate::{
    Difference,
    compare::{Extent, compare},
    lift,
    lower::{Ids, Lowered, PodMachine, failure, holds, phase_of, probe_facts, read, read_or_default, runtime},
};

/// A lowered question.
pub struct Question {
    pod: PodMachine,
    ids: Ids,
    runtime: RuntimeStatus,
    previous: PodStatus,
    records: Vec<Option<ContainerRecord>>,
    failures: Vec<Option<Arc<StartFailure>>>,
    probes: Vec<ProbeFacts>,
    external: Vec<PodCondition>,
    gates: Vec<Option<ConditionStatus>>,
    kubelet: KubeletStart,
    is_terminal: bool,
    is_past_deadline: bool,
}

impl Question {
    /// Reads `in`.
    pub fn of(question: &Value) -> Lowered<Question> {
        let pod = PodMachine::of(question)?;
        let mut ids = Ids::default();
        let runtime = runtime(question, &pod, &mut ids)?;
        let api = &pod.manifest.status;
        let previous: Option<PodStatus> = read_or_default(&question["previousStatus"], "previousStatus")?;
        let previous = previous.unwrap_or_else(|| api.clone());
        let external = external_conditions::external_conditions(&api.conditions, &previous.conditions);
        let now: Timestamp = read(&question["now"], "now")?;
        ids.set_pod_ip(pod_ip(&question["runtime"]["sandboxes"][0]));
        let deadline = previous.start_time.and_then(|start| deadline::expires_at(&pod.spec, start));
        Ok(Question {
            records: observed_records(&pod.spec, previous.every_container(), &mut ids.containers),
            failures: failures(&question["reasonCache"], &pod)?,
            probes: probe_facts(question, &pod, &runtime, &ids)?,
            gates: external_conditions::readiness_gates(&pod.spec, &external),
            kubelet: KubeletStart {
                at: read(&question["kubeletStart"], "kubeletStart")?,
                pod_was_ready: holds(&api.conditions, "Ready"),
            },
            is_terminal: read(&question["podIsTerminal"], "podIsTerminal")?,
            is_past_deadline: deadline.is_some_and(|deadline| deadline <= now),
            external,
            previous,
            runtime,
            ids,
            pod,
        })
    }

    fn api_phase(&self) -> Option<PodPhase> {
        phase_of(self.pod.manifest.status.phase.as_ref())
    }

    /// Asks the rule.
    pub fn ask(&self) -> PodRecord {
        let mut inputs = PodInputs::new(&self.pod.spec, &self.runtime);
        inputs.previous.records = &self.records;
        inputs.previous.phase = phase_of(self.previous.phase.as_ref());
        inputs.previous.was_initialized = holds(&self.previous.conditions, "Initialized");
        inputs.previous.was_restarting_all = holds(&self.previous.conditions, "AllContainersRestarting");
        inputs.api_phase = self.api_phase();
        inputs.failures = &self.failures;
        inputs.probes = &self.probes;
        inputs.kubelet = self.kubelet;
        inputs.gates = &self.gates;
        inputs.is_deleting = self.pod.is_deleting();
        inputs.is_terminal = self.is_terminal;
        inputs.is_past_deadline = self.is_past_deadline;
        pod_status::generate_pod_status(&inputs, |_| {})
    }

    fn print(&self, record: &PodRecord) -> Value {
        let api = &self.pod.manifest.status;
        let first = |previous, api| if str::is_empty(previous) { api } else { previous };
        let before = (first(&self.previous.reason, &*api.reason), first(&self.previous.message, &*api.message));
        let mut parts = StatusParts::new(&self.pod.spec, record);
        parts.external_conditions = &self.external;
        parts.reason = record.phase_reason.reason_and_message(before);
        lift::computed_status(status::project(parts, &self.ids))
    }
}

fn failures(reasons: &Value, pod: &PodMachine) -> Lowered<Vec<Option<Arc<StartFailure>>>> {
    let failures = pod.spec.containers().map(|(_, container)| {
        let failed = &reasons[container.name()];
        if failed.is_null() {
            return Ok(None);
        }
        let text = |field: &str| failed[field].as_str().unwrap_or_default();
        Ok(Some(Arc::new(failure(text("reason"), text("message")))))
    });
    failures.collect()
}

/// The address of the newest sandbox, if that is ready.
fn pod_ip(sandbox: &Value) -> Option<String> {
    let ip = sandbox["ip"].as_str().filter(|ip| !ip.is_empty())?;
    (sandbox["state"] == "Ready").then(|| ip.to_owned())
}

/// Asks one line again. A recorded status that holds what every status holds is compared as a whole.
pub fn check(line: &Value) -> Result<(), Difference> {
    let answer = Question::of(&line["in"]).map(|question| question.print(&question.ask()));
    let is_whole = ["phase", "conditions", "containerStatuses"].iter().all(|field| !line["out"][field].is_null());
    compare(line, answer, if is_whole { Extent::Whole } else { Extent::Partial })
}
