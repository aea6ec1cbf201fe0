//! The life of a Kubernetes Pod as a pure, IO-free library.
//!
//! A [`PodMachine`] decides what the kubelet of Kubernetes 1.36 would decide. News and time go in, what is to be done comes
//! out; it does no IO, reads no clock and rolls no dice.
//!
//! ```text
//!  manifest ──▶ defaults ──▶ validation ──▶ PodSpec                 KubeletConfig
//!                                               ╲                   ╱
//!  now, Event ──▶ check ──▶ fold ──▶ [ state ] ──▶ plan ──▶ Action… ──▶ you do IO ──▶ new Event
//!                   │                    │  ╲
//!            EventError:                 │   ╲──▶ rule::{phase, condition, …} ──▶ status
//!        nothing has changed             ╰──▶ the earliest due ──▶ poll_timeout
//! ```
//!
//! # A tour
//!
//! * [`api`]: the Pod as people write it, for serde, with defaults and validation.
//! * [`spec`]: the Pod as it runs, lowered from the manifest once.
//! * [`PodMachine`]: the machine. [`event`] says what can happen to it, [`Action`] what it asks for, [`Transition`] and
//!   [`KubernetesEvent`] what it tells; [`config`] is how its node is set up.
//! * [`object`]: what the API server and the controllers do to a Pod.
//! * [`rule`]: every decision by itself, for those who have statuses and no machine.
//! * [`state`]: what the rules read and the machine keeps.
//! * [`Timers`]: when each of many Pods wants to be woken.
//! * [`status`]: what the API and `kubectl` show; [`status::ObservedPod`] starts from the object of a Pod alone.
//! * [`explain`]: why a Pod is in its state, what happens next and when, and what would change it.
//! * [`budget`]: how long a Pod may take, from its spec alone.
//! * [`sim`](https://docs.rs/pod-lifecycle/latest/pod_lifecycle/sim/) (feature `sim`): whole lives in virtual time.
//! * [`render`](https://docs.rs/pod-lifecycle/latest/pod_lifecycle/render/) (feature `render`): pictures of such lives.
//! * [`testkit`](https://docs.rs/pod-lifecycle/latest/pod_lifecycle/strategy/) (feature `proptest`): generators for
//!   property tests, and what must hold of every Pod.
//! * [`convert`](https://docs.rs/pod-lifecycle/latest/pod_lifecycle/convert/) (feature `k8s-openapi`): the types of that
//!   crate from ours, and ours from them.
//! * [`embedding`]: the embedder's contract, on one page.
//!
//! # The run loop
//!
//! Actions are carried out in their order, and answered by the events that they name. Between two events the loop waits
//! until [`PodMachine::poll_timeout`]. Here a container is started, and runs.
//!
//! ```
//! use std::{collections::VecDeque, sync::Arc};
//! use pod_lifecycle::{
//!     Action, Clock, ManualClock, Output, PodMachine, Timestamp, config::KubeletConfig, event::{Event, RuntimeEvent},
//!     api::{self, PodPhase}, spec::PodSpec,
//! };
//!
//! /// Carries an action out; here all goes well, at once.
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
//! let (mut out, mut news) = (Vec::new(), VecDeque::new());
//!
//! let mut pod = PodMachine::new(spec, Arc::new(KubeletConfig::default()), clock.now(), &mut out);
//! while pod.phase() != PodPhase::Running {
//!     for output in out.drain(..) {
//!         if let Output::Action(action) = output {
//!             news.extend(carry_out(action));
//!         }
//!     }
//!     match news.pop_front() {
//!         Some(event) => pod.handle_event(clock.now(), Event::Runtime(event), &mut out)?,
//!         None => {
//!             clock.advance_to(pod.poll_timeout().ok_or("nothing will ever happen")?);
//!             pod.handle_timeout(clock.now(), &mut out);
//!         }
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! * `std` (default): the system clock.
//! * `sim`: scenarios and their lives.
//! * `render`: lives as SVG, as Mermaid diagrams, and as lanes in a terminal.
//! * `proptest`: generators for property tests, and invariants.
//! * `k8s-openapi`: the types of that crate from and to ours; the version of Kubernetes is yours to choose.
//! * `snapshot`: Pods, and lives with `sim`, are written down and taken up again.
#![cfg_attr(not(any(test, feature = "std")), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

extern crate alloc;

mod action;
pub mod budget;
pub mod config;
#[cfg(feature = "k8s-openapi")]
pub mod convert;
#[doc = include_str!("../docs/embedding.md")]
pub mod embedding {}
pub mod api;
pub mod event;
pub mod explain;
pub mod kubectl;
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
mod time;
mod timers;

pub use action::{
    Action, Change, ContainerStateKind, EventReason, EventType, KubernetesEvent, SyncKind, SyncProgress, Transition,
};
pub use kubelet::{
    CONTAINER_MOVES, NoSink, Output, PHASE_MOVES, PodMachine, Prototype, Published, ResumeError, Sink, WORKER_MOVES,
    Wake, WorkerState,
};
#[cfg(feature = "snapshot")]
pub use kubelet::{PodSnapshot, SnapshotError};
#[cfg(feature = "std")]
pub use time::SystemClock;
pub use time::{Clock, ManualClock, Timestamp, go_duration};
pub use timers::Timers;

/// The code in the README runs.
#[cfg(all(doctest, feature = "sim"))]
#[doc = include_str!("../README.md")]
struct Readme;
