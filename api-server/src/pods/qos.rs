//! Quality of service class of a Pod.
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/>

use pod_lifecycle::{
    api::{Name, PodManifest, PodQosClass},
    spec::PodSpec,
};

use serde_json::Value;

use super::super::object::Object;

/// Returns `Guaranteed`, `Burstable` or `BestEffort`. A Pod that validation will refuse has the last.
pub(super) fn class(pod: &Object) -> &'static str {
    let manifest = serde_json::from_value::<PodManifest>(Value::Object(pod.fields().clone())).ok();
    let spec = manifest.and_then(|manifest| PodSpec::from_admitted(&manifest).ok());
    spec.map_or(PodQosClass::BestEffort, |spec| spec.qos_class()).name()
}
