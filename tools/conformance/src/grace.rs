//! How long is each container given when it is stopped, and in which order do they go?

use std::{collections::BTreeMap, time::Duration};

use pod_lifecycle::{
    rule::{grace, termination_order},
    spec::{ContainerIndex, ProbeKind},
};
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
    let stop = Stop {
        running: running(question, &pod)?,
        grace_override: read::<Option<u64>>(&question["gracePeriodOverride"], "gracePeriodOverride")?
            .map(Duration::from_secs),
        question,
        pod: &pod,
    };
    let kill = &question["kill"];
    Ok(json!({
        "waitsFor": stop.waits_for(),
        "killPod": stop.whole_pod(),
        "kill": if kill.is_null() { Value::Null } else { stop.single(kill)? },
    }))
}

fn running(question: &Value, pod: &PodMachine) -> Lowered<Vec<ContainerIndex>> {
    let names: Vec<String> = read(&question["running"], "running")?;
    names.iter().map(|name| pod.index_of(name)).collect()
}

/// A stop of containers, played out in virtual time.
struct Stop<'a> {
    question: &'a Value,
    pod: &'a PodMachine,
    running: Vec<ContainerIndex>,
    grace_override: Option<Duration>,
}

impl Stop<'_> {
    fn waits_for(&self) -> Value {
        let spec = &self.pod.spec;
        let waits = spec.sidecars().map(|(sidecar, container)| {
            let names = self.awaited(sidecar).map(|index| spec.container_name(index)).collect::<Vec<_>>();
            (container.name().to_owned(), json!(names))
        });
        Value::Object(waits.collect())
    }

    /// The running containers that a sidecar waits for: regular ones first.
    fn awaited(&self, sidecar: ContainerIndex) -> impl Iterator<Item = ContainerIndex> {
        let spec = &self.pod.spec;
        let others = spec.regular_containers().chain(spec.init_containers()).map(|(index, _)| index);
        others.filter(move |other| self.running.contains(other) && termination_order::waits_for(spec, sidecar, *other))
    }

    fn whole_pod(&self) -> Value {
        // Containers that others wait for come first: regular containers, then sidecars from the last to the first.
        let mut order = self.running.clone();
        order.sort_by_key(|index| std::cmp::Reverse(index.get()));
        let mut gone: BTreeMap<ContainerIndex, u64> = BTreeMap::new();
        let mut stops: Vec<(String, Value)> = Vec::new();
        for index in order {
            let (mut grace, mut at) = self.after_hook(index, self.grace_override.unwrap_or(self.grace(index, None)));
            if grace::has_time_left(grace) {
                let awaited = self.awaited(index).map(|other| gone[&other]).max().unwrap_or(0);
                let wait = Duration::from_secs(awaited.saturating_sub(at)).min(grace);
                at += wait.as_secs();
                grace = grace::remaining_grace(grace, wait);
            }
            let timeout = grace::stop_timeout(grace).as_secs();
            let gone_at = at + timeout.min(self.seconds("stopSeconds", index));
            gone.insert(index, gone_at);
            let name = self.pod.spec.container_name(index);
            stops.push((name.to_owned(), json!({"name": name, "at": at, "timeout": timeout, "goneAt": gone_at})));
        }
        stops.sort_by(|one, other| one.0.cmp(&other.0));
        stops.into_iter().map(|(_, stop)| stop).collect()
    }

    fn single(&self, kill: &Value) -> Lowered<Value> {
        let index = self.pod.index_of(kill["container"].as_str().unwrap_or_default())?;
        let failed_probe = match kill["reason"].as_str() {
            Some("StartupProbe") => Some(ProbeKind::Startup),
            Some("LivenessProbe") => Some(ProbeKind::Liveness),
            _ => None,
        };
        let chosen = self.grace(index, failed_probe);
        let (grace, at) = self.after_hook(index, self.grace_override.unwrap_or(chosen));
        let timeout = grace::stop_timeout(grace).as_secs();
        Ok(json!({"gracePeriod": chosen.as_secs(), "at": at, "timeout": timeout}))
    }

    fn grace(&self, index: ContainerIndex, failed_probe: Option<ProbeKind>) -> Duration {
        let deletion_grace = self.pod.manifest.metadata.deletion_grace_period_seconds;
        let deletion_grace = deletion_grace.map(|seconds| Duration::from_secs(seconds.max(0).unsigned_abs()));
        let container = self.pod.spec.container(index).unwrap();
        grace::container_grace(&self.pod.spec, deletion_grace, container, failed_probe)
    }

    /// What is left of a grace after the preStop hook, and how long the hook took.
    fn after_hook(&self, index: ContainerIndex, grace: Duration) -> (Duration, u64) {
        let has_hook = self.pod.spec.container(index).is_some_and(|container| container.pre_stop().is_some());
        if !has_hook || !grace::has_time_left(grace) {
            return (grace, 0);
        }
        let hook = Duration::from_secs(self.seconds("preStopSeconds", index)).min(grace);
        (grace::remaining_grace(grace, hook), hook.as_secs())
    }

    fn seconds(&self, field: &str, index: ContainerIndex) -> u64 {
        self.question[field][self.pod.spec.container_name(index)].as_u64().unwrap_or(0)
    }
}
