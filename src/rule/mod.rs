//! Why a Pod is as it is, and what happens to it next: Kubernetes' rules one by one, as pure functions.
//!
//! The rules read plain data ([`PodSpec`](crate::spec::PodSpec), [`RuntimeStatus`](crate::state::RuntimeStatus),
//! records of containers by index) and can be asked without a machine.
//!
//! Is a container that exits with 0 started again?
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

pub mod back_off;
pub mod conditions;
pub mod container_status;
pub mod deadline;
pub mod external_conditions;
pub(crate) mod init_containers;
pub mod phase;
pub mod pod_actions;
pub mod pod_status;
pub mod probe;
pub mod readiness;
pub mod restart;
pub mod sandbox;
pub mod spec_change;
pub mod terminate_pod;
pub mod termination;

use crate::{spec::ContainerIndex, state::ContainerRecord};

/// What is reported of one container, if anything is.
fn record_of(records: &[Option<ContainerRecord>], container: ContainerIndex) -> Option<&ContainerRecord> {
    records.get(container.get()).and_then(Option::as_ref)
}
