//! Scripts lowered to container indexes, shared by all Pods that play them, and the samples of what they leave to chance.

use alloc::{collections::BTreeMap, string::String, vec::Vec};
use core::time::Duration;

use super::{INSPECT_ERROR, volume::VolumeCallKind};
use crate::{
    api::PodManifest,
    event::HookKind,
    rule::probe::ProbeOutcome,
    sim::{
        random::{Chance, Draw, RandomProbe, RandomScript},
        resizes::memory_at,
        script::{ContainerScript, HookScript, INIT_TIME, ImageScript, ProbeScript, Run, Script},
        start_failures::{CallOutcome, ObjectReference, SandboxOutcome},
        volume_script::{VolumeCall, VolumeScript},
    },
    spec::{ContainerIndex, ContainerKind, ContainerSpec, PodSpec, ProbeKind, VolumeIndex},
    state::SIGKILL_EXIT_CODE,
};

/// The scripts of a Pod's containers, by container index: what a [`FakeRuntime`](super::FakeRuntime) plays.
///
/// A container without a script starts at once, runs for ever and passes its probes; an init container that is no sidecar
/// exits with code 0 after a second.
#[derive(Clone, Debug)]
pub struct LoweredScript {
    containers: Vec<LoweredContainer>,
    /// Outcomes of the creations of sandboxes.
    sandboxes: Vec<SandboxOutcome>,
    /// By index in the spec.
    volumes: Vec<VolumeScript>,
    /// Outcomes of the updates of the sandbox's resources.
    sandbox_resize: Vec<CallOutcome>,
    /// Outcomes of the writes of the Pod's cgroup.
    cgroup_resize: Vec<CallOutcome>,
}

#[derive(Clone, Debug)]
struct LoweredContainer {
    script: ContainerScript,
    /// References of its environment to config objects of the script.
    references: Vec<ObjectReference>,
    /// By kind of probe: its answers, computed once, since probes are by far the most frequent action, and most pass.
    answers: [ProbeAnswers; 3],
}

/// Answers of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ProbeAnswers {
    /// It passes in every run and without latency.
    AlwaysPasses,
    /// It names a port that the container does not have, so it cannot even be sent.
    UnknownPort,
    /// As the script says.
    Scripted,
}

impl LoweredContainer {
    fn new(mut script: ContainerScript, container: &ContainerSpec) -> LoweredContainer {
        let answers = [ProbeKind::Startup, ProbeKind::Readiness, ProbeKind::Liveness].map(|kind| {
            let is_scripted = script.runs.iter().any(|run| !run.probes.of(kind).is_empty())
                || script.random.as_deref().is_some_and(|random| random.probes.of(kind).is_some());
            match container.probe(kind).and_then(|probe| container.port_error(&probe.handler)) {
                Some(_) => ProbeAnswers::UnknownPort,
                None if is_scripted => ProbeAnswers::Scripted,
                None => ProbeAnswers::AlwaysPasses,
            }
        });
        if container.kind() == ContainerKind::Init && script.runs.is_empty() {
            script.runs.push(Run { exits_after: Some(INIT_TIME), ..Run::default() });
        }
        LoweredContainer { script, references: Vec::new(), answers }
    }

    fn answers(&self, kind: ProbeKind) -> ProbeAnswers {
        let place = match kind {
            ProbeKind::Startup => 0,
            ProbeKind::Readiness => 1,
            ProbeKind::Liveness => 2,
        };
        self.answers.get(place).copied().unwrap_or(ProbeAnswers::Scripted)
    }
}

/// Call of a container's start, which a script may have fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StartCall {
    /// Inspection of the image.
    Inspect,
    /// Generation of the container's configuration.
    Configure,
    /// The kubelet's hook before the creation.
    PreCreate,
    /// Creation.
    Create,
    /// The kubelet's hook between creation and start.
    PreStart,
    /// Start.
    Start,
}

fn at<T>(outcomes: &[T], nth: u32) -> Option<&T> {
    outcomes.get(usize::try_from(nth).ok()?)
}

/// The script of a container without one.
const HEALTHY: &ContainerScript = &ContainerScript {
    runs: Vec::new(),
    image: ImageScript::PRESENT,
    configure: Vec::new(),
    create: Vec::new(),
    start: Vec::new(),
    pre_create: Vec::new(),
    pre_start: Vec::new(),
    post_start: None,
    pre_stop: None,
    resize: Vec::new(),
    memory_usage: Vec::new(),
    random: None,
};

/// The run of a container without one.
const ENDLESS: &Run = &Run {
    exits_after: None,
    exit_code: 0,
    oom_killed: false,
    ignores_sigterm: false,
    sigterm_exit_after: Duration::ZERO,
    sigterm_exit_code: None,
    reason: None,
    message: None,
    probes: ProbeScript { startup: Vec::new(), readiness: Vec::new(), liveness: Vec::new() },
};

/// A run of a container of one Pod: what samples depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RunId {
    pub(super) container: ContainerIndex,
    /// Index among the container's runs.
    pub(super) run: u32,
    /// Seed of the Pod.
    pub(super) seed: u64,
}

impl LoweredScript {
    /// Lowers scripts, given by the containers' names, to the containers of a Pod.
    #[must_use]
    pub fn new(scripts: &BTreeMap<String, ContainerScript>, spec: &PodSpec) -> LoweredScript {
        let script = |of: &ContainerSpec| scripts.get(of.name()).cloned().unwrap_or_default();
        let containers = spec.containers().map(|(_, of)| LoweredContainer::new(script(of), of));
        let volumes = spec.volumes().map(|_| VolumeScript::default()).collect();
        LoweredScript {
            containers: containers.collect(),
            volumes,
            sandboxes: Vec::new(),
            sandbox_resize: Vec::new(),
            cgroup_resize: Vec::new(),
        }
    }

    /// Adds the scripts of volumes, given by their names. A volume without one is bound, attached, mounted and unmounted at
    /// once.
    #[must_use]
    pub fn with_volumes(mut self, scripts: &BTreeMap<String, VolumeScript>, spec: &PodSpec) -> LoweredScript {
        for ((_, volume), script) in spec.volumes().zip(&mut self.volumes) {
            *script = scripts.get(volume.name()).cloned().unwrap_or_default();
        }
        self
    }

    /// Lowers a whole script, with its sandboxes, config maps and secrets, to the containers of a Pod; `spec` is that of
    /// the manifest.
    #[must_use]
    pub fn of(script: &Script, pod: &PodManifest, spec: &PodSpec) -> LoweredScript {
        let mut lowered = LoweredScript::new(&script.containers, spec);
        lowered.sandboxes.clone_from(&script.sandboxes);
        lowered.sandbox_resize.clone_from(&script.sandbox_resize);
        lowered.cgroup_resize.clone_from(&script.cgroup_resize);
        for (index, _) in spec.containers() {
            if let (Some(container), Some(written)) = (lowered.containers.get_mut(index.get()), pod.container(index)) {
                container.references = script.references(pod, written);
            }
        }
        lowered.with_volumes(&script.volumes, spec)
    }

    /// Returns the scripts of a Pod whose containers all run for ever and pass their probes.
    #[must_use]
    pub fn healthy(spec: &PodSpec) -> LoweredScript {
        LoweredScript::new(&BTreeMap::new(), spec)
    }

    /// Returns the number of containers.
    pub(super) fn len(&self) -> usize {
        self.containers.len()
    }

    /// Returns the number of volumes.
    pub(super) fn volume_count(&self) -> usize {
        self.volumes.len()
    }

    pub(super) fn volume(&self, volume: VolumeIndex) -> &VolumeScript {
        self.volumes.get(volume.get()).unwrap_or(VolumeScript::HEALTHY)
    }

    /// Returns the n-th call of its kind on a volume.
    pub(super) fn volume_call(&self, volume: VolumeIndex, kind: VolumeCallKind, nth: u32) -> &VolumeCall {
        let script = self.volume(volume);
        match kind {
            VolumeCallKind::SetUp => VolumeScript::call(&script.set_up, nth),
            VolumeCallKind::TearDown => VolumeScript::call(&script.tear_down, nth),
        }
    }

    fn script(&self, container: ContainerIndex) -> &ContainerScript {
        self.containers.get(container.get()).map_or(HEALTHY, |container| &container.script)
    }

    pub(super) fn image(&self, container: ContainerIndex) -> &ImageScript {
        &self.script(container).image
    }

    /// Returns the outcome of the n-th creation of a sandbox, counted from 0; `None` if it succeeds.
    pub(super) fn sandbox(&self, nth: u32) -> Option<&SandboxOutcome> {
        at(&self.sandboxes, nth)
    }

    /// Returns the kubelet's message if the container's environment cannot be made so long after the start.
    pub(super) fn config_error(&self, container: ContainerIndex, elapsed: Duration) -> Option<String> {
        let references = &self.containers.get(container.get())?.references;
        references.iter().find_map(|reference| reference.error_at(elapsed))
    }

    /// Returns the error of the n-th call of this kind, counted from 0; `None` if it succeeds.
    pub(super) fn call_error(&self, container: ContainerIndex, call: StartCall, nth: u32) -> Option<&str> {
        let script = self.script(container);
        match call {
            StartCall::Configure => at(&script.configure, nth)?.error.as_deref(),
            StartCall::PreCreate => at(&script.pre_create, nth)?.error.as_deref(),
            StartCall::Create => at(&script.create, nth)?.error.as_deref(),
            StartCall::PreStart => at(&script.pre_start, nth)?.error.as_deref(),
            StartCall::Start => at(&script.start, nth)?.error.as_deref(),
            StartCall::Inspect => (nth < script.image.inspect_failures).then_some(INSPECT_ERROR),
        }
    }

    /// True if the script has outcomes for calls of this kind.
    pub(super) fn may_fail(&self, container: ContainerIndex, call: StartCall) -> bool {
        let script = self.script(container);
        match call {
            StartCall::Inspect => script.image.inspect_failures > 0,
            StartCall::Configure => !script.configure.is_empty(),
            StartCall::PreCreate => !script.pre_create.is_empty(),
            StartCall::Create => !script.create.is_empty(),
            StartCall::PreStart => !script.pre_start.is_empty(),
            StartCall::Start => !script.start.is_empty(),
        }
    }

    /// True if the runtime leaves the container of the n-th start, which failed, created.
    pub(super) fn stays_created(&self, container: ContainerIndex, nth: u32) -> bool {
        at(&self.script(container).start, nth).is_some_and(|outcome| outcome.stays_created)
    }

    fn random(&self, container: ContainerIndex) -> Option<&RandomScript> {
        self.script(container).random.as_deref()
    }

    pub(super) fn hook(&self, container: ContainerIndex, hook: HookKind) -> HookScript {
        let script = match hook {
            HookKind::PostStart => self.script(container).post_start,
            HookKind::PreStop => self.script(container).pre_stop,
        };
        // A hook without a script ends at once with exit code 0.
        script.unwrap_or_default()
    }

    /// Returns the error of the n-th update of a container's resources.
    pub(super) fn container_resize(&self, container: ContainerIndex, nth: u32) -> Option<&str> {
        at(&self.script(container).resize, nth)?.error.as_deref()
    }

    /// Returns the error of the n-th update of the sandbox's resources.
    pub(super) fn sandbox_resize(&self, nth: u32) -> Option<&str> {
        at(&self.sandbox_resize, nth)?.error.as_deref()
    }

    /// Returns the error of the n-th write of the Pod's cgroup.
    pub(super) fn cgroup_resize(&self, nth: u32) -> Option<&str> {
        at(&self.cgroup_resize, nth)?.error.as_deref()
    }

    /// Returns the memory that a running container uses so long after the start; `None` if the script does not say.
    pub(super) fn memory_usage(&self, container: ContainerIndex, elapsed: Duration) -> Option<u64> {
        let steps = &self.script(container).memory_usage;
        (!steps.is_empty()).then(|| memory_at(steps, elapsed))
    }

    /// Returns a run as written, without its samples.
    pub(super) fn run(&self, id: RunId) -> &Run {
        self.script(id.container).run(id.run).unwrap_or(ENDLESS)
    }

    /// Returns how long after its start a run exits by itself; `None`: never.
    pub(super) fn exits_after(&self, id: RunId) -> Option<Duration> {
        let random = self.random(id.container).and_then(|random| random.exits_after);
        match random {
            Some(distribution) => Some(distribution.sample(id.draw(Chance::Exit))),
            None => self.run(id).exits_after,
        }
    }

    /// Returns the exit code of a run that exits by itself.
    pub(super) fn exit_code(&self, id: RunId) -> i32 {
        let run = self.run(id);
        // The OOM killer sends SIGKILL, so its exit code is no matter of chance.
        if run.oom_killed {
            return SIGKILL_EXIT_CODE;
        }
        let random = self.random(id.container);
        let code = random.and_then(|random| random.exit_code(id.draw(Chance::ExitCode)));
        code.unwrap_or(run.exit_code)
    }

    /// Returns how long after SIGTERM a run exits.
    pub(super) fn sigterm_exits_after(&self, id: RunId) -> Duration {
        let random = self.random(id.container).and_then(|random| random.sigterm_exit_after);
        match random {
            Some(distribution) => distribution.sample(id.draw(Chance::Sigterm)),
            None => self.run(id).sigterm_exit_after,
        }
    }

    /// Returns how long the n-th pull takes.
    pub(super) fn pull_time(&self, container: ContainerIndex, seed: u64, pull: u32) -> Duration {
        match self.random(container).and_then(|random| random.pull_time) {
            Some(distribution) => distribution.sample(Draw::new(seed, Chance::Pull, of(container), pull.into())),
            None => self.image(container).pull_time,
        }
    }

    /// True if the n-th pull, which ends so long after the start of the Pod's run, succeeds.
    pub(super) fn pull_succeeds(&self, container: ContainerIndex, seed: u64, pull: u32, elapsed: Duration) -> bool {
        let image = self.image(container);
        let chance = self.random(container).map_or(0.0, |random| random.pull_failure);
        let fails =
            // Drawn only if it matters: a draw depends on nothing but its name, so a skipped one changes no other.
            || chance > 0.0 && Draw::new(seed, Chance::PullFailure, of(container), pull.into()).fraction() < chance;
        pull >= image.failures_before_success && !image.is_out(elapsed) && !fails()
    }

    /// Returns the outcome and the latency of a probe that is sent so long after the start of a run.
    pub(super) fn probe(&self, id: RunId, kind: ProbeKind, elapsed: Duration) -> (ProbeOutcome, Duration) {
        let Some(container) = self.containers.get(id.container.get()) else {
            return (ProbeOutcome::Success, Duration::ZERO);
        };
        match container.answers(kind) {
            ProbeAnswers::AlwaysPasses => (ProbeOutcome::Success, Duration::ZERO),
            ProbeAnswers::UnknownPort => (ProbeOutcome::Error, Duration::ZERO),
            ProbeAnswers::Scripted => container.script.probe(id, kind, elapsed),
        }
    }

    /// True if a probe names a port that its container does not have.
    pub(super) fn is_port_unknown(&self, container: ContainerIndex, kind: ProbeKind) -> bool {
        let container = self.containers.get(container.get());
        container.is_some_and(|container| container.answers(kind) == ProbeAnswers::UnknownPort)
    }
}

impl ContainerScript {
    /// Returns the n-th run as written; the last repeats.
    fn run(&self, n: u32) -> Option<&Run> {
        let last = self.runs.len().saturating_sub(1);
        self.runs.get(usize::try_from(n).unwrap_or(usize::MAX).min(last))
    }

    /// Returns the outcome and the latency of a probe, both as written and as sampled.
    fn probe(&self, id: RunId, kind: ProbeKind, elapsed: Duration) -> (ProbeOutcome, Duration) {
        let steps = self.run(id.run).map_or(&[][..], |run| run.probes.of(kind));
        // Steps are in ascending order (see `check_probes`), so the last that has begun applies.
        let step = steps.iter().rev().find(|step| step.from <= elapsed);
        let (outcome, takes) = step.map_or((ProbeOutcome::Success, Duration::ZERO), |step| (step.result, step.takes));
        match self.random.as_deref().and_then(|random| random.probes.of(kind)) {
            Some(random) => {
                let (outcome, latency) = id.answer(random, kind, elapsed, outcome);
                (outcome, latency.saturating_add(takes))
            }
            None => (outcome, takes),
        }
    }
}

impl RunId {
    fn draw(self, chance: Chance) -> Draw {
        Draw::new(self.seed, chance, of(self.container), self.run.into())
    }

    /// Returns the sampled outcome and latency of a probe.
    fn answer(
        self,
        random: &RandomProbe,
        kind: ProbeKind,
        elapsed: Duration,
        outcome: ProbeOutcome,
    ) -> (ProbeOutcome, Duration) {
        // Each kind of probe has samples of its own.
        let of_probe = RunId { seed: self.seed ^ (kind as u64).wrapping_mul(0xa076_1d64_78bd_642f), ..self };
        let nth = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let latency = random.latency.map(|latency| latency.sample(of_probe.nth(Chance::Latency, nth)));
        (random.spoil(outcome, of_probe.nth(Chance::Probe, nth)), latency.unwrap_or(Duration::ZERO))
    }

    /// Returns one of many draws of a run: a probe's is named by the microsecond at which it is sent.
    fn nth(self, chance: Chance, n: u64) -> Draw {
        // The container is in the lower half, the run in the upper: no two runs of a Pod have the same number.
        let of_run = of(self.container) ^ u64::from(self.run).wrapping_shl(32);
        Draw::new(self.seed, chance, of_run, n)
    }
}

fn of(container: ContainerIndex) -> u64 {
    u64::try_from(container.get()).unwrap_or(u64::MAX)
}
