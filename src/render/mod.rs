//! Pictures of Pods' lives: as SVG, as Mermaid diagrams, and as text for a terminal.
//!
//! A [`Picture`] is read once from a [`Timeline`](crate::sim::Timeline) and says what there is to draw in the words of
//! Kubernetes; it can be asserted on. It is drawn three ways: [`Svg`], the main picture; [`Gantt`], for Mermaid; and
//! [`Lanes`], for a terminal. [`StateDiagram`] draws the tables of moves that the crate goes by.
//!
//! Nothing here does IO; what is drawn is printed with [`Display`](core::fmt::Display).
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
//! # The bad day of a web server
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
mod svg;
mod text;
mod ticks;
mod words;

pub use axis::{Axis, Stretch};
pub use lane::{Exit, Lane, Look, Outcome, ProbeRow, Process, Standing, State, Stop, Task, TaskKind};
pub use mermaid::{Gantt, StateDiagram};
pub use picture::{ConditionTrack, Deed, Flag, Mark, Picture, Said, Span};
pub use svg::Svg;
pub use text::Lanes;
