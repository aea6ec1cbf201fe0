//! Admission by the API server of a version: what that does not know it drops or refuses (pkg/api/pod/util.go,
//! pkg/apis/core/validation).

use alloc::{format, vec::Vec};
use core::mem;

use super::PodObject;
use crate::{
    api::{
        Container, FieldError, FieldErrorType, Invalid, Named, PodManifest, RestartPolicy, RestartRuleAction, Volume,
    },
    config::{FeatureGate, Kubernetes, KubernetesVersion},
    spec::SpecError,
    time::Timestamp,
};

impl PodObject {
    /// Creates an object from a manifest as [`admit`](PodObject::admit) does, by the API server of a version: fields that
    /// it does not know, or that a feature gate switches off, are dropped; values that it does not know are errors.
    ///
    /// Modelled are the restart policies and rules of single containers, and image volumes.
    ///
    /// # Errors
    ///
    /// [`SpecError::Invalid`] lists every problem with its field.
    ///
    /// ```
    /// use pod_lifecycle::{Timestamp, config::KubernetesVersion, object::PodObject};
    ///
    /// let manifest = serde_json::from_str(r#"{"metadata": {"name": "web"}, "spec": {"containers": [
    ///     {"name": "app", "image": "nginx:1", "restartPolicy": "Never"}]}}"#)?;
    /// let object = PodObject::admit_by(manifest, KubernetesVersion::V1_34.into(), Timestamp::UNIX_EPOCH)?;
    /// assert_eq!(object.manifest().spec.containers[0].restart_policy, None, "1.34 drops it");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn admit_by(mut manifest: PodManifest, kubernetes: Kubernetes, now: Timestamp) -> Result<PodObject, SpecError> {
        if !kubernetes.is_enabled(FeatureGate::ContainerRestartRules) {
            refuse_container_policies(&manifest, kubernetes.version())?;
            drop_container_restart(&mut manifest);
        } else if !kubernetes.is_enabled(FeatureGate::RestartAllContainersOnContainerExits) {
            refuse_restart_of_all(&manifest)?;
        }
        if !kubernetes.is_enabled(FeatureGate::ImageVolume) {
            drop_image_volumes(&mut manifest);
        }
        PodObject::admit(manifest, now)
    }
}

/// Refuses restart policies of containers before 1.34, whose API server knows them for sidecars alone.
fn refuse_container_policies(manifest: &PodManifest, version: KubernetesVersion) -> Result<(), SpecError> {
    if version >= KubernetesVersion::V1_34 {
        return Ok(());
    }
    let regular = manifest.spec.containers.iter().enumerate();
    let regular = regular.filter(|(_, container)| container.restart_policy.is_some()).map(|(place, _)| {
        let field = format!("spec.containers[{place}].restartPolicy");
        FieldError::new(field, FieldErrorType::Forbidden, "may not be set for non-init containers")
    });
    let init = manifest.spec.init_containers.iter().enumerate().filter_map(|(place, container)| {
        let policy = container.restart_policy.as_ref().filter(|policy| **policy != RestartPolicy::Always)?;
        Some(not_supported(format!("spec.initContainers[{place}].restartPolicy"), policy.as_str(), "Always"))
    });
    refuse(manifest, regular.chain(init).collect())
}

/// Drops what the gate `ContainerRestartRules` guards. Answers to `dropContainerRestartRules`.
fn drop_container_restart(manifest: &mut PodManifest) {
    let spec = &mut manifest.spec;
    for container in &mut spec.containers {
        container.restart_policy = None;
        container.restart_policy_rules.clear();
    }
    for container in &mut spec.init_containers {
        // `Always` makes a sidecar, which is another feature.
        container.restart_policy.take_if(|policy| *policy != RestartPolicy::Always);
        container.restart_policy_rules.clear();
    }
}

/// Drops image volumes with their mounts. Answers to `dropImageVolumes`.
fn drop_image_volumes(manifest: &mut PodManifest) {
    let spec = &mut manifest.spec;
    let (dropped, kept): (Vec<Volume>, Vec<Volume>) =
        mem::take(&mut spec.volumes).into_iter().partition(|volume| volume.image.is_some());
    spec.volumes = kept;
    let containers = spec.containers.iter_mut().chain(&mut spec.init_containers).chain(&mut spec.ephemeral_containers);
    for container in containers {
        container.volume_mounts.retain(|mount| dropped.iter().all(|volume| volume.name != mount.name));
    }
}

/// Refuses the action `RestartAllContainers`, which the API server knows from 1.36 on.
fn refuse_restart_of_all(manifest: &PodManifest) -> Result<(), SpecError> {
    let spec = &manifest.spec;
    let wrong = |list: &'static str, containers: &[Container]| {
        let mut errors = Vec::new();
        for (place, container) in containers.iter().enumerate() {
            for (rule, action) in container.restart_policy_rules.iter().map(|rule| rule.action.as_ref()).enumerate() {
                if action.and_then(Named::known) == Some(RestartRuleAction::RestartAllContainers) {
                    let field = format!("spec.{list}[{place}].restartPolicyRules[{rule}].action");
                    errors.push(not_supported(field, "RestartAllContainers", "Restart"));
                }
            }
        }
        errors
    };
    let mut errors = wrong("containers", &spec.containers);
    errors.extend(wrong("initContainers", &spec.init_containers));
    refuse(manifest, errors)
}

fn not_supported(field: alloc::string::String, value: &str, supported: &str) -> FieldError {
    let mut error = FieldError::new(field, FieldErrorType::NotSupported, format!("supported values: {supported:?}"));
    error.bad_value = Some(value.into());
    error
}

fn refuse(manifest: &PodManifest, errors: Vec<FieldError>) -> Result<(), SpecError> {
    if errors.is_empty() { Ok(()) } else { Err(Invalid::new(&manifest.metadata.name, errors).into()) }
}
