//! Simulation of Pods in virtual time: a [`Scenario`] says what the containers do, a [`Timeline`] what happened.
//!
//! ```
//! use core::time::Duration;
//! use pod_lifecycle::{api::PodPhase, sim::{Scenario, StatusMatcher}};
//!
//! let pod = serde_json::from_str(
//!     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
//! let timeline = Scenario::of(pod).container("app", |app| app.exits_after(5).with_code(1)).until(60).play()?;
//! assert_eq!(timeline.restarts("app"), Some(3));
//! assert_eq!(timeline.phase_at(Duration::from_secs(12)), Some(PodPhase::Running));
//! assert!(timeline.was_ever(StatusMatcher::exited("app", 1)) && !timeline.was_ever(PodPhase::Failed));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Times are [`Duration`](core::time::Duration)s; in JSON and YAML, and for the builders, also numbers of seconds
//! (`exits_after(5)`, `exitsAfterSeconds: 2.5`).
//!
//! - [`Scenario::simulate`] starts a [`Simulation`], which is advanced step by step, and acted upon in between.
//! - A [`Fleet`] simulates any number of Pods, with random behaviour from a seed.
//! - Both use a [`FakeRuntime`], which you can also use alone in place of a container runtime: actions in, runtime events
//!   out.

mod action;
mod check;
mod driver;
mod duration;
mod error;
mod fake_runtime;
mod fleet;
mod instruction;
mod node;
mod random;
mod recorder;
mod resizes;
mod scenario;
mod script;
mod settings;
mod simulation;
mod start_failures;
mod status_matcher;
mod timeline;
mod timeline_text;
mod volume_script;

pub use action::{ScriptAction, ScriptActionKind};
pub use duration::IntoDuration;
#[doc(hidden)]
pub use duration::to_seconds;
pub use error::ScenarioError;
pub use fake_runtime::{FakeRuntime, LoweredScript};
#[doc(hidden)]
pub use fleet::InvalidFleetDigest;
pub use fleet::{
    Choice, Fleet, FleetAction, FleetDigest, FleetError, FleetSample, FleetScenario, Group, Histogram, Histograms,
    PodCounts, Shard,
};
pub use instruction::{InstructionError, InstructionKind, parse_time};
pub use node::{NodeSettings, OtherPod};
pub use random::{Distribution, DistributionError, RandomProbe, RandomProbes, RandomScript};
pub use resizes::MemoryStep;
pub use scenario::Scenario;
pub use script::{ContainerScript, HookScript, ImageScript, Outage, ProbeScript, ProbeStep, Run, Script};
pub use settings::{Pleg, Settings};
pub use simulation::Simulation;
#[cfg(feature = "snapshot")]
pub use simulation::{SimulationSnapshot, SimulationSnapshotError};
pub use start_failures::{CallOutcome, ConfigObject, NetworkOutage, SandboxOutcome, StartOutcome};
pub use status_matcher::StatusMatcher;
pub use timeline::{At, EntryKind, ExitCause, Occurrence, Timeline, TimelineEnd, TimelineEntry};
pub use volume_script::{VolumeCall, VolumeScript};
