//! The rules on a container's own restart policy and its restart rules.
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-restart-rules>;
//! KEPs 753 (sidecars), 5307 (container restart rules) and 5532 (restart of all containers).

use super::{path::Path, report::Report};
use crate::api::{Container, ContainerRestartRule};

const MOST_RULES: usize = 20;
const MOST_EXIT_CODES: usize = 255;

/// Answers to `validateContainerRestartPolicy`: rules are looked at even where the policy beside them is missing.
pub(super) fn regular(report: &mut Report, path: &Path<'_>, container: &Container) {
    policy(report, path, container);
    rules(report, &path.child("restartPolicyRules"), &container.restart_policy_rules);
}

/// Answers to `validateInitContainerRestartPolicy`: rules without a policy are one problem, whatever they say.
pub(super) fn init(report: &mut Report, path: &Path<'_>, container: &Container) {
    policy(report, path, container);
    if container.restart_policy.is_some() {
        rules(report, &path.child("restartPolicyRules"), &container.restart_policy_rules);
    }
}

fn policy(report: &mut Report, path: &Path<'_>, container: &Container) {
    let field = path.child("restartPolicy");
    if container.restart_policy.is_some() {
        report.known(&field, container.restart_policy.as_ref());
    } else if !container.restart_policy_rules.is_empty() {
        report.required(&field, "must specify restartPolicy when restart rules are used");
    }
}

/// Exit codes may be in any order, more than once and out of a process's range: only their number is limited.
fn rules(report: &mut Report, path: &Path<'_>, rules: &[ContainerRestartRule]) {
    if rules.len() > MOST_RULES {
        report.too_many(path, rules.len(), MOST_RULES);
    }
    for (index, rule) in rules.iter().enumerate() {
        let path = path.index(index);
        report.known(&path.child("action"), rule.action.as_ref());
        let field = path.child("exitCodes");
        let Some(codes) = &rule.exit_codes else {
            report.required(&field, "must be specified");
            continue;
        };
        report.known(&field.child("operator"), codes.operator.as_ref());
        if codes.values.len() > MOST_EXIT_CODES {
            report.too_many(&field.child("values"), codes.values.len(), MOST_EXIT_CODES);
        }
    }
}
