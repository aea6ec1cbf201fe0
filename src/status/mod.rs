//! What is shown of a Pod: the status as the API prints it, the columns of `kubectl get pods`, `kubectl describe pod`,
//! and recorded events.
//!
//! Everything here is read off a Pod at one moment; nothing is stored.

mod age;
mod describe;
mod event;
pub mod kubectl;
mod layout;
mod of_pod;
mod report;

pub use crate::action::EventType;
pub use age::age;
pub use describe::describe;
pub use event::{RecordedEvent, fold_events};
pub use report::{
    InstanceNames, NumberedInstances, Report, condition_message, container_status, failure_message, foreign_conditions,
    gate_statuses, phase_reason, pod_condition, pod_status,
};

use crate::manifest::{PodPhase, PodStatus};

/// Whether a Pod's life is over.
fn has_ended(status: &PodStatus) -> bool {
    status.phase.as_ref().and_then(|phase| phase.known()).is_some_and(PodPhase::is_terminal)
}
