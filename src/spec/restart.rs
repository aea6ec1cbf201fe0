//! Restart policy and restart rules of a container (KEP-5307).

use alloc::boxed::Box;

use serde::{Deserialize, Serialize};

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
