//! Pod status as the API server stores it, the patch that brings it there, and recorded events.
//!
//! Answers to `pkg/kubelet/status` and to `k8s.io/client-go/tools/record`. Nothing here is stored with a Pod, except by
//! an [`EventRecorder`], which a node has one of.

mod event;
mod patch;
mod project;
mod runtime_facts;
mod watch;

pub use crate::action::EventType;
pub use event::{
    Correlated, EventCorrelator, EventObject, EventPatch, EventRecorder, EventSource, ObjectReference, RecordedEvent,
    fold_events,
};
pub use patch::{StatusPatch, merged_status};
pub use project::{StatusParts, container_status, pod_condition, project};
#[cfg(feature = "explain")]
pub(crate) use project::{condition_message, failure_message};
pub use runtime_facts::{ContainerFacts, NumberedInstances, PodFacts, RuntimeFacts};

use crate::api::{PodPhase, PodStatus};

/// Whether a Pod's life is over.
pub(crate) fn has_ended(status: &PodStatus) -> bool {
    status.phase.as_ref().and_then(|phase| phase.known()).is_some_and(PodPhase::is_terminal)
}
