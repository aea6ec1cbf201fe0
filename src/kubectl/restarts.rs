//! The column RESTARTS.

use alloc::{
    format,
    string::{String, ToString},
};

use crate::{
    api::ContainerStatus,
    kubectl::age::{age, set},
    time::Timestamp,
};

/// How often some containers were started again, and when one of them last ended.
#[derive(Clone, Copy, Default)]
pub(super) struct Restarts {
    count: i64,
    last_end: Option<Timestamp>,
}

impl Restarts {
    /// The restarts of one container.
    pub(super) fn of(status: &ContainerStatus) -> Restarts {
        let last = status.last_state.terminated.as_ref();
        Restarts { count: status.restart_count.into(), last_end: set(last.and_then(|last| last.finished_at)) }
    }

    /// The restarts of both.
    pub(super) fn and(self, other: Restarts) -> Restarts {
        Restarts { count: self.count.saturating_add(other.count), last_end: self.last_end.max(other.last_end) }
    }

    /// `3 (5m ago)`, or `3` if nobody knows when.
    pub(super) fn column(self, now: Timestamp) -> String {
        match self {
            Restarts { count: 0, .. } | Restarts { last_end: None, .. } => self.count.to_string(),
            Restarts { count, last_end } => format!("{count} ({} ago)", age(last_end, now)),
        }
    }
}
