//! How a Pod lives: events in, actions out, one worker that makes one pass after another.

mod api;
mod change;
mod fold;
mod node;
mod outage;
mod pass;
mod pod;
mod prober;
mod publish;
mod record;
mod relist;
mod sink;
mod start;
mod stop;
mod tables;
mod wake;
mod worker;

pub(crate) use pass::{Doing, Pass, Task};
pub use pod::{Pod, Published};
pub(crate) use prober::{Prober, ProberStage};
pub use sink::{NoSink, Output, Sink};
pub(crate) use stop::{Stop, StopStage};
pub use tables::{CONTAINER_MOVES, PHASE_MOVES, WORKER_MOVES, WorkerState};
pub use wake::Wake;

use crate::time::Timestamp;

/// One step of a Pod: when it happens, and where its outputs go.
pub(crate) struct Step<'a> {
    pub(crate) now: Timestamp,
    pub(crate) out: &'a mut dyn Sink,
}
