//! API types: `v1.Pod` and what makes Pods, with defaults and validation (k8s.io/api, pkg/apis/core).
//!
//! Unknown fields are kept ([`OtherFields`]), `null` counts as absent, and an unknown enum string is kept
//! ([`Named::Other`]), so that validation can name its field. The structs are `#[non_exhaustive]`, because each release
//! of Kubernetes adds fields: make one with its constructor or `default()` and set what you need.
//!
//! ```
//! use pod_lifecycle::api::{PodManifest, RestartPolicy};
//!
//! let pod: PodManifest = serde_json::from_str(r#"{
//!     "metadata": {"name": "web"},
//!     "spec": {"restartPolicy": "Never", "containers": [{"name": "app", "image": "nginx"}]}
//! }"#)?;
//! assert_eq!(pod.spec.restart_policy, Some(RestartPolicy::Never.into()));
//! # Ok::<(), serde_json::Error>(())
//! ```

mod container;
mod container_status;
mod defaults;
pub(crate) mod described;
mod image;
mod named;
mod pod;
mod probe;
mod quantity;
mod resources;
mod scheduling;
mod status;
mod validation;
mod value;
mod volume;
mod workload;

pub use container::{
    Container, ContainerPort, ContainerRestartRule, EnvVar, ExitCodeOperator, ExitCodes, ImagePullPolicy, Lifecycle,
    Protocol, RestartPolicy, RestartRuleAction, TerminationMessagePolicy, VolumeMount,
};
pub use container_status::{
    ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting, ContainerStatus,
};
pub(crate) use defaults::default_pull_policy;
pub(crate) use image::ImageReference;
pub use image::InvalidImageName;
pub use named::{Name, Named, UnknownName};
pub(crate) use named::{from_name, named, open_named};
pub use pod::{ObjectMeta, OsName, OwnerReference, PodManifest, PodManifestSpec, PodOs, ReadinessGate, SchedulingGate};
pub use probe::{
    ExecAction, GrpcAction, Handler, HttpGetAction, HttpHeader, IntOrString, Probe, SleepAction, TcpSocketAction,
    UriScheme,
};
pub use quantity::{InvalidQuantity, Quantity};
pub use resources::{ResourceList, ResourceRequirements};
pub(crate) use scheduling::{Affinity, NodeSelector};
pub use scheduling::{Taint, Toleration};
pub use status::{ConditionStatus, HostIp, PodCondition, PodIp, PodPhase, PodQosClass, PodStatus};
pub(crate) use validation::Quoted;
pub use validation::{BadValue, FieldError, FieldErrorType, Invalid, validate};
pub use value::OtherFields;
#[cfg(feature = "k8s-openapi")]
pub(crate) use value::{PathError, read};
pub use volume::{
    ConfigMapProjection, DownwardApiProjection, DownwardApiVolumeFile, ImageVolumeSource, KeyToPath,
    ObjectFieldSelector, ProjectedVolumeSource, SecretVolumeSource, ServiceAccountTokenProjection, Volume,
    VolumeProjection,
};

pub(crate) use workload::generated_name;
pub use workload::{
    Document, JobTemplateSpec, PodTemplateSpec, StatefulSetOrdinals, Workload, WorkloadError, WorkloadKind,
    WorkloadSpec,
};

use serde::{Deserialize, Deserializer};

/// Reads `null` as the default value, as the API server does.
fn null_is_absent<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// True if a value is its type's default and need not be written.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
