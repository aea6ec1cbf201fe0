//! Sandbox decision: keep the Pod's sandbox or create a new one (`PodSandboxChanged` in pkg/kubelet/kuberuntime/util).
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-conditions> calls it the sandbox of
//! `PodReadyToStartContainers` (KEP-3085).
//!
//! ```
//! use pod_lifecycle::{api, rule::sandbox, spec::PodSpec, state::{RuntimeStatus, Sandbox, SandboxId}};
//!
//! let spec = PodSpec::from_admitted(&api::PodManifest::default())?;
//! let dead = Sandbox { id: SandboxId(0), attempt: 0, is_ready: false, uses_host_network: false, has_ip: None };
//! let runtime = RuntimeStatus { sandboxes: vec![dead], ..RuntimeStatus::default() };
//! let need = sandbox::pod_sandbox_changed(&spec, &runtime);
//! assert_eq!((need.must_create, need.attempt), (true, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Asked by: [`pod_actions`](super::pod_actions) and [`conditions`](super::conditions).

use crate::{
    spec::PodSpec,
    state::{RuntimeStatus, SandboxId},
};

/// Sandbox that a sync uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SandboxDecision {
    /// True if a new sandbox has to be created.
    pub must_create: bool,
    /// Attempt of the sandbox to use: the next if it is created, else that of the current one.
    pub attempt: u32,
    /// Sandbox to use; or the one to replace, unless its network is what changed.
    pub current: Option<SandboxId>,
}

/// Decides whether a new sandbox is needed: there is none, several are ready, the newest is not, its network is not
/// what the spec asks for, or it has no address.
///
/// Answers to `PodSandboxChanged` in `pkg/kubelet/kuberuntime/util`.
#[must_use]
pub fn pod_sandbox_changed(spec: &PodSpec, runtime: &RuntimeStatus) -> SandboxDecision {
    let Some(newest) = runtime.sandboxes.first() else {
        return SandboxDecision { must_create: true, attempt: 0, current: None };
    };
    let another_is_ready = runtime.sandboxes.iter().skip(1).any(|sandbox| sandbox.is_ready);
    let network_changed = newest.uses_host_network != spec.uses_host_network();
    let has_no_address = !spec.uses_host_network() && newest.has_ip == Some(false);
    let is_sound = newest.is_ready && !another_is_ready;
    let must_create = !is_sound || network_changed || has_no_address;
    SandboxDecision {
        must_create,
        attempt: if must_create { newest.attempt.saturating_add(1) } else { newest.attempt },
        // The kubelet returns an empty id for a sandbox whose network namespace changed.
        current: (!is_sound || !network_changed).then_some(newest.id),
    }
}
