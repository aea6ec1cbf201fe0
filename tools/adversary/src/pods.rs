//! Random Pods and nodes.

use std::{error::Error, sync::Arc, time::Duration};

use pod_lifecycle::{
    api::PodManifest,
    config::{KubeletConfig, Kubernetes, Timing},
    spec::PodSpec,
};
use serde_json::{Value, json};

use super::dice::Dice;

/// A Pod with some containers, on a node of some kind.
pub(crate) fn pod(
    dice: &mut Dice,
    kubernetes: Kubernetes,
) -> Result<(Arc<PodSpec>, Arc<KubeletConfig>), Box<dyn Error>> {
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
    let manifest: PodManifest =
        serde_json::from_value(json!({"metadata": {"name": "web", "uid": "uid-1"}, "spec": spec}))?;
    Ok((Arc::new(PodSpec::from_manifest(manifest)?), Arc::new(node(dice).with_kubernetes(kubernetes))))
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
