//! kubectl's output: `kubectl get pods` (pkg/printers/internalversion) and `kubectl describe pod`
//! (k8s.io/kubectl/pkg/describe).
//!
//! ```
//! use pod_lifecycle::{Timestamp, api::PodManifest, kubectl};
//!
//! let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/crash-loop.json"));
//! let pod: PodManifest = serde_json::from_str(printed)?;
//! let now: Timestamp = "2026-03-01T12:08:50Z".parse()?;
//! assert_eq!(kubectl::row(&pod, now).status, "CrashLoopBackOff");
//! assert!(kubectl::describe(&pod, &[], now).contains("CrashLoopBackOff"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod age;
mod columns;
mod describe;
mod status_column;
mod table;
mod tabwriter;
#[cfg(test)]
mod tests;

pub use age::age;
pub use columns::{Row, row};
pub use describe::describe;
pub use table::{table, wide_table};
