//! One container's processes, image and hooks in the world.

use alloc::{boxed::Box, vec::Vec};

use crate::{event::HookKind, spec::ProbeKind, state::InstanceId, time::Timestamp};

/// One container's place on the node.
#[derive(Clone, Debug, Default)]
pub(super) struct ContainerSim {
    pub(super) process: Option<Process>,
    starts: u32,
    rest: Option<Box<Rest>>,
}

/// What most containers never need.
#[derive(Clone, Debug, Default)]
struct Rest {
    pulls: u32,
    /// Images of which the node has got, or has not, otherwise than the script says of the first.
    images: Vec<(Box<str>, bool)>,
    /// The image that is being pulled.
    pulling: Option<Box<str>>,
    /// Hooks that run, in which instance, and until when.
    hooks: Vec<(InstanceId, HookKind, Timestamp)>,
    /// Probes that take their time, and when they were asked.
    asked: Vec<(ProbeKind, Timestamp)>,
}

/// One process.
#[derive(Clone, Debug)]
pub(super) struct Process {
    pub(super) instance: InstanceId,
    /// Which of the container's runs it is.
    pub(super) run: u32,
    /// Which of the Pod's processes it is.
    pub(super) nth: u32,
    pub(super) started_at: Timestamp,
    pub(super) is_alive: bool,
    pub(super) got_sigterm: bool,
    pub(super) is_being_stopped: bool,
}

impl ContainerSim {
    fn rest(&mut self) -> &mut Rest {
        self.rest.get_or_insert_default()
    }

    /// A process begins; says which of the container's runs it is.
    pub(super) fn begin_run(&mut self, instance: InstanceId, nth: u32, now: Timestamp) -> u32 {
        let run = self.starts;
        self.starts = self.starts.saturating_add(1);
        self.process = Some(Process {
            instance,
            run,
            nth,
            started_at: now,
            is_alive: true,
            got_sigterm: false,
            is_being_stopped: false,
        });
        run
    }

    /// How many pulls there were.
    pub(super) fn pulls(&self) -> u32 {
        self.rest.as_ref().map_or(0, |rest| rest.pulls)
    }

    pub(super) fn begin_pull(&mut self, image: &str) {
        self.rest().pulling = Some(image.into());
    }

    /// A pull is over: which it was, and of what.
    pub(super) fn end_pull(&mut self) -> (u32, Option<Box<str>>) {
        let rest = self.rest();
        let pull = rest.pulls;
        rest.pulls = pull.saturating_add(1);
        (pull, rest.pulling.take())
    }

    /// Whether the node has an image; `of_script`: whether it has had those of which nothing else is known.
    pub(super) fn has_image(&self, image: &str, of_script: bool) -> bool {
        let known = self.rest.iter().flat_map(|rest| &rest.images).find(|(known, _)| **known == *image);
        known.map_or(of_script, |(_, is_there)| *is_there)
    }

    pub(super) fn set_image(&mut self, image: &str, is_there: bool) {
        let images = &mut self.rest().images;
        match images.iter_mut().find(|(known, _)| **known == *image) {
            Some(known) => known.1 = is_there,
            None => images.push((image.into(), is_there)),
        }
    }

    /// A probe is asked that takes its time.
    pub(super) fn ask(&mut self, kind: ProbeKind, at: Timestamp) {
        let asked = &mut self.rest().asked;
        asked.retain(|(known, _)| *known != kind);
        asked.push((kind, at));
    }

    /// When the probe was asked that is answered now.
    pub(super) fn asked_at(&self, kind: ProbeKind) -> Option<Timestamp> {
        let mut asked = self.rest.iter().flat_map(|rest| &rest.asked);
        asked.find(|(known, _)| *known == kind).map(|(_, at)| *at)
    }

    pub(super) fn begin_hook(&mut self, instance: InstanceId, hook: HookKind, ends_at: Timestamp) {
        self.rest().hooks.push((instance, hook, ends_at));
    }

    /// Until when the hook that is over was to run.
    pub(super) fn end_hook(&mut self, instance: InstanceId, hook: HookKind) -> Option<Timestamp> {
        let hooks = &mut self.rest.as_mut()?.hooks;
        let place = hooks.iter().position(|&(of, kind, _)| (of, kind) == (instance, hook))?;
        Some(hooks.remove(place).2)
    }

    /// The hooks that run in an instance.
    pub(super) fn hooks_in(&self, instance: InstanceId) -> impl Iterator<Item = HookKind> {
        let hooks = self.rest.iter().flat_map(|rest| &rest.hooks);
        hooks.filter(move |(of, ..)| *of == instance).map(|(_, hook, _)| *hook)
    }
}
