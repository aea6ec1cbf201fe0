//! Resource requests of a Pod.
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers>

use std::collections::BTreeMap;

use pod_lifecycle::api::{Container, PodManifest, RestartPolicy};
use serde_json::Value;

use pod_lifecycle_api_server::quantity::nanos;

/// Amounts by resource name, in billionths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Resources(pub(super) BTreeMap<String, i128>);

impl Resources {
    /// Returns a Pod's requests, one `pods` included: the sum of containers and sidecars, or, if that is
    /// more, an init container with the sidecars that start before it. Pod-level requests
    /// override both. Answers to `PodRequests`.
    pub(super) fn requested(pod: &PodManifest) -> Resources {
        let mut sidecars = Resources::default();
        let mut starting = Resources::default();
        for container in &pod.spec.init_containers {
            let own = Resources::of(container);
            if container.restart_policy.as_ref().and_then(|policy| policy.known()) == Some(RestartPolicy::Always) {
                sidecars.add(&own);
                starting.raise(&sidecars);
            } else {
                let mut together = own;
                together.add(&sidecars);
                starting.raise(&together);
            }
        }
        let mut all = sidecars;
        for container in &pod.spec.containers {
            all.add(&Resources::of(container));
        }
        all.raise(&starting);
        if let Some(of_pod) = pod.spec.other.get("resources") {
            all.0.extend(Resources::in_list(of_pod.get("requests")).0);
        }
        all.add(&Resources::in_list(pod.spec.other.get("overhead")));
        all.0.insert("pods".into(), 1_000_000_000);
        all
    }

    pub(super) fn add(&mut self, more: &Resources) {
        for (name, amount) in &more.0 {
            let sum = self.0.entry(name.clone()).or_default();
            *sum = sum.saturating_add(*amount);
        }
    }

    pub(super) fn get(&self, name: &str) -> i128 {
        self.0.get(name).copied().unwrap_or(0)
    }

    fn raise(&mut self, other: &Resources) {
        for (name, amount) in &other.0 {
            let most = self.0.entry(name.clone()).or_default();
            *most = (*most).max(*amount);
        }
    }

    fn of(container: &Container) -> Resources {
        Resources::in_list(container.resources.as_ref().and_then(|resources| resources.get("requests")))
    }

    fn in_list(list: Option<&Value>) -> Resources {
        let Some(Value::Object(list)) = list else { return Resources::default() };
        let amount = |amount: &Value| match amount {
            Value::String(text) => nanos(text),
            Value::Number(number) => i128::from(number.as_i64()?).checked_mul(1_000_000_000),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        Resources(list.iter().filter_map(|(name, value)| Some((name.clone(), amount(value)?))).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cpu(spec: serde_json::Value) -> i128 {
        Resources::requested(&serde_json::from_value(json!({"spec": spec})).unwrap()).get("cpu") / 1_000_000
    }

    #[test]
    fn init_containers_run_one_by_one_and_sidecars_stay() {
        let wants = |name: &str, cpu: &str| json!({"name": name, "resources": {"requests": {"cpu": cpu}}});
        let mut sidecar = wants("mesh", "200m");
        sidecar["restartPolicy"] = "Always".into();
        let containers = json!([wants("app", "500m"), wants("log", "100m")]);
        assert_eq!(cpu(json!({"containers": containers})), 600);
        assert_eq!(cpu(json!({"initContainers": [wants("setup", "3")], "containers": containers})), 3000);
        assert_eq!(cpu(json!({"initContainers": [sidecar], "containers": containers})), 800);
        assert_eq!(cpu(json!({"initContainers": [sidecar, wants("setup", "3")], "containers": containers})), 3200);
        let of_pod =
            json!({"resources": {"requests": {"cpu": "2"}}, "overhead": {"cpu": "50m"}, "containers": containers});
        assert_eq!(cpu(of_pod), 2050);
    }
}
