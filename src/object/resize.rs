//! Resize of a Pod through the subresource `resize` (`ValidatePodResize` in pkg/apis/core/validation).
//!
//! <https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/>; KEP-1287, KEP-5419.

use alloc::{collections::BTreeMap, format, string::String, vec::Vec};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ObjectError, PodObject};
use crate::{
    api::{FieldError, FieldErrorType, Invalid, Name, PodManifest, ResourceList, ResourceRequirements},
    config::{FeatureGate, Kubernetes},
    spec::{ContainerKind, PodSpec},
};

/// Resources that a client asks for through the subresource `resize`.
///
/// ```
/// use pod_lifecycle::{Timestamp, config::Kubernetes, object::{PodObject, PodResize}};
///
/// let manifest = serde_json::from_str(r#"{"metadata": {"name": "web"}, "spec": {"containers": [
///     {"name": "app", "image": "nginx:1", "resources": {"requests": {"cpu": "500m"}}}]}}"#)?;
/// let mut object = PodObject::admit(manifest, Timestamp::UNIX_EPOCH)?;
/// let more: PodResize = serde_json::from_str(r#"{"containers": {"app": {"requests": {"cpu": "800m"}}}}"#)?;
/// assert!(object.resize(&more, Kubernetes::default())?);
/// assert_eq!(object.manifest().metadata.generation, 2);
///
/// let none: PodResize = serde_json::from_str(r#"{"containers": {"app": {}}}"#)?;
/// let refused = object.resize(&none, Kubernetes::default()).unwrap_err().to_string();
/// assert!(refused.contains("Pod QOS Class may not change as a result of resizing"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PodResize {
    /// Requests and limits of containers by their names, which replace those that they have.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub containers: BTreeMap<String, ResourceRequirements>,
    /// Requests and limits of the Pod as a whole, if they change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
}

impl PodResize {
    /// Creates the resize of one container.
    #[must_use]
    pub fn of_container(name: &str, resources: ResourceRequirements) -> PodResize {
        PodResize { containers: BTreeMap::from([(name.into(), resources)]), resources: None }
    }

    /// Creates the resize of the Pod as a whole.
    #[must_use]
    pub fn of_pod(resources: ResourceRequirements) -> PodResize {
        PodResize { containers: BTreeMap::new(), resources: Some(resources) }
    }
}

impl PodObject {
    /// Resizes the Pod, as an update of its subresource `resize` does: the generation increases, and the kubelet decides.
    /// False if the Pod has these resources already.
    ///
    /// # Errors
    ///
    /// [`ObjectError::NoSuchContainer`], or [`ObjectError::Refused`] with the API server's words; the object is unchanged.
    pub fn resize(&mut self, resize: &PodResize, kubernetes: Kubernetes) -> Result<bool, ObjectError> {
        self.check_present()?;
        let mut changed = self.manifest.clone();
        for (name, resources) in &resize.containers {
            let spec = &mut changed.spec;
            let mut all = spec.containers.iter_mut().chain(&mut spec.init_containers);
            let Some(container) = all.find(|container| container.name == *name) else {
                return Err(ObjectError::NoSuchContainer { name: name.clone() });
            };
            put(&mut container.resources, resources);
        }
        if let Some(resources) = &resize.resources {
            let mut value = changed.spec.other.remove("resources");
            put(&mut value, resources);
            changed.spec.other.extend(value.map(|value| ("resources".into(), value)));
        }
        let spec = PodSpec::from_admitted(&changed)?;
        let errors = Check { old: &self.spec, new: &spec, manifest: &self.manifest, kubernetes }.errors();
        if !errors.is_empty() {
            return Err(ObjectError::Refused(Invalid::new(&self.manifest.metadata.name, errors)));
        }
        if spec == *self.spec {
            return Ok(false);
        }
        // From the second generation on the spec says which one it is of.
        changed.metadata.generation = changed.metadata.generation.saturating_add(1);
        let spec = PodSpec::from_admitted(&changed)?;
        (self.manifest, self.spec) = (changed, alloc::sync::Arc::new(spec));
        self.count_write();
        Ok(true)
    }
}

/// Replaces requests and limits; what else stands beside them stays.
fn put(resources: &mut Option<Value>, new: &ResourceRequirements) {
    let filled = new.clone().with_default_requests();
    let mut fields = match resources.take() {
        Some(Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    for (field, list) in [("limits", &filled.limits), ("requests", &filled.requests)] {
        // A list of quantities is always written.
        match serde_json::to_value(list) {
            Ok(list_of) if !list.is_empty() => fields.insert(field.into(), list_of),
            Ok(_) | Err(_) => fields.remove(field),
        };
    }
    *resources = Some(Value::Object(fields));
}

/// Validation of a resize.
struct Check<'a> {
    old: &'a PodSpec,
    new: &'a PodSpec,
    /// The object before, whose status tells whether its node resizes Pods.
    manifest: &'a PodManifest,
    kubernetes: Kubernetes,
}

impl Check<'_> {
    /// Answers to `ValidatePodResize`.
    fn errors(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        self.check_amounts(&mut errors);
        let (old_class, new_class) = (self.old.qos_class(), self.new.qos_class());
        if old_class != new_class {
            // The value that is named is the class in the status, which is the old one.
            let detail = "Pod QOS Class may not change as a result of resizing";
            let mut error = FieldError::new("spec", FieldErrorType::Invalid, detail);
            error.bad_value = Some(old_class.name().into());
            errors.push(error);
        }
        if !self.is_supported_by_node() {
            errors.push(forbidden("spec", "Pod running on node without support for resize"));
        }
        self.check_pod_level(&mut errors);
        self.check_containers(&mut errors);
        errors
    }

    /// True unless a container runs whose status has no resources: its kubelet does not resize.
    ///
    /// Answers to `isPodResizeRequestSupported`.
    fn is_supported_by_node(&self) -> bool {
        let mut running = self.manifest.status.container_statuses.iter().filter(|it| it.state.running.is_some());
        running.next().is_none_or(|status| status.resources.is_some())
    }

    /// Requests are at most the limits, and at most those of the Pod as a whole.
    fn check_amounts(&self, errors: &mut Vec<FieldError>) {
        for (field, resources) in self.fields() {
            for (name, request) in &resources.requests {
                let Some(limit) = resources.limits.get(name).filter(|limit| request > limit) else { continue };
                let detail = format!("must be less than or equal to {name} limit of {limit}");
                errors.push(invalid(format!("{field}.requests"), format!("{request}"), detail));
            }
        }
        let of_pod = self.new.resources();
        if of_pod.is_empty() {
            return;
        }
        for (name, sum) in self.new.container_requests() {
            let Some(request) = of_pod.requests.get(&name).filter(|request| sum > **request) else { continue };
            let detail = format!("must be greater than or equal to aggregate container requests of {sum}");
            errors.push(invalid(format!("spec.resources.requests[{name}]"), format!("{request}"), detail));
        }
        for (place, (_, container)) in self.new.regular_containers().enumerate() {
            for (name, limit) in &container.resources().limits {
                let Some(most) = of_pod.limits.get(name).filter(|most| limit > *most) else { continue };
                let field = format!("spec.resources.containers[{place}][{name}].limits");
                let detail = format!("must be less than or equal to pod limits of {most}");
                errors.push(invalid(field, format!("{limit}"), detail));
            }
        }
    }

    fn fields(&self) -> impl Iterator<Item = (String, &ResourceRequirements)> {
        let of_pod = core::iter::once((String::from("spec.resources"), self.new.resources()));
        let containers = self.new.init_and_regular_containers();
        of_pod.chain(containers.map(|(index, it)| (format!("{}.resources", self.path(index)), it.resources())))
    }

    fn path(&self, index: crate::spec::ContainerIndex) -> String {
        let place = self.new.index_in_list(index);
        if self.new.is_regular(index) {
            format!("spec.containers[{place}]")
        } else {
            format!("spec.initContainers[{place}]")
        }
    }

    /// Answers to `validatePodLevelResourcesResize`.
    fn check_pod_level(&self, errors: &mut Vec<FieldError>) {
        let (old, new) = (self.old.resources(), self.new.resources());
        if old.is_empty() && new.is_empty() {
            return;
        }
        if !self.kubernetes.is_enabled(FeatureGate::InPlacePodLevelResourcesVerticalScaling) {
            errors.push(forbidden(
                "",
                "resize of pods with pod-level resources is forbidden when InPlacePodLevelResourcesVerticalScalingEnabled \
                 feature gate is disabled",
            ));
            return;
        }
        if is_any_removed(&new.requests, &old.requests) {
            errors.push(forbidden("spec.resources.requests", "pod-level resource requests cannot be removed"));
        }
        if is_any_removed(&new.limits, &old.limits) {
            errors.push(forbidden("spec.resources.limits", "pod-level resource limits cannot be removed"));
        }
        if others(new) != others(old) {
            errors.push(forbidden("spec", "only cpu and memory resources are mutable at pod-level"));
        }
    }

    fn check_containers(&self, errors: &mut Vec<FieldError>) {
        let resizes_init = self.kubernetes.is_enabled(FeatureGate::InPlacePodVerticalScalingInitContainers);
        let pairs = self.old.init_and_regular_containers().zip(self.new.init_and_regular_containers());
        for ((index, old), (_, new)) in pairs {
            let (path, was, is) = (self.path(index), old.resources(), new.resources());
            let is_init = old.kind() == ContainerKind::Init;
            if is_init && !resizes_init {
                if was != is {
                    errors.push(forbidden("spec", "resources for non-sidecar init containers are immutable"));
                }
                continue;
            }
            if is_any_removed(&is.requests, &was.requests) {
                let field = format!("{path}.resources.requests");
                errors.push(forbidden(&field, "resource requests cannot be removed"));
            }
            if is_any_removed(&is.limits, &was.limits) {
                errors.push(forbidden(&format!("{path}.resources.limits"), "resource limits cannot be removed"));
            }
            if others(was) != others(is) {
                errors.push(match old.kind() {
                    ContainerKind::Regular | ContainerKind::Ephemeral => {
                        forbidden("spec", "only cpu and memory resources are mutable")
                    }
                    ContainerKind::Init | ContainerKind::Sidecar => {
                        forbidden(&path, "only cpu and memory resources for init or sidecar containers are mutable")
                    }
                });
            }
            if is_init && was != is && (old.restarts_for_cpu() || old.restarts_for_memory()) {
                let detail = "non-sidecar init containers with a resize policy of RestartContainer cannot be resized";
                errors.push(forbidden(&path, detail));
            }
        }
    }
}

fn forbidden(field: &str, detail: &str) -> FieldError {
    FieldError::new(field, FieldErrorType::Forbidden, detail)
}

fn invalid(field: String, value: String, detail: String) -> FieldError {
    let mut error = FieldError::new(field, FieldErrorType::Invalid, detail);
    error.bad_value = Some((&value).into());
    error
}

/// True if a list lacks a resource that it had.
///
/// Answers to `resourcesRemoved`.
fn is_any_removed(new: &ResourceList, old: &ResourceList) -> bool {
    old.keys().any(|name| !new.contains_key(name))
}

/// Returns the resources that cannot be resized.
fn others(resources: &ResourceRequirements) -> ResourceRequirements {
    let mut others = resources.clone();
    let is_other = |name: &String| !matches!(name.as_str(), "cpu" | "memory");
    others.requests.retain(|name, _| is_other(name));
    others.limits.retain(|name, _| is_other(name));
    others
}
