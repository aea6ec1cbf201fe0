//! Does the Pod need a new sandbox?
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-conditions> calls it the sandbox of
//! `PodReadyToStartContainers` (KEP-3085). Answers to `PodSandboxChanged` in `pkg/kubelet/kuberuntime/util`.
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

use crate::{
    spec::PodSpec,
    state::{RuntimeStatus, SandboxId},
};

/// Which sandbox the Pod is to use.
///
/// ```
/// use pod_lifecycle::rule::sandbox::SandboxDecision;
///
/// let kept = SandboxDecision { must_create: false, attempt: 2, current: None };
/// assert_eq!(kept.attempt, 2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SandboxDecision {
    /// Whether a new one has to be made.
    pub must_create: bool,
    /// The attempt of the one to use: the next, or the current.
    pub attempt: u32,
    /// The one to use, or the one found wanting.
    pub current: Option<SandboxId>,
}

/// Whether a new sandbox is needed: there is none, several are ready, the newest is not, its network is not what the
/// spec wants, or it has no address.
///
/// Answers to `PodSandboxChanged` in `pkg/kubelet/kuberuntime/util`.
///
/// ```
/// use pod_lifecycle::{api, rule::sandbox, spec::PodSpec, state::RuntimeStatus};
///
/// let spec = PodSpec::from_admitted(&api::PodManifest::default())?;
/// assert!(sandbox::pod_sandbox_changed(&spec, &RuntimeStatus::default()).must_create);
/// # Ok::<(), pod_lifecycle::spec::SpecError>(())
/// ```
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
        current: (!is_sound || !network_changed).then_some(newest.id),
    }
}
