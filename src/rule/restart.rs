//! Is a container started again?
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
//! assert_eq!(could, [true, false], "a sidecar always is");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::record_of;
use crate::{
    api::{RestartPolicy, RestartRuleAction},
    spec::{ContainerIndex, ContainerSpec, PodSpec, Restart, RestartRule},
    state::{ContainerRecord, Instance, InstanceState, RuntimeStatus},
};

/// Whether a container is started again after an exit with this code, by its policy alone.
///
/// The first matching rule decides (both actions restart), then the container's own policy, then the Pod's. Rules
/// are read only beside a policy of the container's own. Answers to `ContainerShouldRestart` in `pkg/api/v1/pod`.
///
/// ```
/// use pod_lifecycle::{api, rule::restart, spec::PodSpec};
///
/// let manifest: api::PodManifest = serde_json::from_str(r#"{"spec": {"restartPolicy": "OnFailure",
///     "containers": [{"name": "job", "image": "busybox"}]}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let (_, job) = spec.regular_containers().next().ok_or("no container")?;
/// assert!(restart::restarts_after_exit(job.restart(), 1));
/// assert!(!restart::restarts_after_exit(job.restart(), 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn restarts_after_exit(restart: &Restart, exit_code: i32) -> bool {
    if restart.is_own() && matching_rule(restart, exit_code).is_some() {
        return true;
    }
    match restart.policy() {
        RestartPolicy::Always => true,
        RestartPolicy::OnFailure => exit_code != 0,
        RestartPolicy::Never => false,
    }
}

/// The first rule that is about this exit code, with its place.
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

/// Whether an exit with this code restarts every container of the Pod.
///
/// ```
/// # use pod_lifecycle::{api, rule::restart, spec::PodSpec};
/// # let manifest: api::PodManifest =
/// #     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let (_, app) = spec.containers().next().ok_or("no container")?;
/// assert!(!restart::restarts_all_containers(app.restart(), 1), "it has no rules");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn restarts_all_containers(restart: &Restart, exit_code: i32) -> bool {
    matching_rule(restart, exit_code).is_some_and(|(_, rule)| rule.action() == RestartRuleAction::RestartAllContainers)
}

/// Whether a container could ever be started again, whatever its exit code: the coarse question.
///
/// Answers to `IsContainerRestartable` in `pkg/api/v1/pod`.
///
/// ```
/// use pod_lifecycle::{api, rule::restart, spec::PodSpec};
///
/// let manifest: api::PodManifest = serde_json::from_str(
///     r#"{"spec": {"restartPolicy": "Never", "containers": [{"name": "job", "image": "busybox"}]}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let (_, job) = spec.containers().next().ok_or("no container")?;
/// assert!(!restart::is_restartable(job.restart()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn is_restartable(restart: &Restart) -> bool {
    let by_rule = || restart.rules().iter().any(|rule| rule.action() == RestartRuleAction::Restart);
    restart.policy() != RestartPolicy::Never || restart.is_own() && by_rule()
}

/// Whether a container is to be started (again), given its newest instance.
///
/// Answers to `ShouldContainerBeRestarted` in `pkg/kubelet/container`.
///
/// ```
/// use pod_lifecycle::{api, rule::restart, spec::PodSpec};
///
/// let manifest: api::PodManifest =
///     serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let (_, app) = spec.containers().next().ok_or("no container")?;
/// assert!(restart::should_restart(app, None, false), "it has never run");
/// assert!(!restart::should_restart(app, None, true), "its PodMachine is being deleted");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn should_restart(container: &ContainerSpec, newest: Option<&Instance>, is_deleting: bool) -> bool {
    if is_deleting {
        return false;
    }
    match newest.map(|instance| &instance.state) {
        None | Some(InstanceState::Created | InstanceState::Unknown) => true,
        Some(InstanceState::Running { .. }) => false,
        Some(InstanceState::Exited(termination)) => restarts_after_exit(container.restart(), termination.exit_code),
    }
}

/// Whether all containers are to be restarted in place: it is under way already, or the runtime or the previous
/// status shows an exit with a matching rule.
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

/// Whether the runtime has nothing left of any init or regular container, so that they start afresh.
///
/// Answers to `AllContainersRestartCleanedUp` in `pkg/kubelet/container`.
///
/// ```
/// use pod_lifecycle::{api, rule::restart, spec::PodSpec, state::RuntimeStatus};
///
/// let spec = PodSpec::from_admitted(&api::PodManifest::default())?;
/// assert!(restart::all_containers_restart_cleaned_up(&spec, &RuntimeStatus::default()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn all_containers_restart_cleaned_up(spec: &PodSpec, runtime: &RuntimeStatus) -> bool {
    spec.init_and_regular_containers().all(|(index, _)| runtime.newest(index).is_none())
}
