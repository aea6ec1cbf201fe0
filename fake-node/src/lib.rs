//! Kubernetes nodes without machines, for tests and clusters: their Pods act as on real nodes.
//!
//! * [`Node`]: a node, or thousands, on any API server.
//! * [`Binder`]: a small scheduler, where there is none.
//! * [`api_server`]: an API server in memory for a [`kube::Client`] or `kubectl`.

#![forbid(unsafe_code)]

mod node;

pub use node::{
    AnnotationError, Binder, Metrics, Node, PodScript, PodScriptError, Running, RunningBinder, StartError, Taint,
    TaintEffect,
};
pub use pod_lifecycle::api::{InvalidQuantity, Quantity};
pub use pod_lifecycle_api_server as api_server;
