//! Volumes of a Pod, as trees of files (pkg/volume).

use std::collections::BTreeMap;

use fake_image::{Mount, Volume};
use pod_lifecycle::api::{Container, PodManifest};
use serde_json::Value;

use super::{
    environment::{Surroundings, field, is_optional, resource, text},
    objects::{Objects, Source},
};

/// Volumes of a Pod that are set up already.
#[derive(Debug, Default)]
pub(super) struct Volumes {
    by_name: BTreeMap<String, Volume>,
}

impl Volumes {
    /// Returns a container's mounts, and sets up the volumes that no container before it has mounted.
    ///
    /// # Errors
    ///
    /// The message of its `CreateContainerConfigError`.
    pub(super) fn mounts(
        &mut self,
        pod: &PodManifest,
        container: &Container,
        objects: &Objects,
        around: &Surroundings<'_>,
        env: &BTreeMap<String, String>,
        disk: &Volume,
    ) -> Result<Vec<Mount>, String> {
        let mut mounts = Vec::new();
        for mount in &container.volume_mounts {
            let Some(volume) = pod.spec.volumes.iter().find(|volume| volume.name == mount.name) else { continue };
            let source = serde_json::to_value(volume).unwrap_or_default();
            let mut sub_path = mount.other.get("subPath").and_then(Value::as_str).unwrap_or_default().to_owned();
            if let Some(expression) = mount.other.get("subPathExpr").and_then(Value::as_str) {
                sub_path = expanded(expression, env)?;
            }
            // Answers to `makeMounts` in `pkg/kubelet/kubelet_pods.go`.
            if sub_path.starts_with('/') {
                return Err(format!("error SubPath `{sub_path}` must not be an absolute path"));
            }
            if sub_path.split('/').any(|part| part == "..") {
                return Err(format!("unable to provision SubPath `{sub_path}`: must not contain '..'"));
            }
            // A hostPath is a part of the node's disk, which all its Pods share.
            let (tree, inner) = match source.pointer("/hostPath/path").and_then(Value::as_str) {
                Some(path) => (disk.clone(), path.to_owned()),
                None => {
                    if !self.by_name.contains_key(&mount.name) {
                        let tree = set_up(pod, container, &source, objects, around)?;
                        self.by_name.insert(mount.name.clone(), tree);
                    }
                    (self.by_name.get(&mount.name).cloned().unwrap_or_default(), String::new())
                }
            };
            let inner = if sub_path.is_empty() { inner } else { format!("{inner}/{sub_path}") };
            // The kubelet makes the directory of a subPath, and most manifests say so of a hostPath.
            if !inner.is_empty() && tree.read(&inner).is_none() {
                tree.make_directory(&inner);
            }
            mounts.push(Mount {
                path: mount.mount_path.clone(),
                volume: tree,
                sub_path: inner,
                read_only: mount.read_only,
            });
        }
        Ok(mounts)
    }
}

/// Expands `subPathExpr`, in which every variable has to be known.
///
/// Answers to `ExpandContainerVolumeMounts` in `pkg/kubelet/container/helpers.go`.
fn expanded(expression: &str, env: &BTreeMap<String, String>) -> Result<String, String> {
    let path = fake_image::expand(expression, env);
    let missing = path.split_once("$(").and_then(|(_, rest)| rest.split_once(')')).map(|(name, _)| name);
    match missing {
        Some(name) if expression.contains(&format!("$({name})")) => Err(format!("missing value for {name}")),
        Some(_) | None => Ok(path),
    }
}

/// Returns the files of a volume; those of a kind without content of its own are none.
fn set_up(
    pod: &PodManifest,
    container: &Container,
    volume: &Value,
    objects: &Objects,
    around: &Surroundings<'_>,
) -> Result<Volume, String> {
    let tree = Volume::new();
    write_source(&tree, pod, container, volume, objects, around)?;
    for source in volume.pointer("/projected/sources").and_then(Value::as_array).into_iter().flatten() {
        write_source(&tree, pod, container, source, objects, around)?;
    }
    Ok(tree)
}

/// Writes the files of a volume's source, or of one of a projected volume's.
fn write_source(
    tree: &Volume,
    pod: &PodManifest,
    container: &Container,
    source: &Value,
    objects: &Objects,
    around: &Surroundings<'_>,
) -> Result<(), String> {
    for (field_name, kind) in [("configMap", Source::ConfigMap), ("secret", Source::Secret)] {
        let Some(reference) = source.get(field_name) else { continue };
        // A secret volume has `secretName`; a projected one and config maps have `name`.
        let name = Some(text(reference, "secretName")).filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| text(reference, "name"));
        let Some(data) = objects.data(kind, name, is_optional(reference))? else { continue };
        match reference.get("items").and_then(Value::as_array) {
            None => {
                for (key, bytes) in &data {
                    tree.write(&format!("/{key}"), bytes);
                }
            }
            Some(items) => {
                for item in items {
                    match data.get(text(item, "key")) {
                        Some(bytes) => {
                            tree.write(&format!("/{}", text(item, "path")), bytes);
                        }
                        None if is_optional(reference) => {}
                        None => {
                            return Err(format!(
                                "references non-existent {} key: {}",
                                kind.resource(),
                                text(item, "key")
                            ));
                        }
                    }
                }
            }
        }
    }
    let items = source.pointer("/downwardAPI/items").and_then(Value::as_array);
    for item in items.into_iter().flatten() {
        let path = item.pointer("/fieldRef/fieldPath").and_then(Value::as_str);
        let content = match (path, item.get("resourceFieldRef")) {
            (Some(path), _) => field(pod, path, around).unwrap_or_default(),
            (None, Some(reference)) => resource(pod, container, reference, around.allocatable)?,
            (None, None) => continue,
        };
        tree.write(&format!("/{}", text(item, "path")), content.as_bytes());
    }
    Ok(())
}
