//! What has come true of the Pod?

use pod_lifecycle::{
    api::{ContainerStatus, PodCondition, PodPhase, PodStatus},
    rule::{conditions, external_conditions, restart},
    state::{ConditionType, observed_records},
};
use serde_json::{Value, json};

use crate::{
    Difference,
    compare::{Extent, compare},
    lift,
    lower::{Ids, Lowered, PodMachine, holds, named, read, read_or_default, runtime},
};

/// Asks one line again.
pub(crate) fn check(line: &Value) -> Result<(), Difference> {
    compare(line, answer(&line["in"]), Extent::Partial)
}

fn answer(question: &Value) -> Lowered<Value> {
    let pod = PodMachine::of(question)?;
    let spec = &pod.spec;
    let mut ids = Ids::default();
    let runtime = runtime(question, &pod, &mut ids)?;
    let old: PodStatus = read_or_default(&question["oldStatus"], "oldStatus")?;
    let old_records = observed_records(&pod.spec, old.every_container(), &mut ids.containers);
    let statuses: Option<Vec<ContainerStatus>> = read(&question["containerStatuses"], "containerStatuses")?;
    let records = statuses.map(|statuses| observed_records(&pod.spec, &statuses, &mut ids.containers));
    let records = records.as_deref();
    // A Pod without a phase is in no terminal one.
    let phase = question["phase"].as_str().filter(|phase| !phase.is_empty()).map_or(Ok(PodPhase::Pending), named)?;
    let listed: Vec<PodCondition> = read_or_default(&question["conditions"], "conditions")?;
    let gates = external_conditions::readiness_gates(spec, &listed);
    let is_under_way = holds(&old.conditions, "AllContainersRestarting");
    let is_due = restart::should_restart_all_containers(spec, Some(&runtime), &old_records, is_under_way);

    let containers_ready = conditions::containers_ready(spec, records, phase);
    let ready = conditions::ready(spec, &containers_ready, |gate, _| gates[gate]);
    let initialized = conditions::initialized(spec, records, phase, holds(&old.conditions, "Initialized"));
    let to_start = conditions::pod_ready_to_start_containers(spec, &runtime);
    let restarting = conditions::all_containers_restarting(spec, &runtime, phase, is_due);
    let print = |condition_type, condition| lift::condition(spec, condition_type, condition);
    Ok(json!({
        "containersReady": print(ConditionType::ContainersReady, &containers_ready),
        "ready": print(ConditionType::Ready, &ready),
        "initialized": print(ConditionType::Initialized, &initialized),
        "podReadyToStartContainers": print(ConditionType::PodReadyToStartContainers, &to_start),
        "allContainersRestarting": print(ConditionType::AllContainersRestarting, &restarting),
    }))
}
