//! Random Pods and nodes.

use std::{error::Error, sync::Arc, time::Duration};

use pod_lifecycle::{
    api::PodManifest,
    config::{AdmittedPod, KubeletConfig, Kubernetes, NodeInfo, Timing},
    spec::PodSpec,
};
use serde_json::{Value, json};

use super::dice::Dice;

/// A Pod, its node, and its resizes.
pub(crate) struct RandomPod {
    pub(crate) spec: Arc<PodSpec>,
    pub(crate) config: Arc<KubeletConfig>,
    pub(crate) resizes: Resizes,
}

/// Resizes of a Pod whose kubelet knows its node.
pub(crate) struct Resizes(Option<PodManifest>);

impl Resizes {
    /// Returns the Pod with other resources; `None` if its kubelet does not resize it.
    pub(crate) fn resized(&mut self, dice: &mut Dice) -> Option<Arc<PodSpec>> {
        let manifest = self.0.as_mut()?;
        manifest.metadata.generation = manifest.metadata.generation.saturating_add(1);
        let container = manifest.spec.containers.first_mut()?;
        container.resources = Some(resources(dice));
        PodSpec::from_admitted(manifest).ok().map(Arc::new)
    }

    /// Returns a node of another size, or with another Pod on it.
    pub(crate) fn changed_node(&self, dice: &mut Dice) -> Option<NodeInfo> {
        self.0.as_ref()?;
        let db = AdmittedPod::named("db").with_requests([("cpu", "2500m")]).ok()?;
        let node = node_info(dice)?;
        Some(if dice.once_in(2) { node.with_pod(db) } else { node })
    }
}

/// Returns a node that is large or small.
fn node_info(dice: &mut Dice) -> Option<NodeInfo> {
    let cpu = dice.one_of(&["4", "4", "1", "300m"]).copied()?;
    NodeInfo::with_allocatable([("cpu", cpu), ("memory", "4Gi"), ("pods", "110")]).ok()
}

/// Returns requests and limits that fit, that have to wait for room, or that fit no node.
fn resources(dice: &mut Dice) -> Value {
    let cpu = dice.one_of(&["100m", "200m", "200m", "2", "8"]).copied();
    let memory = dice.one_of(&["100Mi", "100Mi", "200Mi", "3Gi"]).copied();
    if dice.once_in(2) {
        json!({"requests": {"cpu": cpu, "memory": memory}})
    } else {
        json!({"requests": {"cpu": cpu, "memory": memory}, "limits": {"cpu": cpu, "memory": memory}})
    }
}

/// A Pod with some containers, on a node of some kind.
pub(crate) fn pod(dice: &mut Dice, kubernetes: Kubernetes) -> Result<RandomPod, Box<dyn Error>> {
    let policy = dice.one_of(&["Always", "OnFailure", "Never"]).copied().unwrap_or("Always");
    let init: Vec<Value> = (0..dice.below(3)).map(|nth| init_container(dice, nth)).collect();
    let regular: Vec<Value> = (0..=dice.below(3)).map(|nth| container(dice, &format!("app-{nth}"), true)).collect();
    let mut spec = json!({
        "restartPolicy": policy, "initContainers": init, "containers": regular,
        "terminationGracePeriodSeconds": dice.below(40).saturating_add(4),
    });
    if dice.once_in(6) {
        spec["activeDeadlineSeconds"] = dice.below(300).saturating_add(1).into();
    }
    if dice.once_in(5) {
        spec["readinessGates"] = json!([{"conditionType": "example.com/ready"}]);
    }
    if dice.once_in(3) {
        spec["volumes"] = json!([
            {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}, {"name": "cache", "emptyDir": {}},
        ]);
        spec["containers"][0]["volumeMounts"] =
            json!([{"name": "data", "mountPath": "/data"}, {"name": "cache", "mountPath": "/cache"}]);
    }
    if dice.once_in(4) {
        let policy = dice.one_of(&["Always", "IfNotPresent", "Never"]).copied();
        spec["volumes"] = json!([{"name": "model", "image": {"reference": "model:1", "pullPolicy": policy}}]);
        spec["containers"][0]["volumeMounts"] = json!([{"name": "model", "mountPath": "/model"}]);
    }
    let mut config = node(dice).with_kubernetes(kubernetes);
    let is_resized = dice.once_in(4);
    if is_resized {
        spec["containers"][0]["resources"] = resources(dice);
        // The API server refuses `RestartContainer` in a Pod that restarts nothing.
        if policy != "Never" && dice.once_in(2) {
            let policy = json!([{"resourceName": "memory", "restartPolicy": "RestartContainer"}]);
            spec["containers"][0]["resizePolicy"] = policy;
        }
        if let Some(info) = node_info(dice) {
            config = config.with_node(info);
        }
    }
    let metadata = json!({"name": "web", "uid": "uid-1", "generation": 1});
    let manifest: PodManifest = serde_json::from_value(json!({"metadata": metadata, "spec": spec}))?;
    let manifest = manifest.with_defaults();
    Ok(RandomPod {
        spec: Arc::new(PodSpec::from_manifest(manifest.clone())?),
        config: Arc::new(config),
        resizes: Resizes(is_resized.then_some(manifest)),
    })
}

fn node(dice: &mut Dice) -> KubeletConfig {
    let timing = match dice.below(4) {
        0 => Timing::NodeLike { seed: dice.below(1000) },
        1 => Timing::GenericPleg { phase: Duration::from_millis(dice.below(1000)), relist_after_sync: dice.once_in(2) },
        _ => Timing::Ideal,
    };
    let config = KubeletConfig::default().with_timing(timing).with_volume_manager(dice.once_in(2));
    config.with_resync_period(Duration::from_secs(dice.below(120)))
}

fn init_container(dice: &mut Dice, nth: u64) -> Value {
    let is_sidecar = dice.once_in(2);
    let mut container = container(dice, &format!("init-{nth}"), is_sidecar);
    if is_sidecar {
        container["restartPolicy"] = "Always".into();
    }
    container
}

fn container(dice: &mut Dice, name: &str, is_probed: bool) -> Value {
    let mut container = json!({"name": name, "image": "nginx:1"});
    if is_probed {
        for kind in ["startupProbe", "readinessProbe", "livenessProbe"] {
            if dice.once_in(3) {
                container[kind] = json!({
                    "exec": {"command": ["true"]}, "periodSeconds": dice.below(12).saturating_add(1),
                    "failureThreshold": dice.below(3).saturating_add(1),
                });
                // Only a readiness probe may ask for more than one success.
                if kind == "readinessProbe" && dice.once_in(3) {
                    container[kind]["successThreshold"] = dice.below(3).saturating_add(1).into();
                }
                if dice.once_in(4) {
                    container[kind]["initialDelaySeconds"] = dice.below(15).into();
                }
            }
        }
        for hook in ["postStart", "preStop"] {
            if dice.once_in(4) {
                let handler = if dice.once_in(3) {
                    json!({"sleep": {"seconds": 3}})
                } else {
                    json!({"exec": {"command": ["x"]}})
                };
                container["lifecycle"][hook] = handler;
            }
        }
    }
    if dice.once_in(5) {
        container["imagePullPolicy"] = "Always".into();
    }
    container
}
