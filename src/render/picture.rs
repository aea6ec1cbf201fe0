//! What there is to draw of a life, in the words of Kubernetes: no coordinates, no colours.

use alloc::{string::String, vec::Vec};
use core::{fmt, time::Duration};

use super::{axis::Axis, lane::Lane, words};
use crate::{
    action::EventType,
    api::{ConditionStatus, Named, PodPhase},
    time::Timestamp,
};

/// A life, read once from its [`Timeline`](crate::sim::Timeline), ready to be drawn.
///
/// ```
/// use pod_lifecycle::{render::Picture, sim::Scenario};
///
/// let scenario: Scenario = serde_json::from_str(r#"{
///     "pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}},
///     "script": {"endSeconds": 60, "containers": {"app": {"runs": [{"exitsAfterSeconds": 5, "exitCode": 1}]}}}
/// }"#)?;
/// let picture = Picture::of(&scenario.play()?);
/// let app = picture.lane("app").ok_or("no such lane")?;
/// assert_eq!(app.runs.len(), 4);
/// assert_eq!(picture.phase.last().map(|span| span.what.value.as_str()), Some("Running"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Picture {
    /// The Pod's name.
    pub name: String,
    /// The Pod's namespace.
    pub namespace: String,
    /// When the life began.
    pub start: Timestamp,
    /// When the story ended.
    pub end: Timestamp,
    /// Whether the kubelet was done with the Pod then.
    pub is_finished: bool,
    /// When the API object went away.
    pub removed_at: Option<Timestamp>,
    /// How time is laid out; it goes on a little after the end of a life that is finished.
    pub axis: Axis,
    /// The published phase.
    pub phase: Vec<Span<Said<PodPhase>>>,
    /// The published conditions, in the order in which they usually come true.
    pub conditions: Vec<ConditionTrack>,
    /// What was done to the Pod, and what befell it.
    pub deeds: Vec<Mark<Deed>>,
    /// The containers: init containers and sidecars, regular, ephemeral.
    pub lanes: Vec<Lane>,
    /// The Kubernetes events, in the order in which they were first recorded.
    pub flags: Vec<Flag>,
}

impl Picture {
    /// The lane of the container with this name.
    #[must_use]
    pub fn lane(&self, name: &str) -> Option<&Lane> {
        self.lanes.iter().find(|lane| lane.name == name)
    }

    /// The strip of a condition.
    #[must_use]
    pub fn condition(&self, name: &str) -> Option<&ConditionTrack> {
        self.conditions.iter().find(|strip| strip.name == name)
    }

    /// The Pod's name with its namespace.
    pub(super) fn title(&self) -> String {
        match &*self.namespace {
            "" => self.name.clone(),
            namespace => alloc::format!("{namespace}/{}", self.name),
        }
    }

    /// How often containers were started again, all together.
    ///
    /// ```
    /// # use pod_lifecycle::{render::Picture, sim::Scenario};
    /// # let pod = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let timeline = Scenario::of(pod).container("app", |app| app.exits_after(5.0)).until(12.0).play()?;
    /// assert_eq!(Picture::of(&timeline).restarts(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn restarts(&self) -> u32 {
        self.lanes.iter().fold(0, |sum, lane| sum.saturating_add(lane.restarts()))
    }
}

/// Something that lasts.
///
/// ```
/// use pod_lifecycle::{Timestamp, render::Span};
///
/// let span = Span { from: Timestamp::from_unix_seconds(10), to: Timestamp::from_unix_seconds(20), what: "Running" };
/// assert!(span.contains(Timestamp::from_unix_seconds(10)));
/// assert!(!span.contains(Timestamp::from_unix_seconds(20)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span<T> {
    /// Since when.
    pub from: Timestamp,
    /// Until when; this moment is no longer part of it.
    pub to: Timestamp,
    /// What lasts.
    pub what: T,
}

impl<T> Span<T> {
    /// Whether it is so at this moment.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }
}

/// Something that happens at one moment.
///
/// ```
/// use pod_lifecycle::{Timestamp, render::{Deed, Mark}};
///
/// let mark = Mark { at: Timestamp::UNIX_EPOCH, what: Deed::Scripted("nodeLost".into()) };
/// assert_eq!(mark.what.to_string(), "node lost");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark<T> {
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub what: T,
}

/// A value that a status shows, and the reason that it gives.
///
/// ```
/// use pod_lifecycle::{api::PodPhase, render::Said};
///
/// let said = Said { value: PodPhase::Failed.into(), reason: "Evicted".into() };
/// assert_eq!(said.to_string(), "Failed: Evicted");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said<T> {
    /// The value.
    pub value: Named<T>,
    /// Why, in one word; empty if the status does not say.
    pub reason: String,
}

impl<T: crate::api::Name> fmt::Display for Said<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.reason {
            "" => f.write_str(self.value.as_str()),
            reason => write!(f, "{}: {reason}", self.value),
        }
    }
}

/// One condition through the whole life.
///
/// ```
/// use pod_lifecycle::{api, render::Picture, sim::Scenario};
///
/// let pod: api::PodManifest = serde_json::from_str(
///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// let picture = Picture::of(&Scenario::healthy(pod).play()?);
/// let ready = picture.condition("Ready").ok_or("no such condition")?;
/// assert_eq!(ready.spans.last().map(|span| span.what.value.as_str()), Some("True"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConditionTrack {
    /// The condition's type.
    pub name: String,
    /// Its status, while it has one.
    pub spans: Vec<Span<Said<ConditionStatus>>>,
}

/// What is done to a Pod, or befalls it as a whole.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::render::Deed;
///
/// assert_eq!(Deed::Scripted("forceDelete".into()).to_string(), "force delete");
/// let grace = Some(Duration::from_secs(30));
/// assert_eq!(Deed::Terminating { grace }.to_string(), "Terminating, 30s of grace");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Deed {
    /// An action of the script, by its name there: `delete`, `evict`, `nodeLost`.
    Scripted(String),
    /// The sandbox died, and with it what ran.
    SandboxDied,
    /// The kubelet restarted.
    KubeletRestarted,
    /// The Pod's worker began to stop everything.
    Terminating {
        /// The grace that overrides the containers' own, if any does.
        grace: Option<Duration>,
    },
    /// The API object went away.
    Removed,
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Deed::Scripted(name) => f.write_str(&words::of_camel_case(name)),
            Deed::SandboxDied => f.write_str("sandbox died"),
            Deed::KubeletRestarted => f.write_str("kubelet restarted"),
            Deed::Terminating { grace: Some(grace) } => write!(f, "Terminating, {}s of grace", grace.as_secs()),
            Deed::Terminating { grace: None } => f.write_str("Terminating"),
            Deed::Removed => f.write_str("object removed"),
        }
    }
}

/// A Kubernetes event, said once or several times in the same words.
///
/// ```
/// use pod_lifecycle::{api, render::Picture, sim::Scenario};
///
/// let pod: api::PodManifest = serde_json::from_str(
///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// let picture = Picture::of(&Scenario::healthy(pod).play()?);
/// let said: Vec<_> = picture.flags.iter().map(|flag| (flag.reason.as_str(), flag.times.len())).collect();
/// assert_eq!(said, [("Pulled", 1), ("Created", 1), ("Started", 1)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flag {
    /// How grave it is.
    pub type_: EventType,
    /// What it is about, in one word.
    pub reason: String,
    /// The name of the container that it is about; `None` for the Pod.
    pub container: Option<String>,
    /// What it says.
    pub message: String,
    /// When it was said; never empty.
    pub times: Vec<Timestamp>,
}
