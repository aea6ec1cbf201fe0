//! What waits for the kubelet's main loop, in the order in which it is handled.

use alloc::{sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use super::api_pod::ApiPod;
use crate::{
    rule::probe::ProbeResult,
    spec::{ContainerIndex, ProbeKind},
    state::InstanceId,
    time::Timestamp,
};

/// Something that one part of the kubelet, or the API, has to say to the main loop.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Message {
    /// The runtime changed.
    Runtime(PlegEvent),
    /// A probe worker came to another verdict.
    ProbeUpdate(ProbeUpdate),
    /// The object as a watch delivers it.
    Object(Arc<ApiPod>),
    /// The status that was written, read back.
    Reconcile,
}

/// What the pod lifecycle event generator says of the runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum PlegEvent {
    /// A container or a sandbox runs.
    Started,
    /// An instance of this container has died; `None`: a sandbox.
    Died(Option<ContainerIndex>),
    /// A dead instance was removed: that asks for no sync.
    Removed,
}

/// A changed verdict of a probe worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProbeUpdate {
    pub(super) container: ContainerIndex,
    pub(super) instance: InstanceId,
    pub(super) kind: ProbeKind,
    pub(super) result: ProbeResult,
}

/// The messages that wait. They are handled at once, unless the main loop is busy: admitting another Pod that has this
/// one preempted, it does nothing else until this one is gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SyncLoopQueue {
    messages: Vec<Message>,
    #[serde(with = "crate::time::exact")]
    blocked_by_preemption_until: Option<Timestamp>,
}

impl Message {
    /// Runtime changes come first, then startup, readiness and liveness verdicts, then what the API shows.
    fn rank(&self) -> u8 {
        match self {
            Message::Runtime(_) => 0,
            Message::ProbeUpdate(verdict) => match verdict.kind {
                ProbeKind::Startup => 1,
                ProbeKind::Readiness => 2,
                ProbeKind::Liveness => 3,
            },
            Message::Object(_) | Message::Reconcile => 4,
        }
    }
}

impl SyncLoopQueue {
    pub(crate) fn post(&mut self, message: Message) {
        self.messages.push(message);
    }

    /// The message that is handled next, unless the main loop is busy.
    pub(crate) fn next(&mut self) -> Option<Message> {
        if self.is_busy() {
            return None;
        }
        // Of equal rank, the first in the list is the one that came first.
        let (place, _) = self.messages.iter().enumerate().min_by_key(|(_, message)| message.rank())?;
        Some(self.messages.remove(place))
    }

    /// What waits, as it came.
    #[cfg(feature = "snapshot")]
    pub(crate) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter()
    }

    /// The objects that wait to be seen.
    #[cfg(feature = "snapshot")]
    pub(crate) fn objects_mut(&mut self) -> impl Iterator<Item = &mut Arc<ApiPod>> {
        self.messages
            .iter_mut()
            .filter_map(|message| if let Message::Object(object) = message { Some(object) } else { None })
    }

    /// Whether the main loop has something to hear, and time for it.
    pub(crate) fn has_next(&self) -> bool {
        !self.is_busy() && !self.messages.is_empty()
    }

    /// The newest object that waits.
    pub(crate) fn newest_object(&self) -> Option<&Arc<ApiPod>> {
        self.messages
            .iter()
            .rev()
            .find_map(|message| if let Message::Object(object) = message { Some(object) } else { None })
    }

    /// Keeps no room for messages that may come.
    #[cfg(feature = "sim")]
    pub(crate) fn shrink(&mut self) {
        self.messages.shrink_to_fit();
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.blocked_by_preemption_until.is_some()
    }

    /// Until when the main loop is busy at the longest.
    pub(crate) fn blocked_by_preemption_until(&self) -> Option<Timestamp> {
        self.blocked_by_preemption_until
    }

    pub(crate) fn set_busy_until(&mut self, until: Option<Timestamp>) {
        self.blocked_by_preemption_until = until;
    }

    /// What a restart of the kubelet loses.
    pub(crate) fn forget(&mut self) {
        self.blocked_by_preemption_until = None;
        self.messages.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(kind: ProbeKind) -> Message {
        let (container, instance) = (0.into(), InstanceId::nth(0));
        Message::ProbeUpdate(ProbeUpdate { container, instance, kind, result: ProbeResult::Success })
    }

    #[test]
    fn runtime_changes_come_before_verdicts_and_verdicts_before_what_the_api_shows() {
        let mut inbox = SyncLoopQueue::default();
        let sent = [
            Message::Reconcile,
            verdict(ProbeKind::Liveness),
            verdict(ProbeKind::Readiness),
            Message::Runtime(PlegEvent::Died(Some(1.into()))),
            verdict(ProbeKind::Startup),
            Message::Runtime(PlegEvent::Started),
        ];
        sent.iter().cloned().for_each(|message| inbox.post(message));
        let handled: Vec<Message> = core::iter::from_fn(|| inbox.next()).collect();
        assert_eq!(handled, [3, 5, 4, 2, 1, 0].map(|place| sent[place].clone()));
    }

    #[test]
    fn a_busy_main_loop_handles_nothing_and_forgets_nothing() {
        let mut inbox = SyncLoopQueue::default();
        inbox.set_busy_until(Some(Timestamp::UNIX_EPOCH));
        inbox.post(Message::Reconcile);
        assert_eq!(inbox.next(), None);
        inbox.set_busy_until(None);
        assert_eq!(inbox.next(), Some(Message::Reconcile));
    }
}
