//! Whole lives of Pods in virtual time: a [`Scenario`] says what the containers do, a [`Timeline`] what came of it.
//!
//! A life is played to its end and then asked, in the words in which people speak of Pods:
//!
//! ```
//! use core::time::Duration;
//! use pod_lifecycle::{api::PodPhase, sim::{Scenario, StatusMatcher}};
//!
//! let pod = serde_json::from_str(
//!     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#)?;
//! let timeline = Scenario::of(pod).container("app", |app| app.exits_after(5.0).with_code(1)).until(60.0).play()?;
//! assert_eq!(timeline.restarts("app"), Some(3));
//! assert_eq!(timeline.phase_at(Duration::from_secs(12)), Some(PodPhase::Running));
//! assert!(timeline.was_ever(StatusMatcher::exited("app", 1)) && !timeline.was_ever(PodPhase::Failed));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A scenario gives times as people write them, in seconds with a fraction (`5.0`, or `exitsAfterSeconds: 5` in a file);
//! what is asked of a life is answered with a [`Duration`](core::time::Duration) or a [`Timestamp`](crate::Timestamp).
//!
//! Or it is lived one moment at a time, and acted upon in between: see [`Simulation`]. Many Pods at once, with much left to
//! chance, are a [`Fleet`].

mod act;
mod action;
mod agent;
mod build;
mod check;
mod deeds;
mod delivery;
mod drawn;
mod error;
mod fleet;
mod happening;
mod life;
mod moment;
mod place;
mod query;
mod random;
mod recorder;
mod scenario;
mod script;
mod seen;
mod settings;
#[cfg(feature = "snapshot")]
mod snapshot;
mod stage;
mod story;
mod timeline;
mod watch;
mod world;

pub use action::{ScriptAction, ScriptActionKind};
pub use error::ScenarioError;
pub use fleet::{
    Choice, Counts, Fleet, FleetAction, FleetDigest, FleetError, FleetSample, FleetScenario, Group, Histogram,
    Histograms, InvalidFleetDigest, Shard,
};
pub use life::Simulation;
pub use moment::At;
pub use random::{Distribution, DistributionError, RandomProbe, RandomProbes, RandomScript};
pub use scenario::Scenario;
pub use script::{ContainerScript, HookScript, ImageScript, Outage, ProbeScript, ProbeStep, Run, Script};
pub use seen::StatusMatcher;
pub use settings::{Pleg, Settings};
#[cfg(feature = "snapshot")]
pub use snapshot::{SimulationSnapshot, SimulationSnapshotError};
pub use timeline::{End, Entry, ExitCause, Happened, Timeline, What};
