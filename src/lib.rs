//! The life of a Kubernetes Pod as a pure, IO-free library.
#![cfg_attr(not(any(test, feature = "std")), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod action;
pub mod budget;
pub mod config;
pub mod event;
pub mod explain;
mod machine;
pub mod manifest;
pub mod rule;
#[cfg(feature = "sim")]
pub mod sim;
pub mod spec;
pub mod state;
pub mod status;
mod time;

pub use action::{
    Action, Change, ContainerStateKind, EventReason, KubernetesEvent, PassKind, PassNews, Severity, Transition,
};
pub use machine::{
    CONTAINER_MOVES, NoSink, Output, PHASE_MOVES, Pod, Published, Sink, WORKER_MOVES, Wake, WorkerState,
};
#[cfg(feature = "std")]
pub use time::SystemClock;
pub use time::{Clock, ManualClock, Timestamp, go_duration};
