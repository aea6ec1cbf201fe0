//! Pod status as the API server stores it, the patch that updates it, and recorded events (pkg/kubelet/status,
//! k8s.io/client-go/tools/record).
//!
//! The status of a [`PodMachine`](crate::PodMachine) is projected when it is read; only an [`EventRecorder`], one per
//! node, keeps state of its own.

mod events;
mod messages;
mod patch;
mod project;
mod reconcile;
mod runtime_facts;

pub use crate::action::EventType;
pub use events::{
    Correlated, EventCorrelator, EventObject, EventPatch, EventRecorder, EventSeries, EventSource, ObjectReference,
    RecordedEvent, fold_events,
};
#[cfg(feature = "explain")]
pub(crate) use messages::{condition_message, failure_message};
pub use patch::{StatusPatch, merged_status};
pub use project::{StatusParts, container_status, pod_condition, project};
pub use runtime_facts::{ContainerFacts, NumberedInstances, PodFacts, RuntimeFacts};

use crate::api::{PodPhase, PodStatus};

/// True if the phase is terminal: `Succeeded` or `Failed`.
pub(crate) fn is_terminal(status: &PodStatus) -> bool {
    status.phase.as_ref().and_then(|phase| phase.known()).is_some_and(PodPhase::is_terminal)
}
