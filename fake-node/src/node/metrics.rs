//! Metrics in Prometheus' text format.

use std::sync::atomic::{AtomicI64, Ordering};

/// A counter.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicI64);

impl Count {
    pub(super) fn add(&self, more: i64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Metrics of all nodes of a process.
///
/// ```
/// use fake_node::Metrics;
///
/// assert!(Metrics::default().to_string().contains("fake_node_pods 0\n"));
/// ```
#[derive(Debug, Default)]
pub struct Metrics {
    pub(super) nodes: Count,
    pub(super) pods: Count,
    pub(super) status_writes: Count,
    pub(super) status_writes_retried: Count,
    pub(super) status_writes_refused: Count,
    pub(super) status_writes_ineffective: Count,
    pub(super) pods_deleted: Count,
    pub(super) pods_refused: Count,
    pub(super) events: Count,
    pub(super) events_dropped: Count,
    pub(super) watch_restarts: Count,
    pub(super) lease_renewals: Count,
    pub(super) lease_failures: Count,
}

impl Metrics {
    fn all(&self) -> [(&'static str, &'static str, &'static str, &Count); 13] {
        [
            ("nodes", "gauge", "Nodes that are registered.", &self.nodes),
            ("pods", "gauge", "Pods that are managed.", &self.pods),
            ("status_writes_total", "counter", "Status patches sent.", &self.status_writes),
            (
                "status_writes_retried_total",
                "counter",
                "Status patches that failed and are retried.",
                &self.status_writes_retried,
            ),
            ("status_writes_refused_total", "counter", "Status patches refused.", &self.status_writes_refused),
            (
                "status_writes_ineffective_total",
                "counter",
                "Status patches that had not their whole effect on the object.",
                &self.status_writes_ineffective,
            ),
            ("pods_deleted_total", "counter", "Pods whose final delete succeeded.", &self.pods_deleted),
            ("pods_refused_total", "counter", "Pods rejected by their node.", &self.pods_refused),
            ("events_total", "counter", "Events sent.", &self.events),
            ("events_dropped_total", "counter", "Events dropped unsent.", &self.events_dropped),
            ("watch_restarts_total", "counter", "Restarts of the watch of the Pods.", &self.watch_restarts),
            ("lease_renewals_total", "counter", "Leases renewed.", &self.lease_renewals),
            ("lease_failures_total", "counter", "Leases that could not be renewed.", &self.lease_failures),
        ]
    }
}

impl std::fmt::Display for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (name, kind, help, count) in self.all() {
            writeln!(f, "# HELP fake_node_{name} {help}\n# TYPE fake_node_{name} {kind}")?;
            writeln!(f, "fake_node_{name} {}", count.get())?;
        }
        Ok(())
    }
}
