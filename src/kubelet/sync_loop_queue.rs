//! Sync loop queue: messages to the sync loop, ordered by the kubelet's priority (syncLoopIteration).

use alloc::{sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{api_pod::ApiPod, pleg::PlegEvent, prober_manager::ProbeUpdate};
use crate::{spec::ProbeKind, time::Timestamp};

/// Message to the sync loop from another component of the kubelet, or from the API.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Message {
    /// The PLEG found a change of the runtime.
    Pleg(PlegEvent),
    /// A probe worker's result changed.
    ProbeUpdate(ProbeUpdate),
    /// The watch delivered the object.
    Object(Arc<ApiPod>),
    /// The watch delivered the status that the kubelet wrote itself.
    Reconcile,
}

/// Waiting messages. A preemption blocks the sync loop: while it admits another Pod in this one's place, it handles
/// nothing until this one is gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SyncLoopQueue {
    messages: Vec<Message>,
    #[serde(with = "crate::time::exact")]
    blocked_by_preemption_until: Option<Timestamp>,
}

impl Message {
    /// Returns the priority, the lowest first: PLEG, startup, readiness and liveness probes, API.
    fn rank(&self) -> u8 {
        // Go's select picks at random among the channels that are ready; a fixed order keeps the machine deterministic.
        match self {
            Message::Pleg(_) => 0,
            Message::ProbeUpdate(update) => match update.kind {
                ProbeKind::Startup => 1,
                ProbeKind::Readiness => 2,
                ProbeKind::Liveness => 3,
            },
            Message::Object(_) | Message::Reconcile => 4,
        }
    }
}

impl SyncLoopQueue {
    /// Adds a message behind those of its rank.
    pub(super) fn post(&mut self, message: Message) {
        // In the order of arrival; `pop` picks by rank.
        self.messages.push(message);
    }

    /// Removes and returns the message to handle next; `None` while the sync loop is blocked.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<Message> {
        if self.has_next() { self.remove_first() } else { None }
    }

    fn remove_first(&mut self) -> Option<Message> {
        // `min_by_key` returns the first of equal rank, which came first.
        let (place, _) = self.messages.iter().enumerate().min_by_key(|(_, message)| message.rank())?;
        Some(self.messages.remove(place))
    }

    /// Returns the messages in the order of their arrival.
    #[cfg(feature = "snapshot")]
    pub(super) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter()
    }

    /// Returns the waiting objects, for changes that keep their value.
    #[cfg(feature = "snapshot")]
    pub(super) fn objects_mut(&mut self) -> impl Iterator<Item = &mut Arc<ApiPod>> {
        self.messages
            .iter_mut()
            .filter_map(|message| if let Message::Object(object) = message { Some(object) } else { None })
    }

    /// True if a message waits and no preemption blocks the loop.
    pub(super) fn has_next(&self) -> bool {
        !self.is_blocked() && !self.messages.is_empty()
    }

    /// Returns the newest object that waits.
    pub(super) fn newest_object(&self) -> Option<&Arc<ApiPod>> {
        self.messages
            .iter()
            .rev()
            .find_map(|message| if let Message::Object(object) = message { Some(object) } else { None })
    }

    /// Frees the room for messages that may come.
    #[cfg(feature = "sim")]
    pub(super) fn shrink(&mut self) {
        self.messages.shrink_to_fit();
    }

    /// True while a preemption blocks the sync loop.
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked_by_preemption_until.is_some()
    }

    /// Returns when the preemption that blocks the sync loop times out.
    pub(super) fn blocked_by_preemption_until(&self) -> Option<Timestamp> {
        self.blocked_by_preemption_until
    }

    /// Blocks the sync loop until a preempted Pod is gone, or unblocks it.
    pub(super) fn block_until(&mut self, until: Option<Timestamp>) {
        self.blocked_by_preemption_until = until;
    }

    /// Forgets what a restart of the kubelet loses.
    pub(super) fn reset(&mut self) {
        // Channels, and the admission that waited for a preemption, die with the process.
        self.blocked_by_preemption_until = None;
        self.messages.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{rule::probe::ProbeResult, state::InstanceId};

    fn update(kind: ProbeKind) -> Message {
        let (container, instance) = (0.into(), InstanceId::nth(0));
        Message::ProbeUpdate(ProbeUpdate { container, instance, kind, result: ProbeResult::Success })
    }

    #[test]
    fn pleg_events_come_before_probe_updates_and_those_before_the_api() {
        let mut queue = SyncLoopQueue::default();
        let sent = [
            Message::Reconcile,
            update(ProbeKind::Liveness),
            update(ProbeKind::Readiness),
            Message::Pleg(PlegEvent::Died(Some(1.into()))),
            update(ProbeKind::Startup),
            Message::Pleg(PlegEvent::Started),
        ];
        sent.iter().cloned().for_each(|message| queue.post(message));
        let handled: Vec<Message> = core::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(handled, [3, 5, 4, 2, 1, 0].map(|place| sent[place].clone()));
    }

    #[test]
    fn a_blocked_sync_loop_handles_nothing_and_loses_nothing() {
        let mut queue = SyncLoopQueue::default();
        queue.block_until(Some(Timestamp::UNIX_EPOCH));
        queue.post(Message::Reconcile);
        assert_eq!(queue.pop(), None);
        queue.block_until(None);
        assert_eq!(queue.pop(), Some(Message::Reconcile));
    }
}
