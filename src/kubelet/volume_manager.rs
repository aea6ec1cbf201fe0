//! Volume manager: the loops that have volumes mounted and unmounted, and the waits of syncs for them
//! (pkg/kubelet/volumemanager).
//!
//! The kubelet ticks both of its loops ten times a second. Here the next tick that can change anything is computed, so a
//! Pod whose volumes are mounted has no timer. Not modelled: the remounts by which some plugins update the content of secrets
//! and config maps with every sync, the reconstruction of mounts after a restart, device mounts and expansion.

use alloc::{borrow::ToOwned, boxed::Box, collections::BTreeSet, format, string::String, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::sink::Step;
use crate::{
    action::{Action, EventReason, EventType},
    event::{BoundVolume, VolumeAttachment},
    spec::{PodSpec, VolumeIndex, VolumeSpec},
    time::Timestamp,
};

/// First tick of the populator after the start of the kubelet. It falls between all other timers, as in the recordings.
const POPULATOR_PHASE: Duration = Duration::from_micros(110_300);

/// First tick of the reconciler after the start of the kubelet.
const RECONCILER_PHASE: Duration = Duration::from_micros(20_700);

/// Period of both loops (`reconcilerLoopSleepPeriod`).
const LOOP_PERIOD: Duration = Duration::from_millis(100);

/// Period of a wait for mounts, and of one for unmounts (`podAttachAndMountRetryInterval`).
const WAIT_PERIOD: Duration = Duration::from_millis(300);

/// Longest wait for mounts, or for unmounts (`podAttachAndMountTimeout`).
const WAIT_TIMEOUT: Duration = Duration::from_secs(123);

/// Period of the wait for what a failed unmount may have left mounted, in `SyncTerminatedPod`.
const UNCERTAIN_WAIT_PERIOD: Duration = Duration::from_millis(100);

/// First delay before an operation that failed is tried again (`initialDurationBeforeRetry`); it doubles.
const FIRST_RETRY_DELAY: Duration = Duration::from_millis(500);

/// Longest delay before an operation that failed is tried again (`maxDurationBeforeRetry`).
const LONGEST_RETRY_DELAY: Duration = Duration::from_secs(122);

/// Number of different errors that are kept for the next wait (`maxPodErrors`, which lets one more in).
const MAX_ERRORS: usize = 11;

/// Volume manager, as far as one Pod concerns it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VolumeManager {
    /// Start of the kubelet, from which its loops tick.
    #[serde(with = "crate::time::exact")]
    started_at: Timestamp,
    /// By index in the spec.
    volumes: Box<[Volume]>,
    /// Indexes of the volumes in the order of their names, in which independent operations start.
    by_name: Box<[VolumeIndex]>,

    // --- Populator ---
    /// True if the Pod's volumes were processed since a sync last asked for it; `None` before the first time.
    is_processed: Option<bool>,
    /// Errors of the populator that no wait has looked at yet (`podErrors`).
    errors: BTreeSet<String>,
    #[serde(with = "crate::time::exact")]
    last_populated: Option<Timestamp>,
    #[serde(with = "crate::time::exact")]
    populates_at: Option<Timestamp>,

    // --- Reconciler ---
    #[serde(with = "crate::time::exact")]
    last_reconciled: Option<Timestamp>,
    #[serde(with = "crate::time::exact")]
    reconciles_at: Option<Timestamp>,

    // --- The wait of the sync under way ---
    wait: Option<Wait>,
}

/// State of one volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Volume {
    // --- Desired state of world ---
    /// True if the volume is to be mounted.
    is_desired: bool,
    /// PersistentVolume behind a claim.
    bound: Option<BoundVolume>,
    /// Lookup of the claim in the populator's round under way.
    lookup: Lookup,

    // --- Actual state of world ---
    /// True if the volume counts as attached to the node.
    is_attached: bool,
    mount: MountState,

    // --- Operations ---
    pending: Option<Operation>,
    back_off: Option<OperationBackOff>,
    /// Error of the last operation or lookup that failed, for explanations.
    last_error: Option<Box<str>>,
}

/// Lookup of a claim within one round of the populator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Lookup {
    #[default]
    None,
    Pending,
    Succeeded,
    Failed,
}

/// State of a volume's mount (`VolumeMountState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum MountState {
    #[default]
    Unmounted,
    Mounted,
    /// An unmount has failed, so that it may be mounted or not.
    Uncertain,
}

/// Operation on a volume that the embedder carries out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Operation {
    SetUp,
    TearDown,
}

/// Exponential back-off of a volume's operations.
///
/// Answers to `ExponentialBackoff` in `pkg/util/goroutinemap`, as `NestedPendingOperations` uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OperationBackOff {
    operation: Operation,
    #[serde(with = "crate::time::exact")]
    failed_at: Timestamp,
    #[serde(with = "crate::time::seconds")]
    delay: Duration,
}

/// Wait of a sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wait {
    kind: WaitKind,
    #[serde(with = "crate::time::exact")]
    since: Timestamp,
    /// Time at which the wait could end; the next poll notices.
    #[serde(with = "crate::time::exact")]
    met_at: Option<Timestamp>,
}

/// Kind of a sync's wait for volumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum WaitKind {
    /// `WaitForAttachAndMount`.
    Mount,
    /// `WaitForUnmount`.
    Unmount,
    /// The wait of `SyncTerminatedPod` until no volume is possibly mounted (`podVolumesExist`).
    Uncertain,
}

/// State of the Pod, as the loops ask the kubelet for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PodState {
    /// True if the Pod's termination was requested (`ShouldPodContainersBeTerminating`).
    pub(super) is_terminating: bool,
    /// True if its containers have stopped for good (`ShouldPodRuntimeBeRemoved`).
    pub(super) is_terminated: bool,
    /// True if its object exists, so that the pod manager has the Pod.
    pub(super) exists: bool,
}

/// Read-only view of one volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InspectVolume<'a> {
    pub(crate) name: &'a str,
    /// Error of the last mount or unmount, or of the last fetch of its claim, that failed.
    pub(crate) error: Option<&'a str>,
    /// False if the volume has to be attached to the node, and is not.
    pub(crate) is_attached: bool,
}

/// Result of a wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Waited {
    /// It goes on.
    Pending,
    /// Its end was reached.
    Done,
    /// It failed, with the message of a `FailedMount` event if it gets one.
    Failed(Option<String>),
    /// The node can attach no more volumes: the Pod is rejected with this message.
    Rejected(String),
}

impl VolumeManager {
    /// Creates the volume manager of a kubelet that starts now; `None` for a Pod without volumes.
    pub(super) fn new(spec: &PodSpec, now: Timestamp) -> Option<Box<VolumeManager>> {
        let mut by_name: Vec<(&str, VolumeIndex)> = spec.volumes().map(|(index, it)| (it.name(), index)).collect();
        if by_name.is_empty() {
            return None;
        }
        by_name.sort_unstable();
        Some(Box::new(VolumeManager {
            started_at: now,
            volumes: by_name.iter().map(|_| Volume::default()).collect(),
            by_name: by_name.into_iter().map(|(_, index)| index).collect(),
            is_processed: None,
            errors: BTreeSet::new(),
            last_populated: None,
            populates_at: None,
            last_reconciled: None,
            reconciles_at: None,
            wait: None,
        }))
    }

    // --- Waits ---

    /// Starts the wait of SyncPod for its volumes; it ends at once if they are mounted.
    ///
    /// Answers to `WaitForAttachAndMount`.
    pub(super) fn wait_for_attach_and_mount(&mut self, spec: &PodSpec, now: Timestamp, has_limit: bool) -> Waited {
        if spec.volumes().all(|(_, volume)| !volume.is_mounted()) {
            return Waited::Done;
        }
        self.reprocess();
        self.start_wait(WaitKind::Mount, spec, now, has_limit)
    }

    /// Starts the wait of SyncTerminatedPod until no volume is mounted.
    ///
    /// Answers to `WaitForUnmount`, and to the wait for `podVolumesExist` after it.
    pub(super) fn wait_for_unmount(&mut self, spec: &PodSpec, now: Timestamp) -> Waited {
        self.reprocess();
        self.start_wait(WaitKind::Unmount, spec, now, false)
    }

    /// Has the populator process the Pod once more (`ReprocessPod`).
    fn reprocess(&mut self) {
        self.is_processed = Some(false);
    }

    fn start_wait(&mut self, kind: WaitKind, spec: &PodSpec, now: Timestamp, has_limit: bool) -> Waited {
        self.wait = Some(Wait { kind, since: now, met_at: None });
        // The first poll is immediate.
        self.poll(spec, now, has_limit)
    }

    /// Polls the wait of the sync under way; `has_limit`: true if the limit of attached volumes rejects a Pod.
    pub(super) fn poll(&mut self, spec: &PodSpec, now: Timestamp, has_limit: bool) -> Waited {
        let Some(Wait { kind, since, .. }) = self.wait else { return Waited::Done };
        let is_over = now >= since + WAIT_TIMEOUT;
        let waited = match kind {
            WaitKind::Mount => self.poll_mount(spec, is_over, has_limit),
            WaitKind::Unmount => {
                let waited = self.poll_unmount(is_over);
                if waited == Waited::Done {
                    return self.start_wait(WaitKind::Uncertain, spec, now, false);
                }
                waited
            }
            WaitKind::Uncertain if self.is_met(WaitKind::Uncertain, spec) => Waited::Done,
            WaitKind::Uncertain => Waited::Pending,
        };
        if waited == Waited::Pending {
            if let Some(wait) = &mut self.wait {
                wait.met_at = None;
            }
        } else {
            self.wait = None;
        }
        waited
    }

    /// Answers to `verifyVolumesMountedFunc` and to the end of `WaitForAttachAndMount`.
    fn poll_mount(&mut self, spec: &PodSpec, is_over: bool, has_limit: bool) -> Waited {
        let error = self.take_errors();
        let unmounted = self.unmounted(spec);
        // Mounted is mounted, whatever error a poll has found.
        if unmounted.is_empty() {
            return Waited::Done;
        }
        if error.is_none() && !is_over {
            return Waited::Pending;
        }
        let is_timeout = error.is_none();
        let unattached: Vec<&str> = self.names(spec, |volume| volume.is_unattached());
        let missing = self.names_of_mounted(spec, |volume| !volume.is_desired);
        let volumes = format!(
            "unmounted volumes={}, unattached volumes={}, failed to process volumes={}: {}",
            in_brackets(&unmounted),
            in_brackets(&unattached),
            in_brackets(&missing),
            error.as_deref().unwrap_or("context deadline exceeded"),
        );
        if has_limit && self.volumes.iter().any(|volume| volume.is_unattached() && volume.exceeds_limit()) {
            return Waited::Rejected(format!("Node has reached its volume attachment limit, rejecting pod. {volumes}"));
        }
        // wait.Interrupted: a wait that was too long records no event.
        Waited::Failed((!is_timeout).then(|| format!("Unable to attach or mount volumes: {volumes}")))
    }

    /// Answers to `verifyVolumesUnmountedFunc` and to the end of `WaitForUnmount`.
    fn poll_unmount(&mut self, is_over: bool) -> Waited {
        let error = self.take_errors();
        if self.volumes.iter().all(|volume| volume.mount != MountState::Mounted) {
            return Waited::Done;
        }
        if error.is_some() || is_over { Waited::Failed(None) } else { Waited::Pending }
    }

    /// Interrupts a wait for mounts, since the Pod is to be terminated or the kubelet stops. Volumes that have been mounted
    /// since the last poll end it well.
    pub(super) fn interrupt(&mut self, spec: &PodSpec) -> Waited {
        self.wait = None;
        if self.unmounted(spec).is_empty() { Waited::Done } else { Waited::Failed(None) }
    }

    /// Removes the populator's errors, joined (`PopPodErrors`).
    fn take_errors(&mut self) -> Option<String> {
        let errors: Vec<String> = core::mem::take(&mut self.errors).into_iter().collect();
        (!errors.is_empty()).then(|| errors.join("; "))
    }

    /// True if the next poll of a wait ends it.
    fn is_met(&self, kind: WaitKind, spec: &PodSpec) -> bool {
        let none_is = |state| self.volumes.iter().all(|volume| volume.mount != state);
        match kind {
            WaitKind::Mount => !self.errors.is_empty() || self.are_all_mounted(spec),
            WaitKind::Unmount => !self.errors.is_empty() || none_is(MountState::Mounted),
            WaitKind::Uncertain => none_is(MountState::Mounted) && none_is(MountState::Uncertain),
        }
    }

    // --- Queries ---

    fn volume(&self, index: VolumeIndex) -> Option<&Volume> {
        self.volumes.get(index.get())
    }

    /// Returns the names of volumes, sorted.
    fn names<'a>(&self, spec: &'a PodSpec, is_selected: impl Fn(&Volume) -> bool) -> Vec<&'a str> {
        let selected = self.by_name.iter().filter(|index| self.volume(**index).is_some_and(&is_selected));
        selected.filter_map(|index| spec.volume(*index)).map(VolumeSpec::name).collect()
    }

    /// Returns the names of volumes that containers mount, sorted.
    fn names_of_mounted<'a>(&self, spec: &'a PodSpec, is_selected: impl Fn(&Volume) -> bool) -> Vec<&'a str> {
        let selected = self.by_name.iter().filter(|index| self.volume(**index).is_some_and(&is_selected));
        selected.filter_map(|index| spec.volume(*index)).filter(|it| it.is_mounted()).map(VolumeSpec::name).collect()
    }

    /// Returns the names of the volumes that a sync still waits for (`getUnmountedVolumes`).
    fn unmounted<'a>(&self, spec: &'a PodSpec) -> Vec<&'a str> {
        self.names_of_mounted(spec, |volume| !volume.is_usable())
    }

    /// True if all volumes that containers mount are mounted.
    fn are_all_mounted(&self, spec: &PodSpec) -> bool {
        spec.volumes()
            .filter(|(_, volume)| volume.is_mounted())
            // Volumes are immutable; one that an object has later is none of this Pod's.
            .all(|(index, _)| self.volume(index).is_none_or(Volume::is_usable))
    }

    // --- Populator ---

    /// Runs the tick of the populator: adds the volumes of a Pod that is to run, and removes those of one that has
    /// terminated.
    ///
    /// Answers to `populatorLoop`.
    pub(super) fn populate(&mut self, spec: &PodSpec, pod: PodState, step: &mut Step<'_>) {
        let is_first = step.now <= self.started_at + POPULATOR_PHASE;
        self.last_populated = Some(step.now);
        if pod.exists && self.is_processed != Some(true) && !self.is_in_round() && pod.may_mount(is_first) {
            self.start_round(spec, step);
        }
        if pod.is_terminated {
            self.remove_desired(pod);
        }
        if !pod.exists {
            self.errors.clear();
        }
    }

    /// Starts a round of the populator, which may wait for claims (`processPodVolumes`).
    fn start_round(&mut self, spec: &PodSpec, step: &mut Step<'_>) {
        for (index, of_spec) in spec.volumes().filter(|(_, volume)| volume.is_mounted()) {
            let Some(volume) = self.volumes.get_mut(index.get()) else { continue };
            if of_spec.claim().is_some() {
                volume.lookup = Lookup::Pending;
                step.out.action(step.now, Action::FetchClaim { volume: index });
            } else {
                volume.lookup = Lookup::Succeeded;
                volume.is_desired = true;
            }
        }
        self.end_round();
    }

    /// True while a round of the populator waits for claims.
    fn is_in_round(&self) -> bool {
        self.volumes.iter().any(|volume| volume.lookup == Lookup::Pending)
    }

    /// Ends the round once all claims are known.
    fn end_round(&mut self) {
        if self.is_in_round() {
            return;
        }
        let has_failed = self.volumes.iter().any(|volume| volume.lookup == Lookup::Failed);
        self.volumes.iter_mut().for_each(|volume| volume.lookup = Lookup::None);
        if !has_failed {
            self.is_processed = Some(true);
            self.errors.clear();
        } else if self.is_processed.is_some() {
            // A Pod that a sync waits for is processed again only when the next sync asks for it.
            self.is_processed = Some(true);
        }
    }

    /// Handles the answer to the fetch of a claim (`createVolumeSpec`, `getPVCExtractPV`).
    pub(super) fn handle_claim_fetched(
        &mut self,
        index: VolumeIndex,
        result: Result<BoundVolume, Box<str>>,
        spec: &PodSpec,
    ) {
        let Some(volume) = self.volumes.get_mut(index.get()) else { return };
        match result {
            Ok(bound) => {
                volume.lookup = Lookup::Succeeded;
                volume.is_desired = true;
                volume.bound = Some(bound);
            }
            Err(error) => {
                volume.lookup = Lookup::Failed;
                let claim = spec.volume(index).and_then(VolumeSpec::claim).unwrap_or_default();
                let message = format!("error processing PVC {}/{claim}: {error}", spec.namespace());
                volume.last_error = Some(message.as_str().into());
                if self.errors.len() < MAX_ERRORS {
                    self.errors.insert(message);
                }
            }
        }
        self.end_round();
    }

    /// Removes volumes of a terminated Pod from those that are to be mounted (`findAndRemoveDeletedPods`).
    fn remove_desired(&mut self, pod: PodState) {
        // What is not mounted stays desired while the object exists, so its mount is tried again even now.
        for volume in self.volumes.iter_mut().filter(|volume| volume.is_removable(pod)) {
            volume.is_desired = false;
            self.is_processed = None;
        }
    }

    // --- Reconciler ---

    /// Records the attachment of a volume, as the status of the node shows it.
    pub(super) fn set_attachment(&mut self, index: VolumeIndex, attachment: VolumeAttachment) {
        // Before its claim is fetched the volume is unknown; the claim's answer has the attachment of that moment.
        if let Some(bound) = self.volumes.get_mut(index.get()).and_then(|volume| volume.bound.as_mut()) {
            bound.attachment = Some(attachment);
        }
    }

    /// Runs the tick of the reconciler: unmounts first, then attaches and mounts.
    ///
    /// Answers to `reconcile`.
    pub(super) fn reconcile(&mut self, step: &mut Step<'_>) {
        self.last_reconciled = Some(step.now);
        let may_unmount = step.now >= self.started_at + POPULATOR_PHASE;
        for index in self.by_name.clone() {
            if may_unmount && self.volume(index).is_some_and(Volume::is_to_be_unmounted) {
                self.start_operation(index, Operation::TearDown, step);
            }
        }
        for index in self.by_name.clone() {
            let Some(volume) = self.volumes.get_mut(index.get()) else { continue };
            if !volume.is_to_be_mounted() {
                continue;
            }
            if volume.is_attached {
                self.start_operation(index, Operation::SetUp, step);
            } else {
                // VerifyControllerAttachedVolume; the mount follows with the next tick.
                volume.is_attached = volume.is_attachment_ready();
            }
        }
    }

    /// Starts an operation unless its back-off holds it back (`NestedPendingOperations.Run`).
    fn start_operation(&mut self, index: VolumeIndex, operation: Operation, step: &mut Step<'_>) {
        let Some(volume) = self.volumes.get_mut(index.get()) else { return };
        match volume.back_off {
            Some(back_off) if back_off.is_running(step.now) && back_off.operation == operation => return,
            // Another operation within the back-off starts a new one.
            Some(back_off) if back_off.is_running(step.now) => volume.back_off = None,
            Some(_) | None => {}
        }
        volume.pending = Some(operation);
        let action = match operation {
            Operation::SetUp => Action::SetUpVolume { volume: index },
            Operation::TearDown => Action::TearDownVolume { volume: index },
        };
        step.out.action(step.now, action);
    }

    /// Handles the end of a mount (`GenerateMountVolumeFunc`).
    pub(super) fn handle_set_up(
        &mut self,
        index: VolumeIndex,
        result: Result<(), Box<str>>,
        spec: &PodSpec,
        step: &mut Step<'_>,
    ) {
        let Some(volume) = self.volumes.get_mut(index.get()) else { return };
        if result.is_ok() {
            volume.mount = MountState::Mounted;
        } else if volume.mount == MountState::Uncertain {
            // markVolumeErrorState: a mount that has failed for good leaves nothing behind.
            volume.mount = MountState::Unmounted;
        }
        if let Err(error) = &result {
            // `VolumeSpec.Name`: that of the PersistentVolume, if there is one.
            let own = || spec.volume(index).map_or("", VolumeSpec::name);
            let name = volume.bound.as_ref().map_or_else(own, |bound| &*bound.name);
            let message = || format!("MountVolume.SetUp failed for volume {name:?} : {error}");
            step.record_event(EventType::Warning, EventReason::FailedMount, None, message);
        }
        volume.end_operation(Operation::SetUp, result, step.now);
    }

    /// Handles the end of an unmount; a failure records no event (`GenerateUnmountVolumeFunc`).
    pub(super) fn handle_torn_down(&mut self, index: VolumeIndex, result: Result<(), Box<str>>, now: Timestamp) {
        let Some(volume) = self.volumes.get_mut(index.get()) else { return };
        volume.mount = if result.is_ok() { MountState::Unmounted } else { MountState::Uncertain };
        // unmountDetachDevices
        volume.is_attached = result.is_err();
        volume.end_operation(Operation::TearDown, result, now);
    }

    // --- Validation ---

    /// True if an operation on a volume waits for its end.
    pub(super) fn is_pending(&self, index: VolumeIndex, operation: Operation) -> bool {
        self.volume(index).is_some_and(|volume| volume.pending == Some(operation))
    }

    /// True if the populator waits for a volume's claim.
    pub(super) fn is_claim_fetched(&self, index: VolumeIndex) -> bool {
        self.volume(index).is_some_and(|volume| volume.lookup == Lookup::Pending)
    }

    /// True if the number of volumes is that of the spec.
    #[cfg(feature = "snapshot")]
    pub(super) fn fits(&self, spec: &PodSpec) -> bool {
        let mut order: Vec<VolumeIndex> = self.by_name.to_vec();
        order.sort_unstable();
        let all: Vec<VolumeIndex> = spec.volumes().map(|(index, _)| index).collect();
        order == all && self.volumes.len() == all.len()
    }

    /// True if the sync under way waits for volumes.
    #[cfg(feature = "snapshot")]
    pub(super) fn is_waiting(&self) -> bool {
        self.wait.is_some()
    }

    // --- Timers ---

    /// Computes the next ticks of both loops that can change anything, and notes when the wait is met.
    pub(super) fn schedule(&mut self, spec: &PodSpec, pod: PodState, now: Timestamp) {
        let first = self.started_at + POPULATOR_PHASE;
        let next = next_tick(first, LOOP_PERIOD, now, self.last_populated);
        let is_to_be_added = pod.exists
            && self.is_processed != Some(true)
            && !self.is_in_round()
            && pod.may_mount(next <= first)
            // A round that finds all volumes mounted changes nothing.
            && !self.are_all_mounted(spec);
        let is_to_be_removed = pod.is_terminated && self.volumes.iter().any(|volume| volume.is_removable(pod));
        let has_old_errors = !pod.exists && !self.errors.is_empty();
        self.populates_at = (is_to_be_added || is_to_be_removed || has_old_errors).then_some(next);
        self.reconciles_at = self.volumes.iter().filter_map(|volume| self.next_reconciliation(volume, now)).min();
        if let Some(wait) = self.wait {
            let met_at = self.is_met(wait.kind, spec).then(|| wait.met_at.unwrap_or(now));
            self.wait = Some(Wait { met_at, ..wait });
        }
    }

    /// Returns the next tick of the reconciler that acts on a volume.
    fn next_reconciliation(&self, volume: &Volume, now: Timestamp) -> Option<Timestamp> {
        let first = self.started_at + RECONCILER_PHASE;
        let not_before = if volume.is_to_be_unmounted() {
            now.max(self.started_at + POPULATOR_PHASE)
        } else if volume.is_to_be_mounted() && (volume.is_attached || volume.is_attachment_ready()) {
            now
        } else {
            return None;
        };
        let operation = if volume.is_to_be_unmounted() { Operation::TearDown } else { Operation::SetUp };
        let held = volume.back_off.filter(|back_off| back_off.operation == operation && volume.is_attached);
        // SafeToRetry holds an operation back at the very end of its delay, too.
        let after = self.last_reconciled.max(held.map(OperationBackOff::end));
        Some(next_tick(first, LOOP_PERIOD, not_before, after))
    }

    /// Returns when the populator ticks next.
    pub(super) fn populates_at(&self) -> Option<Timestamp> {
        self.populates_at
    }

    /// Returns when the reconciler ticks next.
    pub(super) fn reconciles_at(&self) -> Option<Timestamp> {
        self.reconciles_at
    }

    /// Returns when the wait of the sync under way ends, as far as that is known.
    pub(super) fn polls_at(&self) -> Option<Timestamp> {
        let Wait { kind, since, met_at } = self.wait?;
        let (period, timeout) = match kind {
            WaitKind::Mount | WaitKind::Unmount => (WAIT_PERIOD, Some(since + WAIT_TIMEOUT)),
            WaitKind::Uncertain => (UNCERTAIN_WAIT_PERIOD, None),
        };
        // Polls come first within their instant, so what happens then is seen by the next one.
        let poll = met_at.map(|met_at| next_tick(since, period, met_at, Some(met_at)));
        match (poll, timeout) {
            (Some(poll), Some(timeout)) => Some(poll.min(timeout)),
            (poll, timeout) => poll.or(timeout),
        }
    }

    // --- Explanations ---

    /// Returns the volumes that containers mount and that are not mounted, by name.
    pub(super) fn not_mounted<'a>(&'a self, spec: &'a PodSpec) -> impl Iterator<Item = InspectVolume<'a>> {
        self.inspected(spec).filter(|(of_spec, volume)| of_spec.is_mounted() && !volume.is_usable()).map(inspect)
    }

    /// Returns since when the sync of a terminated Pod waits for unmounts; `None` if it does not.
    pub(super) fn unmounts_since(&self) -> Option<Timestamp> {
        self.wait.filter(|wait| wait.kind != WaitKind::Mount).map(|wait| wait.since)
    }

    /// Returns the volumes that are mounted, or may be, by name.
    pub(super) fn possibly_mounted<'a>(&'a self, spec: &'a PodSpec) -> impl Iterator<Item = InspectVolume<'a>> {
        self.inspected(spec).filter(|(_, volume)| volume.mount != MountState::Unmounted).map(inspect)
    }

    fn inspected<'a>(&'a self, spec: &'a PodSpec) -> impl Iterator<Item = (&'a VolumeSpec, &'a Volume)> {
        self.by_name.iter().filter_map(|index| Some((spec.volume(*index)?, self.volume(*index)?)))
    }

    /// Returns the start of the kubelet, since which the volumes are to be mounted.
    pub(super) fn started_at(&self) -> Timestamp {
        self.started_at
    }
}

fn inspect<'a>((of_spec, volume): (&'a VolumeSpec, &'a Volume)) -> InspectVolume<'a> {
    InspectVolume { name: of_spec.name(), error: volume.last_error.as_deref(), is_attached: !volume.is_unattached() }
}

impl PodState {
    /// True if the populator adds volumes of this Pod. The first tick of a kubelet also adds those of a Pod whose containers
    /// are still being stopped (`hasAddedPods`).
    fn may_mount(self, is_first_tick: bool) -> bool {
        if is_first_tick { !self.is_terminated } else { !self.is_terminating }
    }
}

impl Volume {
    /// True if containers may use the volume.
    fn is_usable(&self) -> bool {
        self.is_desired && self.mount == MountState::Mounted
    }

    /// True if the volume has to be attached, and is not.
    fn is_unattached(&self) -> bool {
        let is_attachable = self.bound.as_ref().is_some_and(|bound| bound.attachment.is_some());
        self.is_desired && is_attachable && !self.is_attached
    }

    /// True if the node can attach no more volumes (`VerifyExhaustedResource`).
    fn exceeds_limit(&self) -> bool {
        self.bound.as_ref().is_some_and(|bound| bound.attachment == Some(VolumeAttachment::LimitExceeded))
    }

    /// True if nothing keeps the volume from counting as attached.
    fn is_attachment_ready(&self) -> bool {
        let attachment = self.bound.as_ref().and_then(|bound| bound.attachment);
        attachment.is_none_or(|attachment| attachment == VolumeAttachment::Attached)
    }

    /// True if the populator removes the volume of a terminated Pod (`PodRemovedFromVolume`).
    fn is_removable(&self, pod: PodState) -> bool {
        self.is_desired && (self.mount != MountState::Unmounted || !pod.exists)
    }

    fn is_to_be_unmounted(&self) -> bool {
        self.pending.is_none() && !self.is_desired && self.mount != MountState::Unmounted
    }

    fn is_to_be_mounted(&self) -> bool {
        self.pending.is_none() && self.is_desired && self.mount != MountState::Mounted
    }

    /// Ends an operation; a failure advances its back-off, and a success clears it (`operationComplete`).
    fn end_operation(&mut self, operation: Operation, result: Result<(), Box<str>>, now: Timestamp) {
        self.pending = None;
        let Err(error) = result else {
            (self.back_off, self.last_error) = (None, None);
            return;
        };
        self.last_error = Some(error);
        let delay = self.back_off.map_or(FIRST_RETRY_DELAY, |it| it.delay.saturating_mul(2).min(LONGEST_RETRY_DELAY));
        // The name stays that of the first operation whose back-off this is.
        let operation = self.back_off.map_or(operation, |it| it.operation);
        self.back_off = Some(OperationBackOff { operation, failed_at: now, delay });
    }
}

impl OperationBackOff {
    /// Returns the end of the delay.
    fn end(self) -> Timestamp {
        self.failed_at + self.delay
    }

    /// True if the operation is held back (`SafeToRetry`).
    fn is_running(self, now: Timestamp) -> bool {
        now <= self.end()
    }
}

/// Returns the first tick of a loop at `not_before` or later, and later than `after`.
fn next_tick(first: Timestamp, period: Duration, not_before: Timestamp, after: Option<Timestamp>) -> Timestamp {
    let floor = after.map_or(not_before, |after| not_before.max(after + Duration::from_micros(1)));
    let passed = floor.since(first).as_micros();
    let ticks = passed.div_ceil(period.as_micros().max(1));
    let micros = u64::try_from(ticks.saturating_mul(period.as_micros())).unwrap_or(u64::MAX);
    first + Duration::from_micros(micros)
}

/// Prints names as Go prints a slice.
fn in_brackets(names: &[&str]) -> String {
    let names = names.join(" ");
    ["[", &names, "]"].concat().to_owned()
}
