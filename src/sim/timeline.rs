//! Everything that happened in a life.

use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};

use crate::{
    action::{Action, KubernetesEvent, SyncProgress, Transition},
    event::HookKind,
    manifest,
    rule::probe::ProbeOutcome,
    spec::{ContainerIndex, ProbeKind},
    state::{InstanceId, SandboxId},
    time::Timestamp,
};

/// A life, from its first moment to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// When it began.
    pub start: Timestamp,
    /// What happened, in order.
    pub entries: Vec<Entry>,
    /// The manifest with the last published status.
    pub pod: manifest::PodManifest,
    /// How the story ended.
    pub end: End,
}

/// How a story ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// When.
    pub at: Timestamp,
    /// Whether the kubelet was done with the Pod.
    pub is_finished: bool,
    /// When the API object went away.
    pub removed_at: Option<Timestamp>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A status was written to the API.
    Status(Arc<manifest::PodStatus>),
    /// The kubelet asked something of the runtime.
    Asked(Action),
    /// Something happened in the world.
    Happened(Happened),
    /// The kubelet recorded an event.
    Event(Box<KubernetesEvent>),
    /// The published status changed in one respect.
    Changed(Transition),
    /// The worker began or ended a sync.
    Sync(SyncProgress),
}

/// What happened in the world.
#[derive(Clone, Debug, PartialEq)]
pub enum Happened {
    /// A process ended.
    Exit {
        /// Its container.
        container: ContainerIndex,
        /// Its instance.
        instance: InstanceId,
        /// How it ended; 0 is well.
        code: i32,
        /// By whom.
        cause: ExitCause,
    },
    /// A pull ended.
    PullEnd {
        /// For which container.
        container: ContainerIndex,
        /// Whether the image is there.
        succeeded: bool,
    },
    /// A hook ended.
    HookEnd {
        /// In which container.
        container: ContainerIndex,
        /// In which instance.
        instance: InstanceId,
        /// Which hook.
        hook: HookKind,
        /// How: an exit code, or none if the container died.
        code: Option<i32>,
    },
    /// A probe was answered.
    Probed {
        /// In which container.
        container: ContainerIndex,
        /// In which instance.
        instance: InstanceId,
        /// Which probe.
        kind: ProbeKind,
        /// The answer; none if the container was not running.
        outcome: Option<ProbeOutcome>,
    },
    /// A sandbox died.
    SandboxDied(SandboxId),
    /// The kubelet restarted.
    KubeletRestarted,
    /// Somebody did something to the Pod.
    Action(String),
}

crate::manifest::named! {
    /// By whom a process was ended.
    pub enum ExitCause {
        /// By itself.
        Itself = "self",
        /// By SIGTERM.
        Sigterm = "sigterm",
        /// By SIGKILL, at the end of its time.
        Sigkill = "sigkill",
        /// By the death of its sandbox.
        SandboxDied = "sandboxDied",
    }
}

impl Timeline {
    /// The recorded Kubernetes events.
    pub fn events(&self) -> impl Iterator<Item = &KubernetesEvent> {
        self.entries.iter().filter_map(|entry| entry.what.event())
    }

    /// The published statuses with their times; several may be of one instant.
    pub fn statuses(&self) -> impl Iterator<Item = (Timestamp, &manifest::PodStatus)> {
        self.entries.iter().filter_map(|entry| Some((entry.at, entry.what.status()?)))
    }
}

impl What {
    /// The status that was written, if one was.
    #[must_use]
    pub fn status(&self) -> Option<&manifest::PodStatus> {
        if let What::Status(status) = self { Some(status) } else { None }
    }

    /// The event that was recorded, if one was.
    #[must_use]
    pub fn event(&self) -> Option<&KubernetesEvent> {
        if let What::Event(event) = self { Some(event) } else { None }
    }
}
