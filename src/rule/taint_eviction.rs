//! Toleration of a node that does not report (pkg/controller/tainteviction).
//!
//! Asked by the object of a Pod whose node is lost, and by explanations of a status.

use core::time::Duration;

use serde_json::Value;

use crate::{api::PodManifest, time::seconds};

/// Taint of a node that does not report.
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";

/// Toleration that the API server's admission gives to a Pod without one of its own (`DefaultTolerationSeconds`).
pub(crate) const DEFAULT_TOLERATION: Duration = Duration::from_secs(300);

/// Returns how long a Pod tolerates the taint `node.kubernetes.io/unreachable:NoExecute`: for ever if `None`, and
/// `otherwise` if none of its tolerations matches.
///
/// Answers to `GetMatchingTolerations` in `k8s.io/component-helpers/scheduling/corev1` and `getMinTolerationTime` in
/// `pkg/controller/tainteviction`: the first toleration that matches counts.
pub(crate) fn tolerated_unreachable(pod: &PodManifest, otherwise: Duration) -> Option<Duration> {
    let tolerations = pod.spec.other.get("tolerations").and_then(Value::as_array);
    let first = tolerations.into_iter().flatten().find(|toleration| matches(toleration));
    match first {
        None => Some(otherwise),
        Some(toleration) => toleration.get("tolerationSeconds").and_then(Value::as_i64).map(seconds::of_field),
    }
}

/// Answers to `ToleratesTaint` in `k8s.io/api/core/v1`; the taint has no value.
fn matches(toleration: &Value) -> bool {
    let text = |field: &str| toleration.get(field).and_then(Value::as_str).unwrap_or_default();
    let fits_effect = matches!(text("effect"), "" | "NoExecute");
    let fits_key = text("key") == UNREACHABLE || text("key").is_empty();
    let fits_value = match text("operator") {
        "Exists" => true,
        // The default operator is Equal, and an empty key is only admitted with Exists.
        "" | "Equal" => text("value").is_empty() && !text("key").is_empty(),
        _ => false,
    };
    fits_effect && fits_key && fits_value
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tolerated(tolerations: Value) -> Option<u64> {
        let pod = json!({"spec": {"containers": [], "tolerations": tolerations}});
        tolerated_unreachable(&serde_json::from_value(pod).unwrap(), Duration::ZERO)
            .map(|tolerated| tolerated.as_secs())
    }

    #[test]
    fn a_pod_tolerates_a_silent_node_for_its_seconds_or_for_ever() {
        let unreachable = |more: Value| {
            let mut toleration = json!({"key": UNREACHABLE, "operator": "Exists", "effect": "NoExecute"});
            toleration.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!([toleration])
        };
        assert_eq!(tolerated(unreachable(json!({"tolerationSeconds": 300}))), Some(300));
        assert_eq!(tolerated(unreachable(json!({"tolerationSeconds": -1}))), Some(0));
        assert_eq!(tolerated(unreachable(json!({}))), None, "as the Pods of a DaemonSet do");
        assert_eq!(tolerated(json!([{"operator": "Exists"}])), None, "any taint");
        assert_eq!(tolerated(unreachable(json!({"effect": "NoSchedule"}))), Some(0));
        assert_eq!(tolerated(json!([])), Some(0));
    }
}
