//! Columns of `kubectl get pods` (`printPod` in pkg/printers/internalversion).

use alloc::{
    borrow::Cow,
    collections::BTreeMap,
    format,
    string::{String, ToString},
};

use super::{
    age::{age, set},
    status_column::{ContainerView, InitContainers, RegularContainers, status_column},
};
use crate::{
    api::{ConditionStatus, Container, ContainerStatus, Name, PodManifest, PodStatus, RestartPolicy},
    state::ConditionType,
    time::Timestamp,
};

/// Row of a Pod in `kubectl get pods`, without name and addresses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Row {
    /// READY: ready regular containers and sidecars, of all of them: `1/2`.
    pub ready: String,
    /// STATUS: state of the Pod in one word.
    pub status: String,
    /// RESTARTS: number of restarts, and age of the last exit: `3 (5m ago)`.
    pub restarts: String,
    /// AGE: time since creation.
    pub age: String,
    /// READINESS GATES (wide output only): gates that are true, of all of them; or `<none>`.
    pub readiness_gates: String,
}

/// Returns the row of a Pod.
///
/// Init containers count up to the first that blocks the Pod. Regular containers count if none blocks it, or if the Pod
/// is `Initialized` all the same; then RESTARTS no longer contains those of ordinary init containers.
///
/// <https://kubernetes.io/docs/tasks/debug/debug-application/debug-init-containers/#understanding-pod-status>
///
/// Answers to `printPod` in `pkg/printers/internalversion`.
///
/// ```
/// use pod_lifecycle::{api::PodManifest, kubectl};
///
/// let pod: PodManifest = serde_json::from_str(r#"{
///     "metadata": {"name": "web", "creationTimestamp": "2026-03-01T12:00:00Z"},
///     "spec": {"containers": [{"name": "app", "image": "nginx"}]},
///     "status": {"phase": "Running", "containerStatuses": [{
///         "name": "app", "ready": false, "restartCount": 3, "image": "nginx", "imageID": "",
///         "state": {"waiting": {"reason": "CrashLoopBackOff"}},
///         "lastState": {"terminated": {"exitCode": 1, "finishedAt": "2026-03-01T12:02:00Z"}}
///     }]}
/// }"#)?;
/// let row = kubectl::row(&pod, "2026-03-01T12:07:00Z".parse()?);
/// assert_eq!((&*row.ready, &*row.status, &*row.restarts, &*row.age), ("0/1", "CrashLoopBackOff", "3 (5m ago)", "7m"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn row(pod: &PodManifest, now: Timestamp) -> Row {
    let (containers, statuses) = (&pod.spec.init_containers, &pod.status.init_container_statuses);
    // printPod looks a container up by the name in its status: a status without a container in the spec is no
    // sidecar's.
    let kinds: BTreeMap<_, _> = containers.iter().map(|it| (&*it.name, is_sidecar(it))).collect();
    let is_sidecar_status = |status: &ContainerStatus| kinds.get(&*status.name) == Some(&true);
    let views = statuses.iter().map(|status| (ContainerView::of_status(status), is_sidecar_status(status)));
    let init = InitContainers::read(views, containers.len());
    let shows_regular =
        // Once a regular container has started, the kubelet keeps Initialized True, even if a sidecar exits later.
        init.blocking.is_none() || first_condition_is_true(&pod.status, ConditionType::Initialized.name());
    let regular = shows_regular
        .then(|| RegularContainers::read(pod.status.container_statuses.iter().map(ContainerView::of_status)));

    let init_statuses = statuses.iter().take(init.seen);
    // printPod starts counting again from the sidecars' restarts once it looks at regular containers.
    let restarts = if shows_regular {
        let sidecars = init_statuses.filter(|status| is_sidecar_status(status));
        Restarts::of_all(sidecars.chain(&pod.status.container_statuses))
    } else {
        Restarts::of_all(init_statuses)
    };
    let ready = init.ready.saturating_add(regular.as_ref().map_or(0, |regular| regular.ready));
    let sidecars = containers.iter().filter(|container| is_sidecar(container)).count();
    // The total is the spec's: a container without a status counts as one that is not ready.
    let counted = pod.spec.containers.len().saturating_add(sidecars);
    Row {
        ready: format!("{ready}/{counted}"),
        status: status_column(pod, init, regular).into_owned(),
        restarts: restarts.column(now),
        age: age(pod.metadata.creation_timestamp, now),
        readiness_gates: readiness_gates(pod).into_owned(),
    }
}

fn is_sidecar(container: &Container) -> bool {
    container.restart_policy == Some(RestartPolicy::Always.into())
}

/// Returns the READINESS GATES column: `1/2`, or `<none>`.
///
/// <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-readiness-gate>
fn readiness_gates(pod: &PodManifest) -> Cow<'static, str> {
    let gates = &pod.spec.readiness_gates;
    if gates.is_empty() {
        return "<none>".into();
    }
    let are_true = gates.iter().filter(|gate| first_condition_is_true(&pod.status, &gate.condition_type));
    format!("{}/{}", are_true.count(), gates.len()).into()
}

/// True if the first condition of a type is; kubectl ignores later ones.
fn first_condition_is_true(status: &PodStatus, type_: &str) -> bool {
    // GetPodConditionFromList returns the first.
    let first = status.conditions.iter().find(|condition| condition.type_ == type_);
    first.is_some_and(|condition| condition.status.known() == Some(ConditionStatus::True))
}

/// Restarts of some containers.
#[derive(Clone, Copy, Default)]
struct Restarts {
    /// Wider than a container's count, which may be absurd.
    count: i64,
    last_exit: Option<Timestamp>,
}

impl Restarts {
    fn of_all<'a>(statuses: impl Iterator<Item = &'a ContainerStatus>) -> Restarts {
        statuses.fold(Restarts::default(), |all, status| {
            // Only lastState: an exit in `state` has not led to a restart yet.
            let last = status.last_state.terminated.as_ref();
            let last_exit = set(last.and_then(|last| last.finished_at));
            Restarts {
                count: all.count.saturating_add(status.restart_count.into()),
                last_exit: all.last_exit.max(last_exit),
            }
        })
    }

    /// Returns `3 (5m ago)`, or `3` if no status has the time of an exit.
    fn column(self, now: Timestamp) -> String {
        match self {
            Restarts { count: 0, .. } | Restarts { last_exit: None, .. } => self.count.to_string(),
            Restarts { count, last_exit } => format!("{count} ({} ago)", age(last_exit, now)),
        }
    }
}
