//! What a status does not say.

use alloc::{format, string::String, vec::Vec};
use core::time::Duration;

use serde::Serialize;

use super::{Explanation, fact::by_name, text};
use crate::{api::Name, spec::ProbeKind, time::seconds};

/// Something that one would like to know of a Pod, and that its status does not say.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::explain::{MissingFact, ObservedPod};
///
/// let printed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pods/image-pull-back-off.json"));
/// let pod = ObservedPod::from_manifest(serde_json::from_str(printed)?)?;
/// let explained = pod.explain("2026-03-01T12:08:50Z".parse()?);
/// let five_minutes = Duration::from_secs(300);
/// assert_eq!(explained.unknown, [MissingFact::NextPull { container: "app".into(), longest_wait: five_minutes }]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "what", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum MissingFact {
    /// When the next restart of a container is: its last exit has no time.
    NextRestart {
        /// The container's name.
        container: String,
    },
    /// When a container's image is pulled next: the last try is not in the status.
    NextPull {
        /// The container's name.
        container: String,
        /// So long after the last try at the latest.
        #[serde(rename = "mostSeconds", serialize_with = "seconds::serialize")]
        longest_wait: Duration,
    },
    /// When a container's start is tried next: the last try is not in the status.
    NextTry {
        /// The container's name.
        container: String,
        /// About so long after the last try.
        #[serde(rename = "periodSeconds", serialize_with = "seconds::serialize")]
        period: Duration,
    },
    /// How often in a row a probe has succeeded or failed so far.
    ProbeRun {
        /// The container's name.
        container: String,
        /// What the probe asks about.
        #[serde(serialize_with = "by_name")]
        probe: ProbeKind,
    },
    /// What is being done for a container that has yet to start.
    Preparation {
        /// The container's name.
        container: String,
    },
    /// What has been told to stop already, and when.
    Stops,
    /// What runs on the node.
    Node,
    /// Whether a kubelet lives on the node.
    Kubelet,
}

impl MissingFact {
    fn clause(&self) -> String {
        match self {
            MissingFact::NextRestart { container } => format!("when {container} is restarted"),
            MissingFact::NextPull { container, .. } => format!("when the image of {container} was last tried"),
            MissingFact::NextTry { container, .. } => format!("when the start of {container} was last tried"),
            MissingFact::ProbeRun { container, probe } => {
                format!("how often in a row the {} probe of {container} has failed", probe.name().to_lowercase())
            }
            MissingFact::Preparation { container } => {
                format!("whether {container} waits for its volumes, its image or its creation")
            }
            MissingFact::Stops => "what has been told to stop already, and when".into(),
            MissingFact::Node => "what runs on the node".into(),
            MissingFact::Kubelet => "whether a kubelet lives on the node".into(),
        }
    }
}

impl MissingFact {
    /// What comes next, by something that is not known.
    pub(super) fn next_clause(&self) -> Option<String> {
        match self {
            MissingFact::NextPull { container, longest_wait } => Some(format!(
                "the image of {container} is pulled again within {} of the last try",
                text::span(*longest_wait)
            )),
            MissingFact::NextTry { container, period } => Some(format!(
                "the start of {container} is tried again about {} after the last try",
                text::span(*period)
            )),
            MissingFact::NextRestart { .. }
            | MissingFact::ProbeRun { .. }
            | MissingFact::Preparation { .. }
            | MissingFact::Stops
            | MissingFact::Node
            | MissingFact::Kubelet => None,
        }
    }
}

impl Explanation {
    /// What cannot be known, and where it may be found.
    pub(super) fn what_is_not_known(&self) -> Option<String> {
        if self.unknown.is_empty() {
            return None;
        }
        let clauses: Vec<String> = self.unknown.iter().map(MissingFact::clause).collect();
        Some(format!("{} (the events may tell)", clauses.join("; ")))
    }
}
