//! What is shown of a Pod: the columns of `kubectl get pods`, `kubectl describe pod`, and recorded events.
//!
//! Everything here is read off a [`manifest::Pod`](crate::manifest::Pod) at one moment; nothing is stored.

mod age;

mod event;
pub mod kubectl;
mod layout;

pub use event::{EventType, RecordedEvent, fold_events};
