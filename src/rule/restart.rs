//! Restart policies and restart rules: whether a container starts again (pkg/api/v1/pod, pkg/kubelet/container).
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy>, KEP-5307 (container restart
//! rules), KEP-5532 (restart of all containers).
//!
//! ```
//! use pod_lifecycle::{api, rule::restart, spec::PodSpec};
//!
//! let manifest: api::PodManifest = serde_json::from_str(r#"{"spec": {"restartPolicy": "Never",
//!     "initContainers": [{"name": "proxy", "image": "envoy", "restartPolicy": "Always"}],
//!     "containers": [{"name": "app", "image": "nginx"}]}}"#)?;
//! let spec = PodSpec::from_admitted(&manifest)?;
//! let could: Vec<bool> = spec.containers().map(|(_, it)| restart::is_restartable(it.restart())).collect();
//! assert_eq!(could, [true, false], "a sidecar may always restart");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Asked by: [`pod_actions`](super::pod_actions), [`container_status`](super::container_status),
//! [`phase`](super::phase) and [`probe`](super::probe); `kubelet::status_manager`.

use super::record_of;
use crate::{
    api::{RestartPolicy, RestartRuleAction},
    spec::{ContainerIndex, ContainerSpec, PodSpec, Restart, RestartRule},
    state::{ContainerRecord, Instance, InstanceState, RuntimeStatus},
};

/// True if a container restarts after an exit with this code, by its restart policy and rules alone.
///
/// The first matching rule decides (both actions restart), then the container's own policy, then the Pod's. Answers to
/// `ContainerShouldRestart` in `pkg/api/v1/pod`.
#[must_use]
pub fn restarts_after_exit(restart: &Restart, exit_code: i32) -> bool {
    // Rules are read only beside a policy of the container's own (KEP-5307).
    if restart.is_own() && matching_rule(restart, exit_code).is_some() {
        return true;
    }
    policy_restarts(restart.policy(), exit_code)
}

/// True if a restart policy alone restarts a container after an exit with this code.
pub(super) fn policy_restarts(policy: RestartPolicy, exit_code: i32) -> bool {
    match policy {
        RestartPolicy::Always => true,
        RestartPolicy::OnFailure => exit_code != 0,
        RestartPolicy::Never => false,
    }
}

/// Returns the first restart rule that matches this exit code, with its place in the list.
///
/// Answers to `FindMatchingContainerRestartRule` in `pkg/api/v1/pod`.
///
/// ```
/// use pod_lifecycle::{api, rule::restart, spec::PodSpec};
///
/// let manifest: api::PodManifest = serde_json::from_str(r#"{"spec": {"containers": [{
///     "name": "app", "image": "nginx", "restartPolicy": "Never",
///     "restartPolicyRules": [{"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [42]}}]
/// }]}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let (_, app) = spec.containers().next().ok_or("no container")?;
/// assert_eq!(restart::matching_rule(app.restart(), 42).map(|(place, _)| place), Some(0));
/// assert!(restart::restarts_all_containers(app.restart(), 42) && !restart::restarts_all_containers(app.restart(), 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn matching_rule(restart: &Restart, exit_code: i32) -> Option<(usize, &RestartRule)> {
    restart.rules().iter().enumerate().find(|(_, rule)| rule.matches(exit_code))
}

/// True if an exit with this code restarts every container of the Pod (KEP-5532).
#[must_use]
pub fn restarts_all_containers(restart: &Restart, exit_code: i32) -> bool {
    matching_rule(restart, exit_code).is_some_and(|(_, rule)| rule.action() == RestartRuleAction::RestartAllContainers)
}

/// True if there is an exit code after which a container restarts.
///
/// Answers to `IsContainerRestartable` in `pkg/api/v1/pod`.
#[must_use]
pub fn is_restartable(restart: &Restart) -> bool {
    let by_rule = || restart.rules().iter().any(|rule| rule.action() == RestartRuleAction::Restart);
    restart.policy() != RestartPolicy::Never || restart.is_own() && by_rule()
}

/// True if a container has to be started, for the first time or again, given its newest instance.
///
/// Answers to `ShouldContainerBeRestarted` in `pkg/kubelet/container`.
#[must_use]
pub fn should_restart(container: &ContainerSpec, newest: Option<&Instance>, is_deleting: bool) -> bool {
    // A Pod that is being deleted starts nothing, not even containers that have never run.
    if is_deleting {
        return false;
    }
    match newest.map(|instance| &instance.state) {
        None | Some(InstanceState::Created | InstanceState::Unknown) => true,
        Some(InstanceState::Running { .. }) => false,
        Some(InstanceState::Exited(termination)) => restarts_after_exit(container.restart(), termination.exit_code),
    }
}

/// True if all containers have to be restarted in place: the restart is under way already, or the runtime or the
/// previous status shows an exit that a `RestartAllContainers` rule matches.
///
/// Answers to `ShouldAllContainersRestart` in `pkg/kubelet/container`.
///
/// ```
/// use pod_lifecycle::{api, rule::restart, spec::PodSpec, state::RuntimeStatus};
///
/// let manifest: api::PodManifest =
///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#)?;
/// let (spec, nothing) = (PodSpec::from_admitted(&manifest)?, RuntimeStatus::default());
/// assert!(!restart::should_restart_all_containers(&spec, Some(&nothing), &[None], false));
/// assert!(restart::should_restart_all_containers(&spec, Some(&nothing), &[None], true), "it is under way");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn should_restart_all_containers(
    spec: &PodSpec,
    runtime: Option<&RuntimeStatus>,
    previous: &[Option<ContainerRecord>],
    is_under_way: bool,
) -> bool {
    if is_under_way {
        return true;
    }
    spec.all_containers_could_restart()
        && spec
            .init_and_regular_containers()
            .any(|(index, container)| triggers_all(container, index, runtime, record_of(previous, index)))
}

fn triggers_all(
    container: &ContainerSpec,
    index: ContainerIndex,
    runtime: Option<&RuntimeStatus>,
    previous: Option<&ContainerRecord>,
) -> bool {
    let triggered = |exit_code| restarts_all_containers(container.restart(), exit_code);
    if let Some(runtime) = runtime {
        // A container that the runtime does not show as exited cannot trigger by its old status either.
        let Some(termination) = runtime.newest(index).and_then(Instance::termination) else { return false };
        if triggered(termination.exit_code) {
            return true;
        }
    }
    previous.and_then(ContainerRecord::termination).is_some_and(|termination| triggered(termination.exit_code))
}

/// True if the runtime has no instance of any init or regular container left, so that all start afresh.
///
/// Answers to `AllContainersRestartCleanedUp` in `pkg/kubelet/container`.
#[must_use]
pub fn all_containers_restart_cleaned_up(spec: &PodSpec, runtime: &RuntimeStatus) -> bool {
    spec.init_and_regular_containers().all(|(index, _)| runtime.newest(index).is_none())
}
