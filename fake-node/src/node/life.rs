//! One Pod on its node: the machine that decides, the world that answers, and what the API server knows of it.

use std::{collections::VecDeque, net::Ipv4Addr, sync::Arc};

use pod_lifecycle::{
    Action, KubernetesEvent, PodMachine, Published, ResumeError, Sink, Timestamp,
    api::PodPhase,
    event::{ApiEvent, Event, RuntimeEvent},
    spec::{PodSpec, SpecError},
    state::ContainerIds,
    status::StatusPatch,
};

use super::{
    behaviour::Behaviour,
    facts::{self, Facts},
    place::Place,
    seen::{Kept, Seen},
    world::FakeRuntime,
    writes::Writes,
};

/// One Pod on its node.
pub(super) struct Life {
    pub(super) kept: Kept,
    pub(super) place: Arc<Place>,
    pub(super) writes: Writes,
    pod: PodMachine,
    world: FakeRuntime,
    ids: ContainerIds,
    ip: Option<Ipv4Addr>,
    told: Vec<KubernetesEvent>,
}

/// Why a Pod does not begin.
pub(super) struct Refusal {
    pub(super) reason: String,
    pub(super) message: String,
}

/// What has come out of a Pod and is yet to be done.
#[derive(Default)]
struct Outbox {
    actions: VecDeque<Action>,
    told: Vec<KubernetesEvent>,
    has_published: bool,
    may_delete: bool,
}

impl Sink for Outbox {
    fn action(&mut self, _: Timestamp, action: Action) {
        self.actions.push_back(action);
    }

    fn event(&mut self, event: KubernetesEvent) {
        self.told.push(event);
    }

    fn wants_events(&self) -> bool {
        true
    }

    fn published(&mut self, _: Timestamp, _: &Published<'_>) {
        self.has_published = true;
    }

    fn delete_object(&mut self, _: Timestamp) {
        self.may_delete = true;
    }
}

impl Life {
    /// A Pod that the node has just got.
    pub(super) fn begin(
        seen: Seen,
        place: Arc<Place>,
        behaviour: Arc<Behaviour>,
        ip: Option<Ipv4Addr>,
        now: Timestamp,
    ) -> Result<Life, SpecError> {
        let mut out = Outbox::default();
        let pod = PodMachine::from_object(&seen.pod, place.config.clone(), now, &mut out)?;
        let world = FakeRuntime::new(behaviour, pod.spec().uid(), now);
        Ok(Life::put_together(&seen, place, pod, world, ContainerIds::default(), ip, out, now))
    }

    /// A Pod that lived before the node was started anew.
    pub(super) fn take_up(
        seen: Seen,
        place: Arc<Place>,
        behaviour: Arc<Behaviour>,
        ip: Option<Ipv4Addr>,
        now: Timestamp,
    ) -> Result<Life, ResumeError> {
        let (spec, mut ids, mut out) = (PodSpec::from_admitted(&seen.pod)?, ContainerIds::default(), Outbox::default());
        let start = seen.pod.status.start_time.unwrap_or(now);
        let (world, runtime) = FakeRuntime::take_up(&seen.pod, &spec, behaviour, &mut ids, (start, now));
        let pod = PodMachine::resume(&seen.pod, runtime, &mut ids, place.config.clone(), now, &mut out)?;
        Ok(Life::put_together(&seen, place, pod, world, ids, ip, out, now))
    }

    /// A Pod that the node refuses.
    pub(super) fn refuse(seen: Seen, place: Arc<Place>, refusal: &Refusal, now: Timestamp) -> Result<Life, SpecError> {
        let (spec, mut out) = (Arc::new(PodSpec::from_admitted(&seen.pod)?), Outbox::default());
        let Refusal { reason, message } = refusal;
        let pod = PodMachine::rejected(spec, place.config.clone(), reason, message, now, &mut out);
        let world = FakeRuntime::new(Behaviour::healthy(), pod.spec().uid(), now);
        Ok(Life::put_together(&seen, place, pod, world, ContainerIds::default(), None, out, now))
    }

    #[expect(clippy::too_many_arguments, reason = "private, and each is a part")]
    fn put_together(
        seen: &Seen,
        place: Arc<Place>,
        pod: PodMachine,
        world: FakeRuntime,
        ids: ContainerIds,
        ip: Option<Ipv4Addr>,
        out: Outbox,
        now: Timestamp,
    ) -> Life {
        let writes = Writes::default();
        let mut life = Life { kept: Kept::of(seen), place, writes, pod, world, ids, ip, told: Vec::new() };
        life.writes.is_wanted = true;
        life.settle(now, out);
        life
    }

    /// The API server shows the object; a version that is older than one seen before is old news.
    pub(super) fn observe(&mut self, now: Timestamp, seen: &Seen) {
        if seen.version <= self.kept.version {
            return;
        }
        let mut out = Outbox::default();
        if let Err(error) = self.pod.observe(now, &seen.pod, &mut out) {
            tracing::warn!(pod = %self.name(), %error, "the object is not heeded");
        }
        self.kept = Kept::of(seen);
        self.writes.is_wanted = true;
        self.settle(now, out);
    }

    /// The object is gone.
    pub(super) fn remove(&mut self, now: Timestamp) {
        self.writes.stop();
        self.handle(now, Event::Api(ApiEvent::Removed));
    }

    /// Does what is due.
    pub(super) fn wake(&mut self, now: Timestamp) {
        let spec = self.pod.spec().clone();
        while let Some(event) = self.world.pop_due(&spec, now) {
            self.handle(now, event);
        }
        let mut out = Outbox::default();
        self.pod.handle_timeout(now, &mut out);
        self.settle(now, out);
        self.writes.wake(now);
    }

    /// When something is due next.
    pub(super) fn next(&self) -> Option<Timestamp> {
        [self.pod.poll_timeout(), self.world.next(), self.writes.next()].into_iter().flatten().min()
    }

    /// What there is to be sent; `None` if the API server knows all.
    pub(super) fn patch(&self) -> Option<StatusPatch> {
        let object =
            self.kept.pod().inspect_err(|error| tracing::error!(pod = %self.name(), %error, "unreadable")).ok()?;
        let pod_ip = self.ip.filter(|_| self.world.has_had_sandbox());
        let facts = Facts { object: &object, ids: &self.ids, host_ip: self.place.address, pod_ip };
        self.pod.status_patch(&object.status, &facts)
    }

    /// What was told since this was asked last.
    pub(super) fn take_told(&mut self) -> Vec<KubernetesEvent> {
        std::mem::take(&mut self.told)
    }

    /// What the Pod ought to be.
    pub(super) fn spec(&self) -> &Arc<PodSpec> {
        self.pod.spec()
    }

    pub(super) fn phase(&self) -> PodPhase {
        self.pod.phase()
    }

    pub(super) fn ip(&self) -> Option<Ipv4Addr> {
        self.ip
    }

    /// Whether the object is gone, and with it everything that ran.
    pub(super) fn is_over(&self) -> bool {
        self.pod.is_gone() && self.world.is_quiet()
    }

    /// `NAMESPACE/NAME`
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.spec().namespace(), self.spec().name())
    }

    fn handle(&mut self, now: Timestamp, event: Event) {
        let mut out = Outbox::default();
        if let Err(error) = self.pod.handle_event(now, event, &mut out) {
            tracing::debug!(pod = %self.name(), %error, "news that came too late");
        }
        self.settle(now, out);
    }

    /// Carries out what is asked for, and hands in what answers at once, until nothing is left.
    fn settle(&mut self, now: Timestamp, mut out: Outbox) {
        loop {
            let mut news: VecDeque<RuntimeEvent> = VecDeque::new();
            while let Some(action) = out.actions.pop_front() {
                news.extend(self.carry_out(action, now));
            }
            self.told.append(&mut out.told);
            self.writes.is_wanted |= std::mem::take(&mut out.has_published);
            self.writes.wants_deletion |= std::mem::take(&mut out.may_delete);
            if news.is_empty() {
                return;
            }
            for event in news {
                if let Err(error) = self.pod.handle_event(now, Event::Runtime(event), &mut out) {
                    tracing::debug!(pod = %self.name(), %error, "an answer that came too late");
                }
            }
        }
    }

    fn carry_out(&mut self, action: Action, now: Timestamp) -> Option<RuntimeEvent> {
        let spec = self.pod.spec().clone();
        if let Action::CreateContainer { container, instance, restart_count } = &action
            && let Some(of) = spec.container(*container)
        {
            let id = facts::container_id(&spec, of, *instance, *restart_count);
            self.ids.note(*container, *instance, &id);
            self.ids.record_image(*container, *instance, of.image(), &facts::image_id(of.image()));
        }
        self.world.carry_out(action, &spec, now)
    }
}
