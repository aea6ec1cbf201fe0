//! Objects that a Pod needs before its containers start: the sources of its volumes and of its environment.

use alloc::{format, string::String, vec::Vec};
use core::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::{
    api::{PodManifest, Volume},
    explain::text,
};

/// Object that a Pod needs before its containers start.
///
/// ```
/// use pod_lifecycle::explain::ObservedPod;
///
/// let pod = ObservedPod::from_manifest(serde_json::from_str(r#"{
///     "metadata": {"name": "web"},
///     "spec": {"containers": [{"name": "app", "image": "nginx:1"}], "volumes": [
///         {"name": "data", "persistentVolumeClaim": {"claimName": "web-data"}}]}
/// }"#)?)?;
/// assert_eq!(pod.needs()[0].to_string(), "claim `web-data`");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Need {
    /// Kind of the object: `ConfigMap`, `Secret`, `PersistentVolumeClaim`.
    pub kind: String,
    /// Name of the object.
    pub name: String,
    /// Volume with this source; `None` for a variable or an image pull secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume: Option<String>,
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // People say "claim"; the kind is unambiguous in a sentence on volumes.
        let kind = if self.kind == CLAIM { "claim" } else { &self.kind };
        write!(f, "{kind} `{}`", self.name)
    }
}

const CLAIM: &str = "PersistentVolumeClaim";
const CONFIG_MAP: &str = "ConfigMap";
const SECRET: &str = "Secret";

/// Returns what a Pod needs: sources of volumes first, in the order of the spec; optional ones are left out.
pub(super) fn all(pod: &PodManifest) -> Vec<Need> {
    let mut needs: Vec<Need> = pod.spec.volumes.iter().flat_map(|volume| of_volume(pod, volume)).collect();
    let spec = &pod.spec;
    for container in spec.init_containers.iter().chain(&spec.containers) {
        let variables = container.env.iter().filter_map(|variable| variable.value_from.as_ref());
        for (source, config_map, secret) in variables
            .map(|value| (value, "configMapKeyRef", "secretKeyRef"))
            .chain(container.env_from.iter().map(|value| (value, "configMapRef", "secretRef")))
        {
            for (kind, field) in [(CONFIG_MAP, config_map), (SECRET, secret)] {
                let need = source.get(field).and_then(|reference| named(reference, "name", kind, None));
                // One object may be referred to by many variables.
                needs.extend(need.filter(|need| !needs.contains(need)));
            }
        }
    }
    needs
}

/// Returns the objects that a volume is made of.
fn of_volume(pod: &PodManifest, volume: &Volume) -> Vec<Need> {
    let name = Some(&*volume.name);
    if let Some(secret) = &volume.secret {
        let is_optional = secret.other.get("optional").and_then(Value::as_bool) == Some(true);
        let need = Need { kind: SECRET.into(), name: secret.secret_name.clone(), volume: Some(volume.name.clone()) };
        return Vec::from_iter((!is_optional).then_some(need));
    }
    if let Some(projected) = &volume.projected {
        let sources = projected.sources.iter().flat_map(|source| {
            let config_map = source.config_map.as_ref().map(|map| (map.name.clone(), map.other.get("optional")));
            let config_map = config_map.filter(|(_, optional)| optional.and_then(|it| it.as_bool()) != Some(true));
            let config_map = config_map.map(|(map, _)| Need {
                kind: CONFIG_MAP.into(),
                name: map,
                volume: Some(volume.name.clone()),
            });
            let secret = source.other.get("secret").and_then(|secret| named(secret, "name", SECRET, name));
            config_map.into_iter().chain(secret)
        });
        return sources.collect();
    }
    let source = |field: &str| volume.other.get(field);
    if let Some(config_map) = source("configMap") {
        return named(config_map, "name", CONFIG_MAP, name).into_iter().collect();
    }
    if let Some(claim) = source("persistentVolumeClaim") {
        return named(claim, "claimName", CLAIM, name).into_iter().collect();
    }
    if source("ephemeral").is_some() {
        // The ephemeral volume controller names its claims so. Answers to `VolumeClaimName` in
        // `k8s.io/component-helpers/storage/ephemeral`.
        let claim = format!("{}-{}", pod.metadata.name, volume.name);
        return Vec::from([Need { kind: CLAIM.into(), name: claim, volume: Some(volume.name.clone()) }]);
    }
    if let Some(secret) = source("csi").and_then(|csi| csi.get("nodePublishSecretRef")) {
        return named(secret, "name", SECRET, name).into_iter().collect();
    }
    Vec::new()
}

fn named(reference: &Value, field: &str, kind: &str, volume: Option<&str>) -> Option<Need> {
    let is_optional = reference.get("optional").and_then(Value::as_bool) == Some(true);
    let name = reference.get(field)?.as_str().filter(|name| !name.is_empty() && !is_optional)?;
    Some(Need { kind: kind.into(), name: name.into(), volume: volume.map(String::from) })
}

/// Returns a volume with its source: ``volume `cfg` (ConfigMap `shop`)``.
pub(super) fn volume_clause(pod: &PodManifest, volume: &str) -> String {
    let known = pod.spec.volumes.iter().find(|known| known.name == volume);
    let source = known.map(|known| of_volume(pod, known)).unwrap_or_default();
    let source: Vec<String> = match (&*source, known) {
        ([], Some(known)) => other_source(known).into_iter().collect(),
        // An event may name a PersistentVolume instead, which the spec does not: it is that of a claim.
        ([], None) => all(pod).iter().filter(|need| need.kind == CLAIM).map(|need| format!("{need}")).take(2).collect(),
        (needs, _) => needs.iter().map(|need| format!("{need}")).collect(),
    };
    match &*source {
        [] => format!("volume `{volume}`"),
        // Several claims: the name of the PersistentVolume does not say whose it is.
        [_, _, ..] if known.is_none() => format!("volume `{volume}`"),
        source => format!("volume `{volume}` ({})", text::list(source)),
    }
}

/// Returns the source of a volume that is no object of the API, or one of another kind: `hostPath /data`.
fn other_source(volume: &Volume) -> Option<String> {
    let (field, detail) = [
        ("hostPath", "path"),
        ("csi", "driver"),
        ("nfs", "server"),
        ("image", "reference"),
        ("iscsi", "targetPortal"),
        ("fc", "fsType"),
    ]
    .into_iter()
    .find(|(field, _)| volume.other.contains_key(*field))?;
    let detail = volume.other.get(field)?.get(detail).and_then(Value::as_str).unwrap_or_default();
    Some(if detail.is_empty() { field.into() } else { format!("{field} {detail}") })
}
