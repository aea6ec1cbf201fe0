//! What a container's exit leads to, in one normal form.

use alloc::boxed::Box;

use serde::{Deserialize, Serialize};

use crate::api::{ExitCodeOperator, RestartPolicy, RestartRuleAction};

/// A container's restart policy and rules, with the Pod's policy filled in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Restart {
    pub(crate) rules: Box<[RestartRule]>,
    pub(crate) policy: RestartPolicy,
    pub(crate) is_own: bool,
}

/// A rule on a container's exit code.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestartRule {
    pub(crate) action: RestartRuleAction,
    pub(crate) exit_codes: Option<(ExitCodeOperator, Box<[i32]>)>,
}

impl Restart {
    /// The policy that decides where no rule does: the container's own, else the Pod's.
    #[must_use]
    pub fn policy(&self) -> RestartPolicy {
        self.policy
    }

    /// Whether the container has a policy of its own.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.is_own
    }

    /// The rules, in the order in which they are tried.
    #[must_use]
    pub fn rules(&self) -> &[RestartRule] {
        &self.rules
    }
}

impl RestartRule {
    /// What the rule does.
    #[must_use]
    pub fn action(&self) -> RestartRuleAction {
        self.action
    }

    /// Whether the rule is about this exit code; without exit codes it is about none.
    #[must_use]
    pub fn matches(&self, exit_code: i32) -> bool {
        self.exit_codes.as_ref().is_some_and(|(operator, codes)| match operator {
            ExitCodeOperator::In => codes.contains(&exit_code),
            ExitCodeOperator::NotIn => !codes.contains(&exit_code),
        })
    }
}
