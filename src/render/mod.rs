//! Pictures of Pods' lives: SVG, Mermaid diagrams, and text for a terminal.
//!
//! A [`Picture`] is built once from a [`Timeline`](crate::sim::Timeline), in the words of Kubernetes; tests may assert
//! on it. It is drawn in three formats: [`Svg`], the main picture; [`Gantt`], for Mermaid; and [`Lanes`], for a
//! terminal. [`StateDiagram`] draws the crate's tables of state transitions.
//!
//! Nothing here does IO; [`Display`](core::fmt::Display) prints a drawing.
//!
//! ```
//! use pod_lifecycle::{render::{Gantt, Lanes, Picture, Svg}, sim::Scenario};
//!
//! let scenario: Scenario = serde_json::from_str(r#"{
//!     "pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}},
//!     "script": {"endSeconds": 600, "containers": {"app": {"runs": [{"exitsAfterSeconds": 5, "exitCode": 1}]}}}
//! }"#)?;
//! let picture = Picture::of(&scenario.play()?);
//! println!("{}", Lanes::of(&picture));
//! let (svg, gantt) = (Svg::of(&picture).to_string(), Gantt::of(&picture).to_string());
//! # assert!(svg.contains("CrashLoopBackOff") && gantt.contains("CrashLoopBackOff"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A crash loop
//!
#![doc = include_str!("../../docs/pictures/crash-loop.svg")]
//!
//! # A rolling stop with a sidecar
//!
#![doc = include_str!("../../docs/pictures/rolling-stop.svg")]
//!
//! # A web server with slow startup, a readiness outage and a failing liveness probe
//!
#![doc = include_str!("../../docs/pictures/web-server.svg")]
//!
#![doc = include_str!("../../docs/diagrams.md")]

mod axis;
mod cluster;
mod lane;
mod mermaid;
mod picture;
mod read;
mod scale;
mod svg;
mod text;
mod words;

pub use axis::{Axis, AxisSegment};
pub use lane::{
    Appearance, GracefulStop, Lane, LaneState, ProbeRow, Process, ProcessExit, Readiness, Task, TaskKind, TaskOutcome,
};
pub use mermaid::{Gantt, StateDiagram};
pub use picture::{ConditionTrack, EventMarker, Picture, PodAction, Span, StatusValue, Timed};
pub use svg::Svg;
pub use text::Lanes;
