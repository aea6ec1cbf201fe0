//! The Pod as people write it and the API prints it: the lifecycle part of `v1.Pod`, for serde.
//!
//! Unknown fields are tolerated, `null` counts as absent, and an enum string that Kubernetes does not know
//! is kept as it stands ([`Named::Other`]), so that validation can name its field.
//!
//! ```
//! use pod_lifecycle::manifest::{Pod, RestartPolicy};
//!
//! let pod: Pod = serde_json::from_str(r#"{
//!     "metadata": {"name": "web"},
//!     "spec": {"restartPolicy": "Never", "containers": [{"name": "app", "image": "nginx"}]}
//! }"#)?;
//! assert_eq!(pod.spec.restart_policy, Some(RestartPolicy::Never.into()));
//! # Ok::<(), serde_json::Error>(())
//! ```

mod container;
mod named;
mod pod;
mod probe;
mod status;

pub use container::{
    Container, ContainerPort, ContainerRestartRule, ExitCodeOperator, ExitCodes, ImagePullPolicy, Lifecycle, Protocol,
    RestartPolicy, RestartRuleAction, TerminationMessagePolicy, VolumeMount,
};
pub(crate) use named::named;
pub use named::{Name, Named};
pub use pod::{ObjectMeta, Pod, PodSpec, ReadinessGate, SchedulingGate};
pub use probe::{
    ExecAction, GrpcAction, Handler, HttpGetAction, HttpHeader, IntOrString, Probe, SleepAction, TcpSocketAction,
    UriScheme,
};
pub use status::{
    ConditionStatus, ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting,
    ContainerStatus, PodCondition, PodIp, PodPhase, PodStatus,
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

/// Whether a value is its type's default and need not be written.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
