//! Kubernetes Pods that behave, for tests and for clusters without machines.
//!
//! * [`api_server`]: an API server in memory to point a [`kube::Client`] or `kubectl` at.

#![forbid(unsafe_code)]

pub mod api_server;
