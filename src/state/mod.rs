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
mod observed;
mod reason;
mod runtime;

pub(crate) use condition::is_resize_condition;
pub use condition::{
    Condition, ConditionMessage, ConditionReason, ConditionType, GateFailure, PodConditions, UnmetContainers,
    is_owned_by_kubelet,
};
pub use container::{ContainerRecord, FailureMessage, RecordedState, StartFailure, Termination, Waiting};
pub(crate) use container::{REMOVED_TO_RESTART_ALL, SIGKILL_EXIT_CODE};
pub use container_ids::ContainerIds;
pub use observed::observed_records;
pub use reason::{PodReason, StartError, TerminationReason};
pub use runtime::{Instance, InstanceId, InstanceState, RuntimeStatus, Sandbox, SandboxId};
