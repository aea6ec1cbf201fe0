mod findings;
mod liveness;
mod ready;
mod report;
mod stop;

use core::time::Duration;

use serde_json::{Value, json};

use super::{Assumptions, Bounds, Budget, ContainerBudget, FindingCode, HookTime, LivenessBudget, longest_stop, of};
use crate::{api::Name, spec::PodSpec};

fn spec(spec: Value) -> PodSpec {
    let pod = serde_json::from_value(json!({"metadata": {"name": "pod"}, "spec": spec})).unwrap();
    PodSpec::from_admitted(&pod).unwrap()
}

fn budget(pod: Value) -> Budget {
    of(&spec(pod), &Assumptions::default())
}

/// The budget of the only container.
fn container_budget(container: Value) -> ContainerBudget {
    budget(json!({"terminationGracePeriodSeconds": 30, "containers": [named("app", container)]})).containers.remove(0)
}

fn named(name: &str, mut container: Value) -> Value {
    container["name"] = name.into();
    container["image"] = "image:v1".into();
    container
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn bounds(earliest: u64, latest: impl Into<Option<u64>>) -> Bounds {
    Bounds { earliest: seconds(earliest), latest: latest.into().map(seconds) }
}

/// A probe that runs a command.
fn probe(mut probe: Value) -> Value {
    probe["exec"] = json!({"command": ["check"]});
    probe
}
