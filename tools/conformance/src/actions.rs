//! What is to be killed, made and started?

use pod_lifecycle::{
    rule::{
        pod_actions::{self, PodActions, SyncInputs},
        started_and_ready::ProbeFacts,
    },
    spec::ContainerIndex,
    state::{InstanceId, RuntimeStatus},
};
use serde_json::{Value, json};

use crate::{
    Difference,
    compare::{Extent, compare},
    lift,
    lower::{Ids, Lowered, PodMachine, probe_facts, read_or_default, runtime},
};

/// A lowered question.
pub struct Question {
    pod: PodMachine,
    ids: Ids,
    runtime: RuntimeStatus,
    probes: Vec<ProbeFacts>,
    is_restarting_all: bool,
}

impl Question {
    /// Reads `in`.
    pub fn of(question: &Value) -> Lowered<Question> {
        let pod = PodMachine::of(question)?;
        let mut ids = Ids::default();
        let runtime = runtime(question, &pod, &mut ids)?;
        Ok(Question {
            probes: probe_facts(question, &pod, &runtime, &ids)?,
            is_restarting_all: read_or_default(&question["restartAllContainers"], "restartAllContainers")?,
            pod,
            ids,
            runtime,
        })
    }

    /// Asks the rule.
    pub fn ask(&self) -> PodActions {
        let mut inputs = SyncInputs::new(&self.pod.spec, &self.runtime);
        inputs.probes = &self.probes;
        inputs.is_deleting = self.pod.is_deleting();
        inputs.is_restarting_all = self.is_restarting_all;
        pod_actions::compute_pod_actions(&inputs)
    }

    fn print(&self, actions: &PodActions) -> Value {
        let spec = &self.pod.spec;
        let id = |container: ContainerIndex, instance: InstanceId| self.ids.id(container, instance);
        let mut kills = actions.kill.clone();
        kills.sort_by_key(|kill| id(kill.container, kill.instance));
        let kills = kills.iter().map(|kill| {
            json!({
                "id": id(kill.container, kill.instance),
                "name": spec.container_name(kill.container),
                "reason": lift::kill_reason(kill.reason),
                "message": kill.message(spec).to_string(),
            })
        });
        let resets = actions.reset.iter().map(
            |reset| json!({"id": id(reset.container, reset.instance), "name": spec.container_name(reset.container), "kill": reset.kill}),
        );
        let mut answer = json!({
            "killPod": actions.kill_pod,
            "createSandbox": actions.create_sandbox,
            "sandboxId": actions.sandbox.map_or("", |sandbox| self.ids.sandbox_id(sandbox)),
            "attempt": actions.attempt,
            "initContainersToStart": lift::places(spec, &actions.start_init),
            "containersToStart": lift::places(spec, &actions.start),
            "ephemeralContainersToStart": lift::places(spec, &actions.start_ephemeral),
            "containersToKill": kills.collect::<Vec<_>>(),
        });
        answer["containersToReset"] = resets.collect();
        answer
    }
}

/// Asks one line again.
pub fn check(line: &Value) -> Result<(), Difference> {
    let answer = Question::of(&line["in"]).map(|question| question.print(&question.ask()));
    compare(line, answer, Extent::Partial)
}
