//! Status data that the rules read: containers by index instead of by name, messages not yet formatted.
//!
//! From the container statuses of an API object:
//!
//! ```
//! use pod_lifecycle::{api, spec::PodSpec, state::{self, ContainerIds}};
//!
//! let pod: api::PodManifest = serde_json::from_str(r#"{
//!     "spec": {"containers": [{"name": "app", "image": "nginx"}]},
//!     "status": {"containerStatuses": [{
//!         "name": "app", "ready": true, "restartCount": 0, "image": "nginx", "imageID": "", "state": {"running": {}}
//!     }]}
//! }"#)?;
//! let spec = PodSpec::from_admitted(&pod)?;
//! let records = state::observed_records(&spec, &pod.status.container_statuses, &mut ContainerIds::default());
//! assert!(records[0].as_ref().is_some_and(|app| app.is_running()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod condition;
mod container;
mod container_ids;
mod linux_resources;
mod observed;
mod reason;
mod resource_status;
mod runtime;

pub(crate) use condition::is_resize_condition;
pub use condition::{
    Condition, ConditionMessage, ConditionReason, ConditionType, GateFailure, PodConditions, UnmetContainers,
    is_owned_by_kubelet,
};
pub use container::{ContainerRecord, FailureMessage, RecordedState, StartFailure, Termination, Waiting};
pub(crate) use container::{REMOVED_TO_RESTART_ALL, SIGKILL_EXIT_CODE};
pub use container_ids::ContainerIds;
pub use linux_resources::LinuxResources;
pub(crate) use linux_resources::{
    CPU_PERIOD, MIN_SHARES, NO_LIMIT, milli_of_quota, milli_of_shares, quota_of_milli, shares_of_milli,
};
pub use observed::observed_records;
pub use reason::{PodReason, StartError, TerminationReason};
pub use resource_status::{ContainerResources, ResizeCondition, ResizeConditions, ResourceStatus};
pub use runtime::{Instance, InstanceId, InstanceState, RuntimeStatus, Sandbox, SandboxId};
