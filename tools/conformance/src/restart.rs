//! Would one container be restarted by its policy alone?

use pod_lifecycle::{api::Name, rule::restart};
use serde_json::{Value, json};

use crate::{
    Difference,
    compare::{Extent, compare},
    lower::{Lowered, PodMachine, read},
};

/// Asks one line again.
pub(crate) fn check(line: &Value) -> Result<(), Difference> {
    compare(line, answer(&line["in"]), Extent::Partial)
}

fn answer(question: &Value) -> Lowered<Value> {
    let pod = PodMachine::of(question)?;
    let index = pod.index_of(question["container"].as_str().unwrap_or_default())?;
    let container = pod.spec.container(index).ok_or("no such container")?;
    let exit_code = read(&question["exitCode"], "exitCode")?;
    let rule = restart::matching_rule(container.restart(), exit_code);
    Ok(json!({
        "shouldRestart": restart::restarts_after_exit(container.restart(), exit_code),
        "rule": rule.map(|(index, rule)| json!({"index": index, "action": rule.action().name()})),
        "restartable": restart::is_restartable(container.restart()),
        "allContainersCouldRestart": pod.spec.all_containers_could_restart(),
    }))
}
