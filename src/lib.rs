//! The life of a Kubernetes Pod as a pure, IO-free library.
#![cfg_attr(not(any(test, feature = "std")), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod budget;
pub mod config;
pub mod manifest;
pub mod rule;
pub mod spec;
pub mod state;
mod time;

#[cfg(feature = "std")]
pub use time::SystemClock;
pub use time::{Clock, ManualClock, Timestamp};
