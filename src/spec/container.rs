//! Lowered spec of one container: its kind, hooks and probes.

use alloc::{boxed::Box, format, string::String};
use core::{fmt, num::NonZeroU16, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Restart, VolumeIndex};
use crate::api::{
    Handler, ImagePullPolicy, IntOrString, InvalidImageName, Name, ResourceList, ResourceRequirements, from_name,
};

/// Index of a container in its Pod: init containers first, then regular, then ephemeral ones, counting from 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "u16", into = "u16")]
pub struct ContainerIndex(NonZeroU16);

impl ContainerIndex {
    /// Index of the first container.
    pub(crate) const FIRST: ContainerIndex = ContainerIndex::nth(0);

    /// Creates the index with this number; `u16::MAX` counts as one less.
    pub(crate) const fn nth(place: u16) -> ContainerIndex {
        // Stored one higher, so that `Option<ContainerIndex>` is no larger.
        match NonZeroU16::new(place.saturating_add(1)) {
            Some(stored) => ContainerIndex(stored),
            None => ContainerIndex(NonZeroU16::MIN),
        }
    }

    /// Returns the index as a number.
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

/// Kind of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ContainerKind {
    /// Runs to completion before the next one starts.
    Init,
    /// An init container with `restartPolicy: Always`: runs beside the regular ones and ends after them.
    Sidecar,
    /// Runs for as long as the Pod has work.
    Regular,
    /// Added to a running Pod for debugging, and never restarted.
    Ephemeral,
}

/// Spec of a container.
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
    pub(crate) stop_signal: Option<Box<str>>,
    /// Requests and limits; `None` without any.
    pub(crate) resources: Option<Box<ResourceRequirements>>,
    /// Names of the container's ports, which probes and hooks may use.
    pub(crate) port_names: Box<[Box<str>]>,
    /// Image volumes that it mounts, in the order of its mounts.
    #[serde(default)]
    pub(crate) image_volumes: Box<[VolumeIndex]>,
    /// True if a resize of this resource restarts the container (`resizePolicy: RestartContainer`).
    pub(crate) restarts_for_cpu: bool,
    pub(crate) restarts_for_memory: bool,
}

impl ContainerSpec {
    /// Returns the container's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the image reference.
    #[must_use]
    pub fn image(&self) -> &str {
        &self.image
    }

    /// Returns requests and limits, with the API server's defaults; empty ones if there are none.
    #[must_use]
    pub fn resources(&self) -> &ResourceRequirements {
        const NONE: &ResourceRequirements =
            &ResourceRequirements { limits: ResourceList::new(), requests: ResourceList::new() };
        self.resources.as_deref().unwrap_or(NONE)
    }

    /// True if a change of its CPU restarts the container: `resizePolicy` with `RestartContainer`.
    #[must_use]
    pub fn restarts_for_cpu(&self) -> bool {
        self.restarts_for_cpu
    }

    /// True if a change of its memory restarts the container: `resizePolicy` with `RestartContainer`.
    #[must_use]
    pub fn restarts_for_memory(&self) -> bool {
        self.restarts_for_memory
    }

    /// Returns the error of an invalid image reference, with which the container waits as `InvalidImageName`.
    #[must_use]
    pub fn image_error(&self) -> Option<&InvalidImageName> {
        self.image_error.as_ref()
    }

    /// Returns the kind of the container.
    #[must_use]
    pub fn kind(&self) -> ContainerKind {
        self.kind
    }

    /// Returns its restart policy and rules.
    #[must_use]
    pub fn restart(&self) -> &Restart {
        &self.restart
    }

    /// Returns `imagePullPolicy`.
    #[must_use]
    pub fn image_pull_policy(&self) -> ImagePullPolicy {
        self.image_pull_policy
    }

    /// Returns the image volumes that it mounts, in the order of its mounts.
    #[must_use]
    pub fn image_volumes(&self) -> &[VolumeIndex] {
        &self.image_volumes
    }

    /// Returns the postStart hook.
    #[must_use]
    pub fn post_start(&self) -> Option<&LifecycleHook> {
        self.post_start.as_ref()
    }

    /// Returns the preStop hook.
    #[must_use]
    pub fn pre_stop(&self) -> Option<&LifecycleHook> {
        self.pre_stop.as_ref()
    }

    /// Returns the signal that asks the container to stop, instead of the image's, for the creation of the container
    /// (KEP-4960). That of [`PodMachine::spec`](crate::PodMachine::spec) is `None` unless the feature gate
    /// `ContainerStopSignals` is on.
    #[must_use]
    pub fn stop_signal(&self) -> Option<&str> {
        self.stop_signal.as_deref()
    }

    /// Returns the error of a handler whose port is a name that no port of the container has; with it every probe and hook
    /// fails.
    ///
    /// Answers to `ResolveContainerPort` in `pkg/probe`.
    #[must_use]
    pub fn port_error(&self, handler: &Handler) -> Option<String> {
        let of_http = handler.http_get.as_ref().map(|http| &http.port);
        let IntOrString::String(name) = of_http.or(handler.tcp_socket.as_ref().map(|tcp| &tcp.port))? else {
            // A number, which validation has checked.
            return None;
        };
        if self.port_names.iter().any(|known| **known == **name) {
            return None;
        }
        // A last attempt, as Go has it: a number written as a string. `Atoi` takes a sign.
        match name.parse::<i64>() {
            Ok(1..=65535) => None,
            Ok(number) => Some(format!("invalid port number: {number}")),
            Err(_) => Some(format!("strconv.Atoi: parsing {name:?}: invalid syntax")),
        }
    }

    /// True if two specs are equal apart from the image.
    pub(crate) fn is_same_but_for_image(&self, other: &ContainerSpec) -> bool {
        // Beside the image this leaves out `image_error`, which follows from it.
        let ContainerSpec { name, kind, restart, image_pull_policy, startup, readiness, liveness, .. } = self;
        *name == other.name
            && *kind == other.kind
            && *restart == other.restart
            && *image_pull_policy == other.image_pull_policy
            && (startup, readiness, liveness) == (&other.startup, &other.readiness, &other.liveness)
            && (&self.post_start, &self.pre_stop) == (&other.post_start, &other.pre_stop)
            && self.stop_signal == other.stop_signal
    }

    /// Returns the probe of this kind, if the container has one.
    #[must_use]
    pub fn probe(&self, kind: ProbeKind) -> Option<&ProbeSpec> {
        match kind {
            ProbeKind::Startup => self.startup.as_ref(),
            ProbeKind::Readiness => self.readiness.as_ref(),
            ProbeKind::Liveness => self.liveness.as_ref(),
        }
    }
}

/// Lifecycle hook.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum LifecycleHook {
    /// `sleep`: the kubelet waits this long.
    Sleep(Duration),
    /// Any other handler, which the embedder runs.
    Run(#[serde(with = "crate::api::described")] Box<Handler>),
}

/// Kind of a probe, in the order in which the kubelet creates the workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ProbeKind {
    /// `startupProbe`: a failure kills the container; the other probes wait for its success.
    Startup,
    /// `readinessProbe`: a failure takes traffic from the container.
    Readiness,
    /// `livenessProbe`: a failure kills the container.
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

/// Spec of a probe with its defaults filled in; its times are whole seconds.
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
    /// Returns `initialDelaySeconds`.
    #[must_use]
    pub fn initial_delay(&self) -> Duration {
        Duration::from_secs(self.initial_delay_seconds.into())
    }

    /// Returns `timeoutSeconds`; a handler that takes longer has failed.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds.into())
    }

    /// Returns `periodSeconds`.
    #[must_use]
    pub fn period(&self) -> Duration {
        Duration::from_secs(self.period_seconds.into())
    }

    /// Returns `successThreshold`.
    #[must_use]
    pub fn success_threshold(&self) -> u32 {
        self.success_threshold
    }

    /// Returns `failureThreshold`.
    #[must_use]
    pub fn failure_threshold(&self) -> u32 {
        self.failure_threshold
    }

    /// Returns the probe's own `terminationGracePeriodSeconds`, which goes before the Pod's (KEP-2238).
    #[must_use]
    pub fn termination_grace(&self) -> Option<Duration> {
        self.termination_grace
    }

    /// Returns the handler.
    #[must_use]
    pub fn handler(&self) -> &Handler {
        &self.handler
    }
}
