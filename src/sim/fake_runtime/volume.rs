//! Volumes of the fake runtime: claims, attachments, and calls that mount and unmount.

use alloc::{boxed::Box, format, string::String};
use core::time::Duration;

use super::{FakeRuntime, INSPECT_ERROR, event_queue::SimEvent, pull_result, rpc_error};
use crate::{
    event::{BoundVolume, RuntimeEvent, VolumeAttachment},
    sim::{timeline::Occurrence, volume_script::VolumeScript},
    spec::{PodSpec, VolumeIndex, VolumeSpec},
    time::Timestamp,
};

/// Calls of one volume so far.
#[derive(Clone, Debug, Default)]
pub(super) struct VolumeSim {
    mounts: u32,
    unmounts: u32,
    /// Pulls of its image.
    pulls: u32,
    /// True if a pull of its image has succeeded.
    has_pulled_image: bool,
    /// Failed inspections of its image.
    inspections: u32,
    /// True if its attachment is queued, or happened before it was asked for.
    is_attachment_known: bool,
}

/// Kind of a call on a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::sim) enum VolumeCallKind {
    SetUp,
    TearDown,
}

impl FakeRuntime {
    /// Fetches the claim of a volume from the API server.
    pub(super) fn fetch_claim(&mut self, volume: VolumeIndex, spec: &PodSpec, now: Timestamp) -> RuntimeEvent {
        let claim = spec.volume(volume).and_then(VolumeSpec::claim).unwrap_or_default();
        let (script, elapsed) = (self.script.volume(volume), now.since(self.start));
        let is_past = |from: Option<Duration>| from.is_none_or(|from| from <= elapsed);
        let result: Result<BoundVolume, Box<str>> = if !is_past(script.claim_exists_from) {
            let error = format!("persistentvolumeclaims {claim:?} not found");
            Err(format!("failed to fetch PVC from API server: {error}").into())
        } else if !is_past(script.claim_bound_from) {
            Err("PVC is not bound".into())
        } else {
            let attachment = attachment(script, elapsed);
            Ok(BoundVolume { name: format!("pv-{claim}").into(), attachment: Some(attachment) })
        };
        if let Some(from) = script.attached_from.filter(|from| *from > elapsed)
            && let Some(it) = self.volumes.get_mut(volume.get())
            && !core::mem::replace(&mut it.is_attachment_known, true)
        {
            self.queue.schedule(self.start + from, SimEvent::VolumeAttached(volume));
        }
        RuntimeEvent::ClaimFetched { volume, result }
    }

    /// Reports that a volume was attached.
    pub(super) fn attach(volume: VolumeIndex) -> RuntimeEvent {
        RuntimeEvent::VolumeAttachmentChanged { volume, attachment: VolumeAttachment::Attached }
    }

    /// Looks for the image of an image volume.
    pub(super) fn inspect_volume_image(&mut self, volume: VolumeIndex) -> Option<RuntimeEvent> {
        let script = &self.script.volume(volume).image;
        let it = self.volumes.get_mut(volume.get())?;
        let result = if it.inspections < script.inspect_failures {
            it.inspections = it.inspections.saturating_add(1);
            Err(rpc_error(INSPECT_ERROR))
        } else {
            Ok(script.present || it.has_pulled_image)
        };
        Some(RuntimeEvent::VolumeImageInspected { volume, result })
    }

    /// Begins the pull of the image of an image volume.
    pub(super) fn pull_volume_image(&mut self, volume: VolumeIndex, now: Timestamp) {
        let takes = self.script.volume(volume).image.pull_time;
        self.queue.schedule(now + takes, SimEvent::VolumePullEnd(volume));
    }

    /// Ends the pull of the image of an image volume.
    pub(super) fn end_volume_pull(
        &mut self,
        volume: VolumeIndex,
        now: Timestamp,
        record: &mut impl FnMut(Occurrence),
    ) -> Option<RuntimeEvent> {
        let script = &self.script.volume(volume).image;
        let it = self.volumes.get_mut(volume.get())?;
        let succeeded = it.pulls >= script.failures_before_success && !script.is_out(now.since(self.start));
        it.pulls = it.pulls.saturating_add(1);
        it.has_pulled_image |= succeeded;
        let result = pull_result(script, succeeded);
        record(Occurrence::VolumePullFinished { volume, succeeded });
        Some(RuntimeEvent::VolumeImagePulled { volume, result })
    }

    /// Begins a call on a volume; returns its answer if it takes no time.
    pub(super) fn call_volume(
        &mut self,
        volume: VolumeIndex,
        kind: VolumeCallKind,
        spec: &PodSpec,
        now: Timestamp,
        record: &mut impl FnMut(Occurrence),
    ) -> Option<RuntimeEvent> {
        let it = self.volumes.get_mut(volume.get())?;
        let count = match kind {
            VolumeCallKind::SetUp => &mut it.mounts,
            VolumeCallKind::TearDown => &mut it.unmounts,
        };
        let nth = *count;
        *count = nth.saturating_add(1);
        let call = self.script.volume_call(volume, kind, nth);
        if call.takes.is_zero() {
            let error = call.error.clone();
            if error.is_some() {
                record(ended(volume, kind, error.clone()));
            }
            return Some(answer(volume, kind, error));
        }
        // Calls that end at one instant end in the order of the volumes' names.
        let name = spec.volume(volume).map_or("", VolumeSpec::name);
        let rank = spec.volumes().filter(|(_, other)| other.name() < name).count();
        let rank = u16::try_from(rank).unwrap_or(u16::MAX);
        self.queue.schedule(now + call.takes, SimEvent::VolumeCallEnd(rank, volume, kind, nth));
        None
    }

    /// Ends a call on a volume. That of a kubelet that has restarted since is recorded, and not answered.
    pub(super) fn end_volume_call(
        &mut self,
        volume: VolumeIndex,
        kind: VolumeCallKind,
        nth: u32,
        record: &mut impl FnMut(Occurrence),
    ) -> Option<RuntimeEvent> {
        let it = self.volumes.get(volume.get())?;
        let calls = match kind {
            VolumeCallKind::SetUp => it.mounts,
            VolumeCallKind::TearDown => it.unmounts,
        };
        let error = self.script.volume_call(volume, kind, nth).error.clone();
        record(ended(volume, kind, error.clone()));
        let is_newest = nth.saturating_add(1) == calls;
        is_newest.then(|| answer(volume, kind, error))
    }
}

/// Returns the attachment of a volume so long after the start.
fn attachment(script: &VolumeScript, elapsed: Duration) -> VolumeAttachment {
    if script.attached_from.is_none_or(|from| from <= elapsed) {
        VolumeAttachment::Attached
    } else if script.attach_exhausted {
        VolumeAttachment::LimitExceeded
    } else {
        VolumeAttachment::Pending
    }
}

fn ended(volume: VolumeIndex, kind: VolumeCallKind, error: Option<String>) -> Occurrence {
    match kind {
        VolumeCallKind::SetUp => Occurrence::VolumeSetUp { volume, error },
        VolumeCallKind::TearDown => Occurrence::VolumeTornDown { volume, error },
    }
}

fn answer(volume: VolumeIndex, kind: VolumeCallKind, error: Option<String>) -> RuntimeEvent {
    let result = error.map_or(Ok(()), |error| Err(error.into()));
    match kind {
        VolumeCallKind::SetUp => RuntimeEvent::VolumeSetUp { volume, result },
        VolumeCallKind::TearDown => RuntimeEvent::VolumeTornDown { volume, result },
    }
}
