//! What is shown of a Pod: the columns of `kubectl get pods`, `kubectl describe pod`, and recorded events.
//!
//! Everything here is read off a [`manifest::Pod`](crate::manifest::Pod) at one moment; nothing is stored.

mod age;
mod describe;
mod event;
pub mod kubectl;
mod layout;

pub use describe::describe;
pub use event::{EventType, RecordedEvent, fold_events};

use crate::manifest::{PodPhase, PodStatus};

/// Whether a Pod's life is over.
fn has_ended(status: &PodStatus) -> bool {
    status.phase.as_ref().and_then(|phase| phase.known()).is_some_and(PodPhase::is_terminal)
}
