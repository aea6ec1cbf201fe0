//! Whole lives of Pods in virtual time: a [`Scenario`] says what the containers do, a [`Timeline`] what came of it.
//!
//! ```
//! use pod_lifecycle::sim::Scenario;
//!
//! let scenario: Scenario = serde_json::from_str(r#"{
//!     "pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}},
//!     "script": {"endSeconds": 60, "containers": {"app": {"runs": [{"exitsAfterSeconds": 5, "exitCode": 1}]}}}
//! }"#)?;
//! let timeline = scenario.play()?;
//! let restarts = timeline.pod.status.container_statuses[0].restart_count;
//! assert_eq!(restarts, 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod act;
mod action;
mod agent;
mod happening;
mod life;
mod recorder;
mod scenario;
mod timeline;
mod world;

pub use action::{ScriptAction, ScriptActionKind};
pub use life::Life;
pub use scenario::{
    ContainerScript, HookScript, ImageScript, Pleg, ProbeScript, ProbeStep, Run, Scenario, ScenarioError, Script,
    Settings,
};
pub use timeline::{End, Entry, ExitCause, Happened, Timeline, What};
