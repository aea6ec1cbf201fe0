//! What a Pod is where its author says nothing: what the core knows, and what only others care for.

use pod_lifecycle::api::PodManifest;
use serde_json::{Map, Value, json};

use super::super::{
    object::Object,
    state::{self, unreadable},
    status::StatusError,
};

/// How long a Pod stays on a node that is not ready or not reachable, in seconds.
///
/// <https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#defaulttolerationseconds>
const TOLERATION_SECONDS: u64 = 300;
/// Permission bits of files in a volume: what `0644` is in octal.
const VOLUME_FILE_MODE: u64 = 0o644;

/// Fills in the defaults. Unknown fields stay as they are; a Pod that cannot be read as one is refused.
///
/// Answers to `SetDefaults_Pod`, `SetDefaults_PodSpec` and their like.
pub(in super::super) fn fill_in(pod: &mut Object) -> Result<(), StatusError> {
    let manifest: PodManifest = state::read(pod).map_err(|error| unreadable("Pod", "v1", &error))?;
    let defaulted =
        serde_json::to_value(manifest.with_defaults().spec).map_err(|error| unreadable("Pod", "v1", &error))?;
    if !pod.has("spec") {
        pod.set("spec", Map::new());
    }
    if let Some(spec) = pod.get_mut("spec") {
        overlay(spec, defaulted);
    }
    for (field, value) in [
        ("dnsPolicy", json!("ClusterFirst")),
        ("schedulerName", json!("default-scheduler")),
        ("securityContext", json!({})),
        ("enableServiceLinks", json!(true)),
    ] {
        pod.set_default(&format!("spec.{field}"), value);
    }
    for list in ["spec.initContainers", "spec.containers"] {
        pod.items_mut(list).iter_mut().for_each(default_resources);
    }
    pod.items_mut("spec.volumes").iter_mut().for_each(default_volume);
    Ok(())
}

/// What the admission of a new Pod adds: its priority, and how long it tolerates a lost node.
pub(super) fn admit(pod: &mut Object) {
    pod.set_default("spec.priority", 0);
    pod.set_default("spec.preemptionPolicy", "PreemptLowerPriority");
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let tolerations = pod.items("spec.tolerations");
        if tolerations.iter().any(|toleration| tolerates(toleration, key)) {
            continue;
        }
        let added = json!({
            "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": TOLERATION_SECONDS
        });
        let tolerations: Vec<Value> = tolerations.iter().cloned().chain([added]).collect();
        pod.set("spec.tolerations", tolerations);
    }
}

/// Whether a toleration is about the effect `NoExecute` of a taint.
fn tolerates(toleration: &Value, key: &str) -> bool {
    let is = |field: &str, expected: &str| {
        let value = toleration.get(field).and_then(Value::as_str).unwrap_or_default();
        value.is_empty() || value == expected
    };
    is("key", key) && is("effect", "NoExecute")
}

/// Puts one value over another: what only the lower one has stays.
fn overlay(lower: &mut Value, upper: Value) {
    match (lower, upper) {
        (Value::Object(lower), Value::Object(upper)) => {
            for (key, value) in upper {
                overlay(lower.entry(key).or_insert(Value::Null), value);
            }
        }
        (Value::Array(lower), Value::Array(upper)) if lower.len() == upper.len() => {
            lower.iter_mut().zip(upper).for_each(|(lower, upper)| overlay(lower, upper));
        }
        (lower, upper) => *lower = upper,
    }
}

/// A container requests what it is limited to, where it does not say what it requests.
fn default_resources(container: &mut Value) {
    let Some(container) = container.as_object_mut() else { return };
    let resources = container.entry("resources").or_insert_with(|| json!({}));
    let Some(Value::Object(limits)) = resources.get("limits").cloned() else { return };
    let Some(resources) = resources.as_object_mut() else { return };
    let requests = resources.entry("requests").or_insert_with(|| json!({}));
    if let Some(requests) = requests.as_object_mut() {
        for (name, quantity) in limits {
            requests.entry(name).or_insert(quantity);
        }
    }
}

/// A volume without a source is an empty folder; files of a volume have permission bits.
fn default_volume(volume: &mut Value) {
    let Some(volume) = volume.as_object_mut() else { return };
    if volume.keys().all(|key| key == "name") {
        volume.insert("emptyDir".into(), json!({}));
    }
    for source in ["configMap", "downwardAPI"] {
        if let Some(Value::Object(source)) = volume.get_mut(source) {
            source.entry("defaultMode").or_insert(VOLUME_FILE_MODE.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{admit, fill_in};
    use crate::object::Object;

    fn filled_in(spec: Value) -> Object {
        let mut pod = Object::read(json!({"metadata": {"name": "web"}, "spec": spec})).unwrap();
        fill_in(&mut pod).unwrap();
        pod
    }

    #[test]
    fn defaults_are_filled_in_beside_unknown_fields() {
        let pod = filled_in(json!({
            "runtimeClassName": "fast", "containers": [{"name": "app", "image": "nginx", "securityContext": {"runAsUser": 7}}]
        }));
        assert_eq!(pod.text("spec.restartPolicy"), "Always");
        assert_eq!(pod.text("spec.runtimeClassName"), "fast");
        let container = &pod.items("spec.containers")[0];
        assert_eq!(container["imagePullPolicy"], "Always");
        assert_eq!(container["securityContext"]["runAsUser"], 7);
        let again = filled_in(pod.get("spec").unwrap().clone());
        assert_eq!(again, pod);
    }

    #[test]
    fn what_is_limited_is_requested() {
        let pod = filled_in(json!({"containers": [{"name": "app", "image": "i",
            "resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}}}]}));
        let requests = &pod.items("spec.containers")[0]["resources"]["requests"];
        assert_eq!(requests, &json!({"cpu": "500m", "memory": "1Gi"}));
    }

    #[test]
    fn a_pod_tolerates_a_lost_node_for_five_minutes_unless_it_says_otherwise() {
        let mut pod = filled_in(json!({"containers": [], "tolerations": [
            {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}]}));
        admit(&mut pod);
        let seconds: Vec<_> =
            pod.items("spec.tolerations").iter().map(|one| one["tolerationSeconds"].clone()).collect();
        assert_eq!(seconds, [5, 300]);
        admit(&mut pod);
        assert_eq!(pod.items("spec.tolerations").len(), 2);
    }

    #[test]
    fn what_is_no_pod_is_refused() {
        let mut pod = Object::read(json!({"spec": {"containers": "many"}})).unwrap();
        let refused = fill_in(&mut pod).unwrap_err().to_string();
        assert!(refused.starts_with("Pod in version \"v1\" cannot be handled as a Pod: "), "{refused}");
    }
}
