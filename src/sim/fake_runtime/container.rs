//! Fake runtime state of one container: its process, its images, its running hooks and unanswered probes.
//! Exit codes and times come from the script: [`lowered_script`](super::lowered_script).

use alloc::{boxed::Box, vec::Vec};

use super::lowered_script::StartCall;
use crate::{
    event::{Failure, HookKind},
    spec::ProbeKind,
    state::InstanceId,
    time::Timestamp,
};

/// A container's newest process, and the counters by which its script's runs and pulls are chosen.
#[derive(Clone, Debug, Default)]
pub(super) struct ContainerSim {
    pub(super) process: Option<Process>,
    /// Starts so far; not the restart count, which the kubelet computes by itself.
    starts: u32,
    /// Boxed, since most containers of a fleet never need it.
    cold: Option<Box<ColdState>>,
}

#[derive(Clone, Debug, Default)]
struct ColdState {
    /// Pulls that have ended, failed ones included: `failuresBeforeSuccess` counts these.
    pulls: u32,
    /// Calls of each kind of [`StartCall`] so far, where the script has outcomes for them.
    calls: [u32; 6],
    /// Instance that the runtime could not start, with the failure that the call has yet to return.
    failed_start: Option<(InstanceId, Failure)>,
    /// Images whose presence differs from the script's `present`.
    images: Vec<(Box<str>, bool)>,
    pulling: Option<Box<str>>,
    /// Running hooks, each with its end.
    hooks: Vec<(InstanceId, HookKind, Timestamp)>,
    /// Probes with latency, each with the time of its request.
    probes: Vec<(ProbeKind, Timestamp)>,
}

/// One process of a container.
#[derive(Clone, Debug)]
pub(super) struct Process {
    pub(super) instance: InstanceId,
    /// Index of its run among the runs of its container.
    pub(super) run: u32,
    /// Position in the order in which the Pod's processes were started.
    pub(super) start_order: u32,
    pub(super) started_at: Timestamp,
    pub(super) is_alive: bool,
    pub(super) got_sigterm: bool,
    pub(super) is_being_stopped: bool,
}

impl ContainerSim {
    fn cold(&mut self) -> &mut ColdState {
        self.cold.get_or_insert_default()
    }

    /// Starts a process and returns the index of its run.
    pub(super) fn start(&mut self, instance: InstanceId, start_order: u32, now: Timestamp) -> u32 {
        let run = self.starts;
        self.starts = self.starts.saturating_add(1);
        self.process = Some(Process {
            instance,
            run,
            start_order,
            started_at: now,
            is_alive: true,
            got_sigterm: false,
            is_being_stopped: false,
        });
        run
    }

    /// Continues to count the runs after that of a process that was found running or dead.
    pub(super) fn adopt(&mut self, restart_count: i32) {
        // Counted from 0, a start's index is its restart count, unless the kubelet has lost some.
        self.starts = u32::try_from(restart_count).unwrap_or(0);
    }

    /// Counts a call, and returns its index among those of its kind.
    pub(super) fn count_call(&mut self, call: StartCall) -> u32 {
        let Some(count) = self.cold().calls.get_mut(call as usize) else { return 0 };
        let nth = *count;
        *count = nth.saturating_add(1);
        nth
    }

    /// Notes an instance that the runtime could not start.
    pub(super) fn fail_start(&mut self, instance: InstanceId, failure: Failure) {
        self.cold().failed_start = Some((instance, failure));
    }

    /// Takes the failure of an instance that the runtime could not start.
    pub(super) fn take_failed_start(&mut self, instance: InstanceId) -> Option<Failure> {
        let failed = &mut self.cold.as_mut()?.failed_start;
        failed.take_if(|(of, _)| *of == instance).map(|(_, failure)| failure)
    }

    pub(super) fn pulls(&self) -> u32 {
        self.cold.as_ref().map_or(0, |cold| cold.pulls)
    }

    pub(super) fn begin_pull(&mut self, image: &str) {
        self.cold().pulling = Some(image.into());
    }

    /// Ends the pull under way, and returns its index and its image.
    pub(super) fn end_pull(&mut self) -> (u32, Option<Box<str>>) {
        let cold = self.cold();
        let pull = cold.pulls;
        cold.pulls = pull.saturating_add(1);
        (pull, cold.pulling.take())
    }

    /// True if the node has an image; `by_default` holds for images that were neither pulled nor changed.
    pub(super) fn has_image(&self, image: &str, by_default: bool) -> bool {
        let known = self.cold.iter().flat_map(|cold| &cold.images).find(|(known, _)| **known == *image);
        known.map_or(by_default, |(_, is_present)| *is_present)
    }

    pub(super) fn set_image(&mut self, image: &str, is_present: bool) {
        let images = &mut self.cold().images;
        match images.iter_mut().find(|(known, _)| **known == *image) {
            Some(known) => known.1 = is_present,
            None => images.push((image.into(), is_present)),
        }
    }

    /// Notes the request of a probe that is answered later.
    pub(super) fn begin_probe(&mut self, kind: ProbeKind, at: Timestamp) {
        let probes = &mut self.cold().probes;
        // A probe worker has one probe under way at most: an older entry is that of an answered one, or of a former
        // instance.
        probes.retain(|(known, _)| *known != kind);
        probes.push((kind, at));
    }

    /// Returns the time of the request of the probe that is answered now.
    pub(super) fn probed_at(&self, kind: ProbeKind) -> Option<Timestamp> {
        let mut probes = self.cold.iter().flat_map(|cold| &cold.probes);
        probes.find(|(known, _)| *known == kind).map(|(_, at)| *at)
    }

    pub(super) fn begin_hook(&mut self, instance: InstanceId, hook: HookKind, ends_at: Timestamp) {
        self.cold().hooks.push((instance, hook, ends_at));
    }

    /// Ends a hook, and returns when it would have ended by itself; `None` if it has ended before.
    pub(super) fn end_hook(&mut self, instance: InstanceId, hook: HookKind) -> Option<Timestamp> {
        let hooks = &mut self.cold.as_mut()?.hooks;
        // The container's exit queues a second end of a running hook: the later of the two finds none.
        let index = hooks.iter().position(|&(of, kind, _)| (of, kind) == (instance, hook))?;
        Some(hooks.remove(index).2)
    }

    pub(super) fn hooks_in(&self, instance: InstanceId) -> impl Iterator<Item = HookKind> {
        let hooks = self.cold.iter().flat_map(|cold| &cold.hooks);
        hooks.filter(move |(of, ..)| *of == instance).map(|(_, hook, _)| *hook)
    }
}
