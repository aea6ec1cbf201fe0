//! What the containers of a Pod add to its row.

use alloc::{collections::BTreeMap, format, string::String};

use super::{first_condition_is_true, restarts::Restarts};
use crate::{
    api::{Container, ContainerStateTerminated, ContainerStatus, Name, PodManifest, PodStatus, RestartPolicy},
    state::ConditionType,
};

/// The init containers and sidecars, in the order of their statuses up to the first that holds the Pod up.
///
/// <https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/> (KEP-753)
#[derive(Default)]
pub(super) struct InitContainers {
    /// Sidecars in the spec.
    pub(super) sidecars: usize,
    /// Sidecars that have started and are ready.
    pub(super) ready: usize,
    /// Restarts of all of them.
    pub(super) restarts: Restarts,
    /// Restarts of the sidecars among them.
    pub(super) sidecar_restarts: Restarts,
    /// What the Pod waits for: `Init:` and a reason, or how many are done of how many.
    pub(super) holding_up: Option<String>,
}

impl InitContainers {
    pub(super) fn read(pod: &PodManifest) -> InitContainers {
        let spec = &pod.spec.init_containers;
        let kinds: BTreeMap<_, _> = spec.iter().map(|container| (&*container.name, is_sidecar(container))).collect();
        let sidecars = spec.iter().filter(|container| is_sidecar(container)).count();
        let mut init = InitContainers { sidecars, ..InitContainers::default() };
        for (index, status) in pod.status.init_container_statuses.iter().enumerate() {
            let is_sidecar = kinds.get(&*status.name) == Some(&true);
            init.count_restarts(status, is_sidecar);
            match Progress::of(status, is_sidecar) {
                Progress::Completed => {}
                Progress::Started => init.ready = init.ready.saturating_add(status.ready.into()),
                Progress::Outstanding => {
                    let word = trouble(status).unwrap_or_else(|| format!("{index}/{}", spec.len()));
                    init.holding_up = Some(format!("Init:{word}"));
                    break;
                }
            }
        }
        init
    }

    fn count_restarts(&mut self, status: &ContainerStatus, is_sidecar: bool) {
        let restarts = Restarts::of(status);
        self.restarts = self.restarts.and(restarts);
        if is_sidecar {
            self.sidecar_restarts = self.sidecar_restarts.and(restarts);
        }
    }

    /// Whether the regular containers are looked at, too.
    pub(super) fn let_through(&self, status: &PodStatus) -> bool {
        self.holding_up.is_none() || first_condition_is_true(status, ConditionType::Initialized.name())
    }
}

/// How far one init container has come.
enum Progress {
    /// It ended well.
    Completed,
    /// It is a sidecar that has started.
    Started,
    /// What comes after it has to wait.
    Outstanding,
}

impl Progress {
    fn of(status: &ContainerStatus, is_sidecar: bool) -> Progress {
        match &status.state.terminated {
            Some(end) if end.exit_code == 0 => Progress::Completed,
            _ if is_sidecar && status.started == Some(true) => Progress::Started,
            _ => Progress::Outstanding,
        }
    }
}

/// Why an init container does not get on, if it says more than that its turn has not come.
fn trouble(status: &ContainerStatus) -> Option<String> {
    match &status.state.terminated {
        Some(end) => Some(ending(end)),
        None => waiting_reason(status).filter(|reason| *reason != "PodInitializing").map(String::from),
    }
}

fn is_sidecar(container: &Container) -> bool {
    container.restart_policy == Some(RestartPolicy::Always.into())
}

/// The regular containers.
#[derive(Default)]
pub(super) struct RegularContainers {
    /// How many run and are ready.
    pub(super) ready: usize,
    /// Restarts of all of them.
    pub(super) restarts: Restarts,
    /// What the first that waits for a reason, or has ended, has to say.
    pub(super) word: Option<String>,
    /// What the first that ended badly has to say.
    pub(super) failure: Option<String>,
}

impl RegularContainers {
    pub(super) fn read(status: &PodStatus) -> RegularContainers {
        let mut regular = RegularContainers::default();
        for status in &status.container_statuses {
            regular.restarts = regular.restarts.and(Restarts::of(status));
            let (word, failed) = match (waiting_reason(status), &status.state.terminated) {
                (Some(reason), _) => (String::from(reason), false),
                (None, Some(end)) => (ending(end), end.exit_code != 0),
                (None, None) => {
                    let is_ready = status.ready && status.state.running.is_some();
                    regular.ready = regular.ready.saturating_add(is_ready.into());
                    continue;
                }
            };
            if failed && regular.failure.is_none() {
                regular.failure = Some(word.clone());
            }
            regular.word.get_or_insert(word);
        }
        regular
    }
}

/// Why a container waits, if it says so.
fn waiting_reason(status: &ContainerStatus) -> Option<&str> {
    status.state.waiting.as_ref().map(|waiting| &*waiting.reason).filter(|reason| !reason.is_empty())
}

/// How a container ended, in one word.
fn ending(end: &ContainerStateTerminated) -> String {
    match (&*end.reason, end.signal) {
        ("", 0) => format!("ExitCode:{}", end.exit_code),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.into(),
    }
}
