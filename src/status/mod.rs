//! What is shown of a Pod: the status as the API prints it, the columns of `kubectl get pods`, `kubectl describe pod`,
//! and recorded events.
//!
//! Everything here is read off a Pod at one moment; nothing is stored.
//!
//! From the object of a Pod, as `kubectl get pod -o json` prints it:
//!
//! ```
//! use pod_lifecycle::{Timestamp, api::PodManifest, explain::ObservedPod, kubectl::describe};
//!
//! let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/crash-loop.json"));
//! let manifest: PodManifest = serde_json::from_str(printed)?;
//! let now: Timestamp = "2026-03-01T12:08:50Z".parse()?;
//! assert!(describe(&manifest, &[], now).contains("CrashLoopBackOff"));
//!
//! let pod = ObservedPod::from_manifest(manifest)?;
//! assert_eq!(pod.row(now).status, "CrashLoopBackOff");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod event;
mod of_pod;
mod patch;
mod report;
mod runtime_facts;
mod watch;

pub use crate::action::EventType;
pub use event::{
    Correlated, EventCorrelator, EventObject, EventPatch, EventRecorder, EventSource, ObjectReference, RecordedEvent,
    fold_events,
};
pub use patch::{StatusPatch, merged_status};
pub use report::{
    Report, condition_message, container_status, external_conditions, failure_message, gate_statuses, phase_reason,
    pod_condition, pod_status,
};

pub use runtime_facts::{ContainerFacts, NumberedInstances, PodFacts, RuntimeFacts};

use crate::api::{PodPhase, PodStatus};

/// Whether a Pod's life is over.
pub(crate) fn has_ended(status: &PodStatus) -> bool {
    status.phase.as_ref().and_then(|phase| phase.known()).is_some_and(PodPhase::is_terminal)
}
