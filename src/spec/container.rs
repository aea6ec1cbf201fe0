//! One container as it runs.

use alloc::{boxed::Box, string::String};
use core::{fmt, num::NonZeroU16, time::Duration};

use serde::{Deserialize, Serialize};

use super::Restart;
use crate::api::{Handler, ImagePullPolicy, InvalidImageName, Name, from_name};

/// A container's place in its Pod: init containers first, then regular, then ephemeral ones, counting from 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "u16", into = "u16")]
pub struct ContainerIndex(NonZeroU16);

impl ContainerIndex {
    /// The first place.
    pub(crate) const FIRST: ContainerIndex = ContainerIndex::nth(0);

    /// The place with this number; `u16::MAX` counts as one less.
    pub(crate) const fn nth(place: u16) -> ContainerIndex {
        // Stored one higher, so that `Option<ContainerIndex>` is no larger.
        match NonZeroU16::new(place.saturating_add(1)) {
            Some(stored) => ContainerIndex(stored),
            None => ContainerIndex(NonZeroU16::MIN),
        }
    }

    /// The place as a number.
    #[must_use]
    pub const fn get(self) -> usize {
        self.place() as usize
    }

    pub(crate) const fn place(self) -> u16 {
        self.0.get().saturating_sub(1)
    }
}

impl From<u16> for ContainerIndex {
    fn from(place: u16) -> ContainerIndex {
        ContainerIndex::nth(place)
    }
}

impl From<ContainerIndex> for u16 {
    fn from(index: ContainerIndex) -> u16 {
        index.place()
    }
}

impl fmt::Display for ContainerIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place().fmt(f)
    }
}

impl fmt::Debug for ContainerIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ContainerIndex").field(&self.place()).finish()
    }
}

/// What part a container plays in its Pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ContainerKind {
    /// Runs to completion before the next one starts.
    Init,
    /// An init container with `restartPolicy: Always`: runs beside the regular ones and ends after them.
    Sidecar,
    /// Does the Pod's work.
    Regular,
    /// Was added for debugging, and never restarts.
    Ephemeral,
}

/// What a container ought to be.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerSpec {
    pub(crate) name: String,
    pub(crate) image: String,
    #[serde(skip)]
    pub(crate) image_error: Option<InvalidImageName>,
    pub(crate) kind: ContainerKind,
    pub(crate) restart: Restart,
    pub(crate) image_pull_policy: ImagePullPolicy,
    pub(crate) startup: Option<ProbeSpec>,
    pub(crate) readiness: Option<ProbeSpec>,
    pub(crate) liveness: Option<ProbeSpec>,
    pub(crate) post_start: Option<LifecycleHook>,
    pub(crate) pre_stop: Option<LifecycleHook>,
}

impl ContainerSpec {
    /// The container's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The image reference.
    #[must_use]
    pub fn image(&self) -> &str {
        &self.image
    }

    /// Why the image reference cannot be read, if it cannot: the container then waits with `InvalidImageName`.
    #[must_use]
    pub fn image_error(&self) -> Option<&InvalidImageName> {
        self.image_error.as_ref()
    }

    /// What part the container plays.
    #[must_use]
    pub fn kind(&self) -> ContainerKind {
        self.kind
    }

    /// What its exit leads to.
    #[must_use]
    pub fn restart(&self) -> &Restart {
        &self.restart
    }

    /// When its image is pulled.
    #[must_use]
    pub fn image_pull_policy(&self) -> ImagePullPolicy {
        self.image_pull_policy
    }

    /// The hook after the start.
    #[must_use]
    pub fn post_start(&self) -> Option<&LifecycleHook> {
        self.post_start.as_ref()
    }

    /// The hook before the stop.
    #[must_use]
    pub fn pre_stop(&self) -> Option<&LifecycleHook> {
        self.pre_stop.as_ref()
    }

    /// Whether two specs differ in nothing but the image.
    pub(crate) fn is_same_but_for_image(&self, other: &ContainerSpec) -> bool {
        let ContainerSpec { name, kind, restart, image_pull_policy, startup, readiness, liveness, .. } = self;
        *name == other.name
            && *kind == other.kind
            && *restart == other.restart
            && *image_pull_policy == other.image_pull_policy
            && (startup, readiness, liveness) == (&other.startup, &other.readiness, &other.liveness)
            && (&self.post_start, &self.pre_stop) == (&other.post_start, &other.pre_stop)
    }

    /// The probe of a kind, if the container has one.
    #[must_use]
    pub fn probe(&self, kind: ProbeKind) -> Option<&ProbeSpec> {
        match kind {
            ProbeKind::Startup => self.startup.as_ref(),
            ProbeKind::Readiness => self.readiness.as_ref(),
            ProbeKind::Liveness => self.liveness.as_ref(),
        }
    }
}

/// What a hook does.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum LifecycleHook {
    /// Waits this long.
    Sleep(Duration),
    /// Runs a handler that the embedder carries out.
    Run(#[serde(with = "crate::api::described")] Box<Handler>),
}

/// What a probe asks about; the order is that in which the kubelet makes their workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ProbeKind {
    /// Has the container started up?
    Startup,
    /// May it get traffic?
    Readiness,
    /// Is it alive?
    Liveness,
}

impl Name for ProbeKind {
    const ALL: &'static [ProbeKind] = &[ProbeKind::Startup, ProbeKind::Readiness, ProbeKind::Liveness];

    fn name(self) -> &'static str {
        match self {
            ProbeKind::Startup => "Startup",
            ProbeKind::Readiness => "Readiness",
            ProbeKind::Liveness => "Liveness",
        }
    }
}

from_name!(ProbeKind);

impl fmt::Display for ProbeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A probe with its defaults filled in; its times are whole seconds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProbeSpec {
    pub(crate) initial_delay_seconds: u32,
    pub(crate) timeout_seconds: u32,
    pub(crate) period_seconds: u32,
    pub(crate) success_threshold: u32,
    pub(crate) failure_threshold: u32,
    pub(crate) termination_grace: Option<Duration>,
    #[serde(with = "crate::api::described")]
    pub(crate) handler: Handler,
}

impl ProbeSpec {
    /// For how long after its start the container is not probed.
    #[must_use]
    pub fn initial_delay(&self) -> Duration {
        Duration::from_secs(self.initial_delay_seconds.into())
    }

    /// How long an answer may take; then it is a failure.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds.into())
    }

    /// The time between two probes.
    #[must_use]
    pub fn period(&self) -> Duration {
        Duration::from_secs(self.period_seconds.into())
    }

    /// Successes in a row that it takes.
    #[must_use]
    pub fn success_threshold(&self) -> u32 {
        self.success_threshold
    }

    /// Failures in a row that it takes.
    #[must_use]
    pub fn failure_threshold(&self) -> u32 {
        self.failure_threshold
    }

    /// The grace of a kill that this probe causes, over the Pod's.
    #[must_use]
    pub fn termination_grace(&self) -> Option<Duration> {
        self.termination_grace
    }

    /// How the question is asked.
    #[must_use]
    pub fn handler(&self) -> &Handler {
        &self.handler
    }
}
