//! The kubelet's side of a Pod's life: objects and runtime news in, actions and statuses out.
//!
//! Each part of the kubelet is a part here, with its own state: the [worker](worker) with its [sync](sync) under way,
//! the runtime manager's [containers](containers), the [probe workers](probers), the
//! [status manager](status_manager), the [runtime as it was seen last](runtime_cache), the
//! [object as the API showed it last](api_pod). What one part has to say to another is a message in the
//! [inbox](inbox), and [`PodMachine`] hands the messages on in the kubelet's order.

mod api_pod;
mod burst;
mod checks;
#[cfg(feature = "sim")]
mod commons;
mod containers;
mod garbage;
mod inbox;
mod inspect;
mod kill;
mod main_loop;
mod node;
mod object_events;
mod parts;
mod pod;
mod probers;
mod prototype;
mod published;
mod quiet;
mod rare;
mod relist;
mod resume;
mod runtime_cache;
mod runtime_events;
mod sink;
#[cfg(feature = "snapshot")]
mod snapshot;
mod start;
mod status_manager;
mod stop;
mod sync;
mod tables;
#[cfg(test)]
mod tests;
mod wake;
mod worker;
mod write;

#[cfg(feature = "sim")]
pub(crate) use commons::Interner;
pub(crate) use inspect::InspectSync;
pub use pod::PodMachine;
pub use prototype::Prototype;
pub use published::Published;
#[cfg(all(test, feature = "proptest"))]
pub(crate) use quiet::{ALWAYS_MADE, REPEATED};
pub use resume::ResumeError;
#[cfg(feature = "sim")]
pub(crate) use runtime_events::ProbeAnswer;
pub use sink::{NoSink, Output, Sink};
#[cfg(all(feature = "snapshot", feature = "sim"))]
pub(crate) use snapshot::Version;
#[cfg(feature = "snapshot")]
pub use snapshot::{PodSnapshot, SnapshotError};
pub(crate) use stop::{Stop, StopStage};
pub(crate) use sync::PendingCall;
pub use tables::{CONTAINER_MOVES, PHASE_MOVES, WORKER_MOVES, WorkerState};
pub use wake::Wake;

use alloc::{borrow::Cow, string::String};

use crate::{
    action::{EventReason, EventType, KubernetesEvent},
    api::Name,
    spec::ContainerIndex,
    time::Timestamp,
};

/// One step of a Pod: when it happens, and where its outputs go.
pub(crate) struct Step<'a> {
    pub(crate) now: Timestamp,
    pub(crate) out: &'a mut dyn Sink,
}

impl Step<'_> {
    /// Records a Kubernetes event; its message is made only if somebody wants it.
    fn record(
        &mut self,
        type_: EventType,
        reason: EventReason,
        container: Option<ContainerIndex>,
        message: impl FnOnce() -> String,
    ) {
        if self.out.wants_events() {
            let (reason, message) = (Cow::Borrowed(reason.name()), message());
            self.out.event(KubernetesEvent { at: self.now, type_, reason, container, message });
        }
    }
}
