//! Scripts: what the containers of a scenario do, and what happens to its Pod.

use alloc::{boxed::Box, collections::BTreeMap, string::String, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    action::ScriptAction,
    duration::{IntoDuration, list_of_seconds, optional_seconds, seconds},
    node::OtherPod,
    random::RandomScript,
    resizes::MemoryStep,
    start_failures::{CallOutcome, ConfigObject, NetworkOutage, SandboxOutcome, StartOutcome},
    volume_script::VolumeScript,
};
use crate::{rule::probe::ProbeOutcome, spec::ProbeKind};

/// Script of a simulation: what its containers do, and the actions on its Pod.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::sim::Script;
///
/// let script: Script = serde_json::from_str(r#"{
///     "endSeconds": 120, "sandboxDeaths": [60],
///     "containers": {"app": {"runs": [{"exitsAfterSeconds": 5, "exitCode": 1}, {}]}},
///     "actions": [{"t": 90, "op": "delete"}]
/// }"#)?;
/// assert_eq!((script.containers["app"].runs.len(), script.actions[0].at), (2, Duration::from_secs(90)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Script {
    /// Time after which the simulation ends, unless the Pod finishes earlier; 10 minutes if left out. Everything in the
    /// script has to come before.
    #[serde(rename = "endSeconds", default, skip_serializing_if = "Option::is_none", with = "optional_seconds")]
    pub end: Option<Duration>,
    /// Scripts of the containers, by name. A container without one starts at once, runs for ever and passes its probes; an
    /// init container that is no sidecar exits with code 0 after a second.
    #[serde(default)]
    pub containers: BTreeMap<String, ContainerScript>,
    /// Scripts of the volumes, by name; see [`VolumeScript`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub volumes: BTreeMap<String, VolumeScript>,
    /// Times at which the newest sandbox dies, if it is ready.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "list_of_seconds")]
    pub sandbox_deaths: Vec<Duration>,
    /// Outcomes of the creations of sandboxes, in order; those after the last succeed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sandboxes: Vec<SandboxOutcome>,
    /// Times in which the network of the node is not ready.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub network_not_ready: Vec<NetworkOutage>,
    /// Secrets that environment variables refer to, by name; one that is left out exists.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, ConfigObject>,
    /// Config maps that environment variables refer to, by name; one that is left out exists.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub config_maps: BTreeMap<String, ConfigObject>,
    /// Outcomes of the updates of the sandbox's resources, in order; those after the last succeed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sandbox_resize: Vec<CallOutcome>,
    /// Outcomes of the writes of the Pod's cgroup, in order; those after the last succeed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cgroup_resize: Vec<CallOutcome>,
    /// Actions of users, controllers and the node on the Pod.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<ScriptAction>,
    /// Other Pods that the node has admitted before; they count only if the scenario's node has room to count
    /// (`config.node`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_pods: Vec<OtherPod>,
    /// Seed of everything that is left to chance.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub seed: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_zero(seed: &u64) -> bool {
    *seed == 0
}

/// Run time of an init container without runs: long enough to be seen, short enough not to matter.
pub(super) const INIT_TIME: Duration = Duration::from_secs(1);

/// Script of one container: its runs, its image and its hooks.
///
/// ```
/// use pod_lifecycle::sim::ContainerScript;
///
/// let app = ContainerScript::default().pulled_in(20).exits_after(5).with_code(1).runs_for_ever();
/// let in_json = r#"{"runs": [{"exitsAfterSeconds": 5, "exitCode": 1}, {}], "image": {"present": false, "pullSeconds": 20}}"#;
/// assert_eq!(serde_json::from_str::<ContainerScript>(in_json)?, app);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct ContainerScript {
    /// Runs of the container: the n-th start plays the n-th entry, and the last repeats. If empty, it runs for ever; an init
    /// container that is no sidecar exits with code 0 after a second.
    #[serde(default)]
    pub runs: Vec<Run>,
    /// The container's image on the node.
    #[serde(default)]
    pub image: ImageScript,
    /// Outcomes of making its configuration (`runAsNonRoot`, devices), in order; those after the last succeed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub configure: Vec<CallOutcome>,
    /// Outcomes of its creations, in order; those after the last succeed. A failed one uses up no run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub create: Vec<CallOutcome>,
    /// Outcomes of its starts, in order; those after the last succeed. A failed one uses up no run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub start: Vec<StartOutcome>,
    /// Outcomes of the kubelet's internal hook before the creation (CPU and memory manager), in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pre_create: Vec<CallOutcome>,
    /// Outcomes of the kubelet's internal hook between creation and start, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pre_start: Vec<CallOutcome>,
    /// Script of the `postStart` hook; it succeeds at once if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_start: Option<HookScript>,
    /// Script of the `preStop` hook; it succeeds at once if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pre_stop: Option<HookScript>,
    /// Outcomes of the updates of its resources, in order; those after the last succeed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resize: Vec<CallOutcome>,
    /// Memory that it uses while it runs, each step later than the one before; none if left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub memory_usage: Vec<MemoryStep>,
    /// Random behaviour, which replaces the fixed one of `runs` and `image`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub random: Option<Box<RandomScript>>,
}

/// One run of a container, from its start to its exit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Run {
    /// Time from its start until it exits by itself; `null`: never.
    #[serde(rename = "exitsAfterSeconds", default, with = "optional_seconds")]
    pub exits_after: Option<Duration>,
    /// Exit code if it exits by itself. 137 is an `Error` like any other: for the kernel's OOM killer see `oom_killed`.
    #[serde(default)]
    pub exit_code: i32,
    /// True if the kernel's OOM killer ends it after `exits_after`: with exit code 137 and reason `OOMKilled`.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub oom_killed: bool,
    /// True if it continues after SIGTERM.
    #[serde(default)]
    pub ignores_sigterm: bool,
    /// Time from SIGTERM until it exits.
    #[serde(rename = "sigtermExitAfterSeconds", default, with = "seconds")]
    pub sigterm_exit_after: Duration,
    /// Exit code after SIGTERM; 143 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigterm_exit_code: Option<i32>,
    /// Termination reason if it exits by itself; `Completed` or `Error` if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Termination message if it exits by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Results of its probes.
    #[serde(default)]
    pub probes: ProbeScript,
}

/// Results of a run's probes; a probe that is left out succeeds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ProbeScript {
    /// Results of the startup probe, each step later than the one before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub startup: Vec<ProbeStep>,
    /// Results of the readiness probe.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readiness: Vec<ProbeStep>,
    /// Results of the liveness probe.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub liveness: Vec<ProbeStep>,
}

impl ProbeScript {
    /// Returns the steps of a kind of probe.
    pub(super) fn of(&self, kind: ProbeKind) -> &[ProbeStep] {
        match kind {
            ProbeKind::Startup => &self.startup,
            ProbeKind::Readiness => &self.readiness,
            ProbeKind::Liveness => &self.liveness,
        }
    }

    /// Returns the steps of a kind of probe.
    pub(super) fn of_mut(&mut self, kind: ProbeKind) -> &mut Vec<ProbeStep> {
        match kind {
            ProbeKind::Startup => &mut self.startup,
            ProbeKind::Readiness => &mut self.readiness,
            ProbeKind::Liveness => &mut self.liveness,
        }
    }
}

/// The result of a probe from some time on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ProbeStep {
    /// Time since the start of the run.
    #[serde(with = "seconds")]
    pub from: Duration,
    /// Result of the probe from then on.
    pub result: ProbeOutcome,
    /// Time until its answer; one that takes longer than the probe's `timeoutSeconds` is a failure.
    #[serde(rename = "takesSeconds", default, skip_serializing_if = "Duration::is_zero", with = "seconds")]
    pub takes: Duration,
}

impl ProbeStep {
    /// Creates a step from this time after the start of the run on, with an immediate answer.
    #[must_use]
    pub const fn new(from: Duration, result: ProbeOutcome) -> ProbeStep {
        ProbeStep { from, result, takes: Duration::ZERO }
    }
}

/// The image of a container on the node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct ImageScript {
    /// True if the node has it from the start.
    #[serde(default = "yes")]
    pub present: bool,
    /// Time that a pull takes, a failed one, too; none if left out.
    #[serde(rename = "pullSeconds", default, with = "seconds")]
    pub pull_time: Duration,
    /// Number of pulls that fail before one succeeds.
    #[serde(default)]
    pub failures_before_success: u32,
    /// Error of the registry for a failed pull.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Outages of the registry: a pull that ends in one fails.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outages: Vec<Outage>,
    /// Number of inspections of the image that fail before one succeeds.
    #[serde(default, skip_serializing_if = "is_zero_u32")]
    pub inspect_failures: u32,
    /// Size of the image in bytes, which the event `Pulled` names; 1,000 if left out.
    #[serde(default = "recorded_size", skip_serializing_if = "is_recorded_size")]
    pub size_bytes: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_zero_u32(number: &u32) -> bool {
    *number == 0
}

fn yes() -> bool {
    true
}

/// The size of every image in the recordings, in bytes.
const fn recorded_size() -> u64 {
    1_000
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_recorded_size(size: &u64) -> bool {
    *size == recorded_size()
}

/// A time in which a registry does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outage {
    /// Time since the start of the simulation.
    #[serde(with = "seconds")]
    pub from: Duration,
    /// Time at which the registry answers again.
    #[serde(with = "seconds")]
    pub to: Duration,
}

impl ImageScript {
    /// An image that the node has from the start.
    pub(super) const PRESENT: ImageScript = ImageScript {
        present: true,
        pull_time: Duration::ZERO,
        failures_before_success: 0,
        error: None,
        outages: Vec::new(),
        inspect_failures: 0,
        size_bytes: recorded_size(),
    };

    /// True if the registry does not answer so long after the start of the simulation.
    #[must_use]
    pub fn is_out(&self, elapsed: Duration) -> bool {
        self.outages.iter().any(|outage| outage.from <= elapsed && elapsed < outage.to)
    }
}

impl Default for ImageScript {
    fn default() -> ImageScript {
        ImageScript::PRESENT
    }
}

/// A hook that runs in a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HookScript {
    /// Time that it takes, unless its container exits before; at once if left out.
    #[serde(rename = "durationSeconds", default, with = "seconds")]
    pub duration: Duration,
    /// Its exit code; 0 is success.
    #[serde(default)]
    pub exit_code: i32,
}

/// Builders: times are [`Duration`]s or numbers of seconds. A method about a run changes the last run added so far.
impl ContainerScript {
    /// Adds a run, to be played after those added so far.
    #[must_use]
    pub fn with_run(mut self, run: Run) -> ContainerScript {
        self.runs.push(run);
        self
    }

    /// Adds a run that exits so long after its start, with exit code 0.
    #[must_use]
    pub fn exits_after(self, after: impl IntoDuration) -> ContainerScript {
        self.with_run(Run { exits_after: Some(after.into_duration()), ..Run::default() })
    }

    /// Adds a run that never exits by itself.
    #[must_use]
    pub fn runs_for_ever(self) -> ContainerScript {
        self.with_run(Run::default())
    }

    /// Sets the exit code of the run.
    #[must_use]
    pub fn with_code(self, exit_code: i32) -> ContainerScript {
        self.last_run(|run| run.exit_code = exit_code)
    }

    /// Has the kernel's OOM killer end the run: with exit code 137 and reason `OOMKilled`.
    ///
    /// ```
    /// use pod_lifecycle::sim::Scenario;
    ///
    /// let killed = |scenario: Scenario| scenario.until(8).play().map(|timeline| {
    ///     let end = timeline.pod.status.container_statuses[0].last_state.terminated.clone().unwrap_or_default();
    ///     (end.exit_code, end.reason)
    /// });
    /// let leaks = Scenario::example().container("app", |app| app.exits_after(5).oom_killed());
    /// assert_eq!(killed(leaks)?, (137, "OOMKilled".to_owned()));
    /// let exits = Scenario::example().container("app", |app| app.exits_after(5).with_code(137));
    /// assert_eq!(killed(exits)?, (137, "Error".to_owned()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn oom_killed(self) -> ContainerScript {
        // 128 + SIGKILL (9). The code is set, too, for readers of the script: the flag alone decides.
        self.last_run(|run| (run.oom_killed, run.exit_code) = (true, 137))
    }

    /// Sets the termination reason and message of the run; an empty one is left out.
    #[must_use]
    pub fn with_reason(self, reason: &str, message: &str) -> ContainerScript {
        // Without a reason the runtime's own applies: `Completed` or `Error`.
        let given = |text: &str| Some(String::from(text)).filter(|text| !text.is_empty());
        self.last_run(|run| (run.reason, run.message) = (given(reason), given(message)))
    }

    /// Keeps the run from exiting on SIGTERM.
    #[must_use]
    pub fn ignores_sigterm(self) -> ContainerScript {
        self.last_run(|run| run.ignores_sigterm = true)
    }

    /// Sets how long after SIGTERM the run exits, and its exit code then.
    #[must_use]
    pub fn after_sigterm(self, after: impl IntoDuration, exit_code: i32) -> ContainerScript {
        self.last_run(|run| {
            (run.sigterm_exit_after, run.sigterm_exit_code) = (after.into_duration(), Some(exit_code));
        })
    }

    /// Sets the result of a probe from some time after the start of the run on. Before the first such step it succeeds.
    #[must_use]
    pub fn probed(self, kind: ProbeKind, from: impl IntoDuration, result: ProbeOutcome) -> ContainerScript {
        self.last_run(|run| run.probes.of_mut(kind).push(ProbeStep::new(from.into_duration(), result)))
    }

    /// Has the answers to a probe take so long from some time after the start of the run on: longer than its
    /// `timeoutSeconds`, and the probe times out.
    ///
    /// ```
    /// use pod_lifecycle::{sim::Scenario, spec::ProbeKind};
    ///
    /// let pod = serde_json::from_str(r#"{"metadata": {"name": "web"}, "spec": {"containers": [{
    ///     "name": "app", "image": "nginx:1.27", "readinessProbe": {"httpGet": {"port": 80}, "timeoutSeconds": 2}
    /// }]}}"#)?;
    /// let timeline = Scenario::of(pod)
    ///     .container("app", |app| app.probe_takes(ProbeKind::Readiness, 0, 5).probe_takes(ProbeKind::Readiness, 30, 1))
    ///     .play()?;
    /// assert!(timeline.events_with_reason("Unhealthy").all(|event| event.message.contains("deadline exceeded")));
    /// assert!(timeline.first_ready().is_some_and(|ready| ready.as_secs() > 30));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn probe_takes(self, kind: ProbeKind, from: impl IntoDuration, takes: impl IntoDuration) -> ContainerScript {
        let (from, takes) = (from.into_duration(), takes.into_duration());
        let step = ProbeStep { takes, ..ProbeStep::new(from, ProbeOutcome::Success) };
        self.last_run(|run| run.probes.of_mut(kind).push(step))
    }

    /// Has the node pull the image, which takes so long.
    #[must_use]
    pub fn pulled_in(mut self, takes: impl IntoDuration) -> ContainerScript {
        // A pull happens only if the image is absent, or the pull policy is `Always`.
        (self.image.present, self.image.pull_time) = (false, takes.into_duration());
        self
    }

    /// Has the node pull the image, and so many pulls fail with this error.
    #[must_use]
    pub fn pull_fails(mut self, times: u32, error: impl Into<String>) -> ContainerScript {
        self.image.present = false;
        (self.image.failures_before_success, self.image.error) = (times, Some(error.into()));
        self
    }

    /// Sets the duration and the exit code of the `postStart` hook.
    #[must_use]
    pub fn post_start(mut self, duration: impl IntoDuration, exit_code: i32) -> ContainerScript {
        self.post_start = Some(HookScript { duration: duration.into_duration(), exit_code });
        self
    }

    /// Has the next update of the container's resources fail with this error.
    #[must_use]
    pub fn resize_fails(mut self, error: impl Into<String>) -> ContainerScript {
        self.resize.push(CallOutcome::error(error));
        self
    }

    /// Sets the memory that the container uses from some time of the simulation on, in bytes.
    #[must_use]
    pub fn uses_memory(mut self, from: impl IntoDuration, bytes: u64) -> ContainerScript {
        self.memory_usage.push(MemoryStep { from: from.into_duration(), bytes });
        self
    }

    /// Sets the duration and the exit code of the `preStop` hook.
    #[must_use]
    pub fn pre_stop(mut self, duration: impl IntoDuration, exit_code: i32) -> ContainerScript {
        self.pre_stop = Some(HookScript { duration: duration.into_duration(), exit_code });
        self
    }

    /// Changes the last run; if there is none, adds one that never exits by itself.
    fn last_run(mut self, change: impl FnOnce(&mut Run)) -> ContainerScript {
        if self.runs.is_empty() {
            self.runs.push(Run::default());
        }
        if let Some(run) = self.runs.last_mut() {
            change(run);
        }
        self
    }
}
