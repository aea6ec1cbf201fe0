//! Kubernetes' rules for a Pod as pure functions, one rule in each module.
//!
//! Each is the counterpart of a function of the Go kubelet, which it names ("Answers to"), and is written once:
//! `PodMachine`, the explanations and the fake runtime all call the same one. The last line of each module's
//! documentation names its callers. The rules read plain data
//! ([`PodSpec`](crate::spec::PodSpec), [`RuntimeStatus`](crate::state::RuntimeStatus), container statuses by index) and
//! need no `PodMachine`. To call them with a status of the API, see
//! [`observed_records`](crate::state::observed_records).
//!
//! Here `restartPolicy: OnFailure` decides about an exit with code 0:
//!
//! ```
//! use pod_lifecycle::{api, rule::restart, spec::PodSpec};
//!
//! let manifest: api::PodManifest = serde_json::from_str(
//!     r#"{"spec": {"restartPolicy": "OnFailure", "containers": [{"name": "job", "image": "busybox"}]}}"#)?;
//! let spec = PodSpec::from_admitted(&manifest)?;
//! let (_, job) = spec.regular_containers().next().ok_or("no container")?;
//! assert!(!restart::restarts_after_exit(job.restart(), 0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod admission;
pub mod back_off;
pub mod conditions;
pub mod container_status;
pub mod deadline;
pub mod external_conditions;
pub mod final_statuses;
pub mod grace;
pub(crate) mod init_containers;
pub mod phase;
pub mod pod_actions;
pub mod pod_status;
mod preemption;
pub mod probe;
pub mod resize;
pub mod restart;
pub mod sandbox;
pub mod spec_change;
pub mod started_and_ready;
pub(crate) mod taint_eviction;
pub mod termination_order;

use crate::{spec::ContainerIndex, state::ContainerRecord};

/// Returns the status of one container, if there is one.
fn record_of(records: &[Option<ContainerRecord>], container: ContainerIndex) -> Option<&ContainerRecord> {
    records.get(container.get()).and_then(Option::as_ref)
}
