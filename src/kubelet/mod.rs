//! The kubelet's side of a Pod's life: objects and runtime news in, actions and statuses out.
//!
//! Each part of the kubelet is a part here, with its own state: the [worker](pod_worker) with its [sync](sync) under way,
//! the runtime manager's [containers](runtime_manager), the [probe workers](prober_manager), the
//! [status manager](status_manager), the [runtime as it was seen last](pleg), the
//! [object as the API showed it last](api_pod). What one part has to say to another is a message in the
//! [inbox](sync_loop_queue), and [`PodMachine`] hands the messages on in the kubelet's order.

mod api_pod;
#[cfg(feature = "sim")]
mod commons;
mod components;
mod container_gc;
mod eviction;
mod fast_path;
mod inspect;
mod kill_container;
mod livelock_guard;
mod node;
mod observe;
mod pleg;
mod pod;
mod pod_worker;
mod prober_manager;
mod prototype;
mod rare;
mod relist;
mod restart;
mod runtime_events;
mod runtime_manager;
mod sink;
#[cfg(feature = "snapshot")]
mod snapshot;
mod start_container;
mod status_manager;
mod status_view;
mod sync;
mod sync_loop;
mod sync_loop_queue;
#[cfg(test)]
mod tests;
mod timers;
mod transitions;
mod validate_event;
mod write;

#[cfg(feature = "sim")]
pub(crate) use commons::Interner;
#[cfg(all(test, feature = "proptest"))]
pub(crate) use fast_path::{ALWAYS_MADE, REPEATED};
pub(crate) use inspect::{InspectStop, InspectSync, StartStep, StopProgress};
pub use pod::PodMachine;
pub use prototype::Prototype;
pub use restart::ResumeError;
#[cfg(feature = "sim")]
pub(crate) use runtime_events::ProbeAnswer;
pub use sink::{NoSink, Output, Sink};
#[cfg(all(feature = "snapshot", feature = "sim"))]
pub(crate) use snapshot::Version;
#[cfg(feature = "snapshot")]
pub use snapshot::{PodSnapshot, SnapshotError};
pub use status_view::Published;
pub use timers::Wake;
pub use transitions::{CONTAINER_MOVES, PHASE_MOVES, WORKER_MOVES, WorkerState};

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
