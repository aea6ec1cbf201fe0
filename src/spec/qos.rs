//! Quality of service class of a Pod (pkg/apis/core/v1/helper/qos).
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/>

use super::PodSpec;
use crate::api::{PodQosClass, ResourceList, ResourceRequirements};

/// Resources that decide the class.
const COUNTED: [&str; 2] = ["cpu", "memory"];

impl PodSpec {
    /// Returns the quality of service class: `Guaranteed` if CPU and memory have limits equal to their requests
    /// everywhere, `BestEffort` if neither is mentioned anywhere, otherwise `Burstable`. Resources of the Pod as a whole
    /// decide alone where they are set.
    ///
    /// Answers to `ComputePodQOS`.
    ///
    /// ```
    /// use pod_lifecycle::{api::{PodManifest, PodQosClass}, spec::PodSpec};
    ///
    /// let manifest: PodManifest = serde_json::from_str(r#"{"spec": {"containers": [
    ///     {"name": "app", "image": "a", "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}]}}"#)?;
    /// assert_eq!(PodSpec::from_admitted(&manifest)?.qos_class(), PodQosClass::Guaranteed);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn qos_class(&self) -> PodQosClass {
        let of_pod = self.resources();
        if !of_pod.is_empty() {
            return class_of(&[of_pod]);
        }
        let containers: alloc::vec::Vec<_> = self.init_and_regular_containers().map(|(_, it)| it.resources()).collect();
        class_of(&containers)
    }
}

fn class_of(all: &[&ResourceRequirements]) -> PodQosClass {
    let asks = |list: &ResourceList| COUNTED.iter().any(|name| list.get(*name).is_some_and(|it| !it.is_zero()));
    if !all.iter().any(|it| asks(&it.requests) || asks(&it.limits)) {
        return PodQosClass::BestEffort;
    }
    let limited = |it: &ResourceRequirements, name: &str| it.limits.get(name).is_some_and(|limit| !limit.is_zero());
    let is_limited = all.iter().all(|it| COUNTED.iter().all(|name| limited(it, name)));
    // The sums decide, not each container by itself.
    let sum = |of: fn(&ResourceRequirements) -> &ResourceList| {
        all.iter().fold(ResourceList::new(), |mut sum, it| {
            super::resource_sum::add(&mut sum, of(it));
            sum.retain(|name, quantity| COUNTED.contains(&name.as_str()) && !quantity.is_zero());
            sum
        })
    };
    let (requests, limits) = (sum(|it| &it.requests), sum(|it| &it.limits));
    if is_limited && requests == limits { PodQosClass::Guaranteed } else { PodQosClass::Burstable }
}
