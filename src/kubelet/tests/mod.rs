//! Tests of single components.

mod pleg;
mod prober_manager;
mod sync_state;

use alloc::{sync::Arc, vec::Vec};
use core::time::Duration;

use serde_json::{Value, json};

use super::{api_pod::ApiPod, components::Kubelet, sink::Output};
use crate::{
    action::Action,
    config::{KubeletConfig, Kubernetes},
    spec::{ContainerIndex, PodSpec},
    state::{Instance, InstanceId, InstanceState, RuntimeStatus, Sandbox, SandboxId, Termination, TerminationReason},
    time::Timestamp,
};

const FIRST: ContainerIndex = ContainerIndex::FIRST;

/// Returns the time so long after the epoch.
pub(super) fn at(millis: u64) -> Timestamp {
    Timestamp::UNIX_EPOCH + Duration::from_millis(millis)
}

/// Returns a Pod with this spec.
fn spec(spec: Value) -> Arc<PodSpec> {
    let manifest = serde_json::from_value(json!({"metadata": {"name": "web"}, "spec": spec})).unwrap();
    Arc::new(PodSpec::from_admitted(&manifest).unwrap())
}

/// Returns a Pod of one container.
pub(super) fn one_container() -> Arc<PodSpec> {
    spec(json!({"containers": [{"name": "app", "image": "nginx:1"}]}))
}

/// Returns the components of a kubelet that gets this Pod, and finds this in the runtime.
fn kubelet(spec: &Arc<PodSpec>, runtime: RuntimeStatus) -> Kubelet {
    Kubelet::new(
        Arc::new(ApiPod::new(spec.clone(), Kubernetes::default())),
        runtime,
        Arc::new(KubeletConfig::default()),
        at(0),
    )
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

/// Returns a runtime with a sandbox and these instances, the newest first.
fn runtime(instances: impl IntoIterator<Item = Instance>) -> RuntimeStatus {
    RuntimeStatus { sandboxes: Vec::from([sandbox()]), instances: instances.into_iter().collect() }
}

/// Returns the actions among the outputs.
fn actions(out: Vec<Output>) -> Vec<Action> {
    out.into_iter().filter_map(|output| if let Output::Action(action) = output { Some(action) } else { None }).collect()
}
