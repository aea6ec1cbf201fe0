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

/// Metrics of a process of nodes.
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
            ("pods", "gauge", "Pods that are looked after.", &self.pods),
            ("status_writes_total", "counter", "Status patches sent.", &self.status_writes),
            ("status_writes_retried_total", "counter", "Status patches to be sent again.", &self.status_writes_retried),
            ("status_writes_refused_total", "counter", "Status patches refused.", &self.status_writes_refused),
            (
                "status_writes_ineffective_total",
                "counter",
                "Status patches that the API server has heeded only in part.",
                &self.status_writes_ineffective,
            ),
            ("pods_deleted_total", "counter", "Pods deleted for good.", &self.pods_deleted),
            ("pods_refused_total", "counter", "Pods that a node has refused.", &self.pods_refused),
            ("events_total", "counter", "Events sent.", &self.events),
            ("events_dropped_total", "counter", "Events that could not be sent.", &self.events_dropped),
            ("watch_restarts_total", "counter", "How often the watch of the Pods began again.", &self.watch_restarts),
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
