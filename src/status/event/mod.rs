//! Kubernetes events: as a recorder keeps them for people, and as the API takes them.

mod aggregator;
mod correlator;
mod lru;
mod object;
mod recorded;
mod recorder;
mod spam_filter;

pub use correlator::{Correlated, EventCorrelator, EventPatch};
pub use object::{EventObject, EventSource, ObjectReference};
pub use recorded::{RecordedEvent, fold_events};
pub use recorder::EventRecorder;
