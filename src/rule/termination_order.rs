//! Termination order: a sidecar stops after every regular container and in reverse order of the spec
//! (pkg/kubelet/kuberuntime/kuberuntime_termination_order.go).
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/>; KEP-753.
//!
//! Asked by: `kubelet::kill_container` and `explain::stop`.

use crate::spec::{ContainerIndex, ContainerKind, ContainerSpec, PodSpec};

/// True if a sidecar of a Pod that is being stopped gets no SIGTERM until another container is gone: it waits for every
/// regular container and for the next sidecar.
///
/// Answers to `newTerminationOrdering` in `pkg/kubelet/kuberuntime`; KEP-753.
///
/// ```
/// use pod_lifecycle::{api, rule::termination_order, spec::PodSpec};
///
/// let manifest: api::PodManifest = serde_json::from_str(r#"{"spec": {
///     "initContainers": [{"name": "proxy", "image": "envoy", "restartPolicy": "Always"}],
///     "containers": [{"name": "app", "image": "nginx"}]}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let (proxy, app) = (0.into(), 1.into());
/// assert!(termination_order::waits_for(&spec, proxy, app));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn waits_for(spec: &PodSpec, sidecar: ContainerIndex, other: ContainerIndex) -> bool {
    let kind_of = |index| spec.container(index).map(ContainerSpec::kind);
    if kind_of(sidecar) != Some(ContainerKind::Sidecar) {
        return false;
    }
    // Sidecars stop in reverse order. Waiting for the next one is enough: that one waits for its own next.
    let is_next_sidecar = || spec.sidecars().map(|(index, _)| index).find(|&index| index > sidecar) == Some(other);
    kind_of(other) == Some(ContainerKind::Regular) || is_next_sidecar()
}
