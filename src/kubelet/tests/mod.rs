//! Each part of the kubelet, driven and looked at by itself.

mod pleg;
mod prober_manager;
mod restart;
mod status_manager;
mod sync;

use alloc::{sync::Arc, vec::Vec};
use core::time::Duration;

use serde_json::{Value, json};

use super::{api_pod::ApiPod, components::Kubelet, sink::Output};
use crate::{
    action::Action,
    config::KubeletConfig,
    spec::{ContainerIndex, PodSpec},
    state::{Instance, InstanceId, InstanceState, RuntimeStatus, Sandbox, SandboxId, Termination, TerminationReason},
    time::Timestamp,
};

const FIRST: ContainerIndex = ContainerIndex::FIRST;

/// So long after the epoch.
fn at(millis: u64) -> Timestamp {
    Timestamp::UNIX_EPOCH + Duration::from_millis(millis)
}

/// A Pod with this spec.
fn spec(spec: Value) -> Arc<PodSpec> {
    let manifest = serde_json::from_value(json!({"metadata": {"name": "web"}, "spec": spec})).unwrap();
    Arc::new(PodSpec::from_admitted(&manifest).unwrap())
}

/// A Pod of one container.
fn one_container() -> Arc<PodSpec> {
    spec(json!({"containers": [{"name": "app", "image": "nginx:1"}]}))
}

/// The parts of a kubelet that has this Pod, and finds this in the runtime.
fn parts(spec: &Arc<PodSpec>, runtime: RuntimeStatus) -> Kubelet {
    Kubelet::new(Arc::new(ApiPod::new(spec.clone())), runtime, Arc::new(KubeletConfig::default()), at(0))
}

fn sandbox() -> Sandbox {
    Sandbox { id: SandboxId(0), attempt: 0, is_ready: true, uses_host_network: false, has_ip: Some(true) }
}

fn instance(container: ContainerIndex, state: InstanceState) -> Instance {
    Instance {
        id: InstanceId::nth(0),
        container: Some(container),
        sandbox: SandboxId(0),
        restart_count: 0,
        spec_changed: false,
        state,
    }
}

fn running() -> InstanceState {
    InstanceState::Running { started_at: Some(at(0)) }
}

fn exited() -> InstanceState {
    InstanceState::Exited(Arc::new(Termination::lost(TerminationReason::Error, "")))
}

/// A runtime with a sandbox in which these instances are, the newest first.
fn runtime(instances: impl IntoIterator<Item = Instance>) -> RuntimeStatus {
    RuntimeStatus { sandboxes: Vec::from([sandbox()]), instances: instances.into_iter().collect() }
}

/// What was asked for.
fn asked(out: Vec<Output>) -> Vec<Action> {
    out.into_iter().filter_map(|output| if let Output::Action(action) = output { Some(action) } else { None }).collect()
}
