//! Restart policy and restart rules of a container (KEP-5307).

use alloc::boxed::Box;

use serde::{Deserialize, Serialize};

use super::{ContainerKind, ContainerSpec, PodSpec};
use crate::api::{ExitCodeOperator, RestartPolicy, RestartRuleAction};

/// Restart policy and rules of a container, with the Pod's policy filled in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Restart {
    pub(crate) rules: Box<[RestartRule]>,
    pub(crate) policy: RestartPolicy,
    pub(crate) is_own: bool,
}

/// Restart rule on a container's exit code (`restartPolicyRules`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestartRule {
    pub(crate) action: RestartRuleAction,
    pub(crate) exit_codes: Option<(ExitCodeOperator, Box<[i32]>)>,
}

impl Restart {
    /// Returns the container's own restart policy, or else the Pod's. It decides if no rule matches.
    #[must_use]
    pub fn policy(&self) -> RestartPolicy {
        self.policy
    }

    /// True if the container has a restart policy of its own.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.is_own
    }

    /// Returns the restart rules, of which the first that matches decides.
    #[must_use]
    pub fn rules(&self) -> &[RestartRule] {
        &self.rules
    }
}

impl RestartRule {
    /// Returns the action of the rule.
    #[must_use]
    pub fn action(&self) -> RestartRuleAction {
        self.action
    }

    /// True if the rule matches this exit code; one without exit codes matches none.
    #[must_use]
    pub fn matches(&self, exit_code: i32) -> bool {
        self.exit_codes.as_ref().is_some_and(|(operator, codes)| match operator {
            ExitCodeOperator::In => codes.contains(&exit_code),
            ExitCodeOperator::NotIn => !codes.contains(&exit_code),
        })
    }
}

impl ContainerSpec {
    /// Forgets the restart policy and rules of the container's own; a sidecar keeps its policy, which makes it one.
    pub(super) fn follow_pod_policy(&mut self, pod_policy: RestartPolicy) {
        self.restart.rules = Box::default();
        if self.kind != ContainerKind::Sidecar {
            self.restart.policy = pod_policy;
            self.restart.is_own = false;
        }
    }
}

impl PodSpec {
    /// True if a container has restart rules, or a restart policy of its own other than a sidecar's `Always`.
    pub(crate) fn has_container_restart(&self) -> bool {
        let is_own = |it: &ContainerSpec| it.restart.is_own && it.kind != ContainerKind::Sidecar;
        self.containers.iter().any(|it| is_own(it) || !it.restart.rules.is_empty())
    }

    /// Returns the spec with the Pod's restart policy for every container, as a kubelet reads it that knows no other.
    pub(crate) fn with_pod_restart_only(&self) -> PodSpec {
        let mut spec = self.clone();
        spec.all_containers_could_restart = false;
        spec.containers.iter_mut().for_each(|container| container.follow_pod_policy(self.policy));
        spec
    }

    /// Returns the spec without the rules that restart all containers, as a kubelet reads it that knows no such action.
    pub(crate) fn without_restart_of_all(&self) -> PodSpec {
        let mut spec = self.clone();
        // Derived from the rules that go below.
        spec.all_containers_could_restart = false;
        for container in &mut spec.containers {
            let rules = container.restart.rules.iter();
            container.restart.rules =
                rules.filter(|rule| rule.action != RestartRuleAction::RestartAllContainers).cloned().collect();
        }
        spec
    }
}
