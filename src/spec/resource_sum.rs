//! Sums of the containers' resources: what a Pod takes of its node
//! (k8s.io/component-helpers/resource/helpers.go).
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers>, KEP-753.

use super::{ContainerKind, ContainerSpec, PodSpec};
use crate::api::{Quantity, ResourceList};

impl PodSpec {
    /// Returns the resources that the Pod's node sets aside for it: those of the Pod as a whole, else the sum of its
    /// containers, with the overhead. A plain init container counts with the sidecars before it, and only for more than
    /// the regular containers ask for.
    ///
    /// Answers to `PodRequests`.
    ///
    /// ```
    /// use pod_lifecycle::{api::PodManifest, spec::PodSpec};
    ///
    /// let manifest: PodManifest = serde_json::from_str(r#"{"spec": {
    ///     "initContainers": [{"name": "migrate", "image": "m", "resources": {"requests": {"cpu": "2"}}}],
    ///     "containers": [{"name": "app", "image": "a", "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}}}]
    /// }}"#)?;
    /// let requests = PodSpec::from_admitted(&manifest)?.requests();
    /// assert_eq!((requests["cpu"].to_string(), requests["memory"].to_string()), ("2".into(), "1Gi".into()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn requests(&self) -> ResourceList {
        let mut requests = self.container_requests();
        let of_pod = self.resources().requests.iter().filter(|(name, _)| is_pod_level(name));
        requests.extend(of_pod.map(|(name, quantity)| (name.clone(), *quantity)));
        add(&mut requests, self.overhead());
        requests
    }

    /// Returns the limits of the Pod as a whole, else the sum of its containers' limits, with the overhead.
    ///
    /// Answers to `PodLimits`.
    #[must_use]
    pub fn limits(&self) -> ResourceList {
        let mut limits = self.container_limits();
        let of_pod = self.resources().limits.iter().filter(|(name, _)| is_pod_level(name));
        limits.extend(of_pod.map(|(name, quantity)| (name.clone(), *quantity)));
        // The overhead raises only limits that exist.
        for (name, quantity) in self.overhead() {
            if let Some(limit) = limits.get_mut(name).filter(|limit| !limit.is_zero()) {
                *limit = limit.plus(*quantity);
            }
        }
        limits
    }

    /// Returns the sum of the containers' requests alone.
    ///
    /// Answers to `AggregateContainerRequests`.
    #[must_use]
    pub fn container_requests(&self) -> ResourceList {
        sum_over_containers(&self.containers, |container| &container.resources().requests)
    }

    /// Returns the sum of the containers' limits alone.
    ///
    /// Answers to `AggregateContainerLimits`.
    #[must_use]
    pub fn container_limits(&self) -> ResourceList {
        sum_over_containers(&self.containers, |container| &container.resources().limits)
    }
}

/// Returns the sum over regular containers and sidecars, or that of the largest plain init container with the sidecars
/// before it, whichever is more of each resource.
pub(super) fn sum_over_containers(
    containers: &[ContainerSpec],
    of: impl Fn(&ContainerSpec) -> &ResourceList,
) -> ResourceList {
    let (mut throughout, mut sidecars, mut at_start) = (ResourceList::new(), ResourceList::new(), ResourceList::new());
    for container in containers {
        match container.kind {
            ContainerKind::Regular => add(&mut throughout, of(container)),
            ContainerKind::Sidecar => {
                add(&mut throughout, of(container));
                add(&mut sidecars, of(container));
                raise(&mut at_start, &sidecars);
            }
            ContainerKind::Init => {
                let mut meanwhile = of(container).clone();
                add(&mut meanwhile, &sidecars);
                raise(&mut at_start, &meanwhile);
            }
            // Ephemeral containers cannot have resources.
            ContainerKind::Ephemeral => {}
        }
    }
    raise(&mut throughout, &at_start);
    throughout
}

/// True for a resource that a Pod may ask for as a whole: CPU, memory and huge pages.
pub(crate) fn is_pod_level(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || name.starts_with("hugepages-")
}

/// Adds amounts to a list.
pub(crate) fn add(list: &mut ResourceList, more: &ResourceList) {
    for (name, quantity) in more {
        let sum = list.get(name).map_or(*quantity, |known: &Quantity| known.plus(*quantity));
        list.insert(name.clone(), sum);
    }
}

/// Raises each amount of a list to that of another.
fn raise(list: &mut ResourceList, to: &ResourceList) {
    for (name, quantity) in to {
        if list.get(name).is_none_or(|known| known < quantity) {
            list.insert(name.clone(), *quantity);
        }
    }
}
