//! Kubernetes Pods that behave, for tests and for clusters without machines.
//!
//! * [`Node`]: a node, or thousands, whose Pods live as a kubelet lets them live.
//! * [`api_server`]: an API server in memory to point a [`kube::Client`] or `kubectl` at.

#![forbid(unsafe_code)]

mod node;

pub use node::{AnnotationError, Metrics, Node, Running, Scenario, ScenarioError, StartError, Taint, TaintEffect};
pub use pod_lifecycle_api_server::{
    self as api_server,
    quantity::{Quantity, QuantityError},
};
