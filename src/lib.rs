//! What the kubelet does with a Pod, as a pure, I/O-free library.
//!
//! For people who test controllers, write node agents, simulate clusters, or ask why a Pod is in its state. A [`PodMachine`]
//! manages one Pod as the kubelet of Kubernetes 1.36 does, or that of [another version](config::Kubernetes) from 1.32 on.
//! Events and time go in; actions, status changes and Kubernetes events come out. It reads no clock and uses no randomness,
//! so the same inputs always give the same outputs. Recordings of real kubelets are the judge:
//! [how true it is](https://github.com/pod-lifecycle/pod-lifecycle#how-true-it-is), and
//! [what is modelled](https://github.com/pod-lifecycle/pod-lifecycle/blob/main/docs/coverage.md).
//!
//! # Where to begin
//!
//! | you want to | use |
//! |---|---|
//! | test a controller, or play a whole life | [`sim`](https://docs.rs/pod-lifecycle/latest/pod_lifecycle/sim/) (feature `sim`) |
//! | find out why a Pod is in its state, from its object alone | [`explain::ObservedPod`] |
//! | see what `kubectl get pods` and `kubectl describe pod` print | [`kubectl`] |
//! | find likely mistakes in a manifest, and how long things take | [`budget`] |
//! | write a node agent | [`PodMachine`], [`event`], [`Action`], [`config`], [`status::StatusPatch`] |
//! | evaluate a single rule | [`rule`] |
//! | model the API server's side: admission, binding, deletion, lost nodes | [`object`] |
//! | draw a life | [`render`](https://docs.rs/pod-lifecycle/latest/pod_lifecycle/render/) (feature `render`) |
//! | generate Pods, events and scenarios for property tests | [`testkit`](https://docs.rs/pod-lifecycle/latest/pod_lifecycle/testkit/) (feature `proptest`) |
//! | convert from and to `k8s-openapi` | [`convert`](https://docs.rs/pod-lifecycle/latest/pod_lifecycle/convert/) (feature `k8s-openapi`) |
//!
//! # The contract
//!
//! ```text
//! manifest ─▶ defaults ─▶ validation ─▶ PodSpec   KubeletConfig
//!                                          │           │
//!                                          ▼           ▼
//! now, Event ─▶ validate ─▶ apply ─▶ [ state ] ─▶ sync ─▶ Action ─▶ you do the I/O ─▶ Event
//!                  │                    │   │
//!                  ▼                    │   └─▶ rule::{phase, conditions, …} ─▶ PodStatus
//!        EventError: unchanged          ▼
//!                            earliest timer ─▶ poll_timeout
//! ```
//!
//! The *embedder* is your program: it carries out the actions. A *sandbox* holds the Pod's network in the container runtime, and
//! a *sync* is one pass of the kubelet over the Pod. The methods of a [`PodMachine`], beside its constructors:
//!
//! * **Inputs**: [`handle_event`](PodMachine::handle_event) when something happened to the Pod's object, its containers or
//!   its node, [`observe`](PodMachine::observe) when a watch delivered the whole object, and
//!   [`handle_timeout`](PodMachine::handle_timeout) when the time of [`poll_timeout`](PodMachine::poll_timeout) has come.
//!   Each takes the current time and a [`Sink`] for outputs. A refused event is returned as an error, and the Pod is unchanged.
//! * **Outputs** go to the sink, in order: [`Action`]s that the embedder carries out and answers with events,
//!   [`Transition`]s of the published status, [`KubernetesEvent`]s to record, and two requests: write the status, delete
//!   the object.
//! * **Timer**: [`poll_timeout`](PodMachine::poll_timeout) returns the next time at which `handle_timeout` has to be called.
//!   That time may change after every input.
//! * **Queries** such as [`phase`](PodMachine::phase) and [`status`](PodMachine::status) change nothing.
//!
//! [`embedding`] has the whole contract on one page.
//!
//! # A run loop
//!
//! Actions are carried out in their order and answered by the events that they name. Here a container is started, and
//! runs.
//!
//! ```
//! use std::{collections::VecDeque, sync::Arc};
//! use pod_lifecycle::{
//!     Action, Clock, ManualClock, Output, PodMachine, Timestamp, config::KubeletConfig, event::{Event, RuntimeEvent},
//!     api::{self, PodPhase}, spec::PodSpec,
//! };
//!
//! /// Carries out an action; here each succeeds at once.
//! fn carry_out(action: Action) -> Option<RuntimeEvent> {
//!     let result = Ok(());
//!     Some(match action {
//!         Action::RunPodSandbox { sandbox } => RuntimeEvent::SandboxCreated { sandbox, has_ip: Some(true) },
//!         Action::InspectImage { container } => RuntimeEvent::ImageInspected { container, result: Ok(true) },
//!         Action::CreateContainer { container, instance, .. } => {
//!             RuntimeEvent::ContainerCreated { container, instance, result }
//!         }
//!         Action::StartContainer { container, instance } => {
//!             RuntimeEvent::ContainerStarted { container, instance, started_at: None, result }
//!         }
//!         _ => return None,
//!     })
//! }
//!
//! let manifest: api::PodManifest = serde_json::from_str(
//!     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
//! let spec = Arc::new(PodSpec::from_manifest(manifest)?);
//! let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
//! let (mut out, mut events) = (Vec::new(), VecDeque::new());
//!
//! let mut pod = PodMachine::new(spec, Arc::new(KubeletConfig::default()), clock.now(), &mut out);
//! while pod.phase() != PodPhase::Running {
//!     for output in out.drain(..) {
//!         if let Output::Action(action) = output {
//!             events.extend(carry_out(action));
//!         }
//!     }
//!     match events.pop_front() {
//!         Some(event) => pod.handle_event(clock.now(), Event::Runtime(event), &mut out)?,
//!         None => {
//!             clock.advance_to(pod.poll_timeout().ok_or("no timer is set")?);
//!             pod.handle_timeout(clock.now(), &mut out);
//!         }
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! Without `std` the crate is `no_std` and needs an allocator.
//!
//! * `std` (default): the system clock.
//! * `explain` (default): [`explain`], [`budget`] and [`kubectl`].
//! * `sim`: scenarios, a fake runtime and fleets, in virtual time.
//! * `render`: pictures as SVG, as Mermaid diagrams, and as lanes in a terminal.
//! * `proptest`: generators and invariants for property tests.
//! * `k8s-openapi`: conversions from and to the types of that crate, whose Kubernetes version you choose.
//! * `snapshot`: Pods and simulations saved and restored.
#![cfg_attr(not(any(test, feature = "std")), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

extern crate alloc;

mod action;
#[cfg(feature = "explain")]
pub mod budget;
pub mod config;
#[cfg(feature = "k8s-openapi")]
pub mod convert;
#[doc = include_str!("../docs/embedding.md")]
pub mod embedding {}
pub mod api;
pub mod event;
#[cfg(feature = "explain")]
pub mod explain;
#[cfg(feature = "explain")]
pub mod kubectl;
// Only `explain` uses some of its accessors.
#[cfg_attr(not(feature = "explain"), allow(dead_code, unused_imports))]
mod kubelet;
pub mod object;
#[cfg(feature = "render")]
pub mod render;
pub mod rule;
#[cfg(feature = "sim")]
pub mod sim;
pub mod spec;
pub mod state;
pub mod status;
#[cfg(feature = "proptest")]
pub mod testkit;
#[cfg_attr(not(feature = "explain"), allow(dead_code))]
mod time;
mod timer_queue;

pub use action::{
    Action, Change, ContainerStateKind, EventReason, EventType, KubernetesEvent, SyncKind, SyncProgress, Transition,
};
pub use kubelet::{
    CONTAINER_MOVES, NoSink, Output, PHASE_MOVES, PodMachine, ResumeError, Sink, StatusView, WORKER_MOVES, Wake,
    WorkerState,
};
#[cfg(feature = "snapshot")]
pub use kubelet::{PodSnapshot, SnapshotError};
#[cfg(feature = "std")]
pub use time::SystemClock;
pub use time::{Clock, InvalidTimestamp, ManualClock, Timestamp, go_duration};
pub use timer_queue::Timers;

/// Runs the code of the README as a documentation test.
#[cfg(all(doctest, feature = "sim"))]
#[doc = include_str!("../README.md")]
struct Readme;
