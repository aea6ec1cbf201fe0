//! What a Pod is, and what its containers do.

use alloc::{collections::BTreeMap, string::String, sync::Arc, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    action::{ScriptAction, ScriptActionKind},
    life::Life,
    timeline::Timeline,
};
use crate::{
    config::{FeatureGates, KubeletConfig, Timing},
    manifest,
    object::PodObject,
    rule::probe::ProbeOutcome,
    spec::{ContainerIndex, PodSpec, SpecError},
    time::Timestamp,
};

/// A Pod's manifest, and a script of what its containers do and of what happens to it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scenario {
    /// What the scenario shows, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The manifest.
    pub pod: manifest::PodManifest,
    /// What happens.
    #[serde(default)]
    pub script: Script,
    /// How the node is set up.
    #[serde(default)]
    pub config: Settings,
}

/// How the node is set up; everything that is left out is as Kubernetes has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// The node's name; `node` if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_name: Option<String>,
    /// When the life begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    /// Seconds until the next pass if nothing else asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resync_seconds: Option<f64>,
    /// The longest delay of a restart, in seconds (KEP-5593).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_container_restart_period_seconds: Option<u32>,
    /// Whether the feature gate `ReduceDefaultCrashLoopBackOffDecay` is on (KEP-4603).
    #[serde(default)]
    pub reduced_crash_loop_back_off: bool,
    /// Further feature gates, by name; those that are left out are as Kubernetes 1.36 has them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub feature_gates: BTreeMap<String, bool>,
    /// How the kubelet notices what happens in the runtime: `generic` for the one-second poll of a real node; at once if
    /// left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pleg: Option<Pleg>,
    /// Milliseconds of each second at which the generic PLEG relists; 400 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relist_phase_millis: Option<u32>,
    /// Whether a sync that has done something is followed by a relist at once, as on a real node.
    #[serde(default)]
    pub relist_after_sync: bool,
    /// Seconds that dead sandboxes are kept; 0: for ever; 60 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub garbage_collection_seconds: Option<f64>,
    /// Makes time as unpunctual as on a real node, from this seed; without it time is ideal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_like_seed: Option<u64>,
    /// Whether the manifest was admitted before: it is then taken as it stands.
    #[serde(default)]
    pub admitted: bool,
}

crate::manifest::named! {
    /// How the kubelet notices what happens in the runtime.
    pub enum Pleg {
        /// It polls, once a second.
        Generic = "generic",
    }
}

/// What happens in a life.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Script {
    /// Seconds after which the story ends, unless the Pod is finished before; 600 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_seconds: Option<f64>,
    /// What each container does, by name; one that is left out starts at once, runs for ever and is well.
    #[serde(default)]
    pub containers: BTreeMap<String, ContainerScript>,
    /// Seconds at which the newest sandbox dies, if it is alive.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sandbox_deaths: Vec<f64>,
    /// What others do to the Pod.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<ScriptAction>,
}

/// What one container does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContainerScript {
    /// Its runs: the n-th start uses the n-th entry, and the last repeats. None: it runs for ever.
    #[serde(default)]
    pub runs: Vec<Run>,
    /// Its image.
    #[serde(default)]
    pub image: ImageScript,
    /// The hook after the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_start: Option<HookScript>,
    /// The hook before the stop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pre_stop: Option<HookScript>,
}

/// One run of a container.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Run {
    /// Seconds after its start at which it ends by itself; `null`: never.
    #[serde(default)]
    pub exits_after_seconds: Option<f64>,
    /// The exit code then.
    #[serde(default)]
    pub exit_code: i32,
    /// Whether SIGTERM leaves it cold.
    #[serde(default)]
    pub ignores_sigterm: bool,
    /// Seconds after SIGTERM at which it ends.
    #[serde(default)]
    pub sigterm_exit_after_seconds: f64,
    /// The exit code then; 143 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigterm_exit_code: Option<i32>,
    /// Why it ended, in one word, if the runtime says more than `Completed` or `Error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Its last words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What its probes find.
    #[serde(default)]
    pub probes: ProbeScript,
}

/// What the probes of a run find; a probe that is left out succeeds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeScript {
    /// The startup probe.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub startup: Vec<ProbeStep>,
    /// The readiness probe.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readiness: Vec<ProbeStep>,
    /// The liveness probe.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub liveness: Vec<ProbeStep>,
}

/// From when on a probe finds what.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeStep {
    /// Seconds after the start of the run.
    pub from: f64,
    /// What it finds.
    pub result: ProbeOutcome,
}

/// An image on its way to the node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageScript {
    /// Whether the node has it from the beginning.
    #[serde(default = "yes")]
    pub present: bool,
    /// Seconds that a pull takes.
    #[serde(default)]
    pub pull_seconds: f64,
    /// How many pulls fail before one succeeds.
    #[serde(default)]
    pub failures_before_success: u32,
    /// What the registry says to a failed pull.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

fn yes() -> bool {
    true
}

impl Default for ImageScript {
    fn default() -> ImageScript {
        ImageScript { present: true, pull_seconds: 0.0, failures_before_success: 0, error: None }
    }
}

/// A hook that runs in the container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HookScript {
    /// How long it takes.
    #[serde(default)]
    pub duration_seconds: f64,
    /// How it ends; 0 is well.
    #[serde(default)]
    pub exit_code: i32,
}

/// Why a scenario cannot be played.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ScenarioError {
    /// The manifest cannot run.
    #[error("pod.{0}")]
    Pod(#[from] SpecError),
    /// The script names a container that the Pod does not have.
    #[error("script.containers.{name}: the Pod has no container of this name")]
    NoSuchContainer {
        /// The name.
        name: String,
    },
    /// A time that is none.
    #[error("{field}: {value} is not a number of seconds from 0 to {MAX_SECONDS}")]
    BadSeconds {
        /// The path of the field.
        field: String,
        /// What stands there.
        value: f64,
    },
    /// Something goes on for ever without any time passing.
    #[error("script: at {t} s things go on for ever and no time passes")]
    Endless {
        /// When, in seconds.
        t: f64,
    },
    /// Something cannot be done to this Pod.
    #[error("{action}: {error}")]
    Refused {
        /// What.
        action: &'static str,
        /// Why it cannot.
        error: String,
    },
    /// Something in the script cannot happen.
    #[error("script.actions[{place}] (at {t} s): {error}")]
    Impossible {
        /// Its place.
        place: usize,
        /// When it was to happen.
        t: f64,
        /// Why it cannot.
        error: String,
    },
}

/// The longest time that a script may speak of: a hundred years.
pub(crate) const MAX_SECONDS: f64 = 3_155_760_000.0;

impl Scenario {
    /// A Pod whose containers all run for ever and are well.
    #[must_use]
    pub fn healthy(pod: manifest::PodManifest) -> Scenario {
        Scenario { pod, ..Scenario::default() }
    }

    /// Plays the whole life.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] names the field that cannot be.
    pub fn play(&self) -> Result<Timeline, ScenarioError> {
        self.life()?.play()
    }

    /// Begins the life, to be lived one moment at a time.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] names the field that cannot be.
    pub fn life(&self) -> Result<Life, ScenarioError> {
        Life::begin(Arc::new(self.clone()))
    }

    /// The kubelet's configuration.
    #[must_use]
    pub fn kubelet_config(&self) -> KubeletConfig {
        let settings = &self.config;
        let default = KubeletConfig::default();
        KubeletConfig {
            node_name: settings.node_name.as_deref().map_or(default.node_name, Into::into),
            crash_loop: settings.feature_gates().crash_loop(settings.max_container_restart_period_seconds),
            feature_gates: settings.feature_gates(),
            resync_period: settings.resync_seconds.map_or(default.resync_period, seconds),
            timing: settings.timing(),
            garbage_collection_period: match settings.garbage_collection_seconds {
                None => default.garbage_collection_period,
                Some(period) => Some(seconds(period)).filter(|period| !period.is_zero()),
            },
            ..default
        }
    }

    /// The object as the API server stores it.
    pub(super) fn object(&self, now: Timestamp) -> Result<PodObject, ScenarioError> {
        let pod = self.pod.clone();
        Ok(if self.config.admitted { PodObject::stored(pod, now)? } else { PodObject::admit(pod, now)? })
    }

    /// Checks what serde cannot: names and times.
    pub(super) fn check(&self, spec: &PodSpec) -> Result<(), ScenarioError> {
        let script = &self.script;
        for name in script.containers.keys() {
            let is_added = script.actions.iter().any(|action| {
                matches!(&action.kind, ScriptActionKind::AddEphemeralContainer { container } if container.name == *name)
            });
            if spec.index_of(name).is_none() && !is_added {
                return Err(ScenarioError::NoSuchContainer { name: name.clone() });
            }
        }
        let end = script.end_seconds.iter().map(|&value| (String::from("script.endSeconds"), value));
        let resync = self.config.resync_seconds.iter().map(|&value| (String::from("config.resyncSeconds"), value));
        let deaths = script.sandbox_deaths.iter().enumerate();
        let deaths = deaths.map(|(place, &value)| (alloc::format!("script.sandboxDeaths[{place}]"), value));
        let actions = script.actions.iter().enumerate();
        let actions = actions.map(|(place, action)| (alloc::format!("script.actions[{place}].t"), action.t));
        let containers = script.containers.iter().flat_map(|(name, container)| container.times(name));
        let mut all = end.chain(resync).chain(deaths).chain(actions).chain(containers);
        match all.find(|(_, value)| !(0.0..=MAX_SECONDS).contains(value)) {
            Some((field, value)) => Err(ScenarioError::BadSeconds { field, value }),
            None => Ok(()),
        }
    }
}

impl Settings {
    fn timing(&self) -> Timing {
        match (self.node_like_seed, self.pleg) {
            (Some(seed), _) => Timing::NodeLike { seed },
            (None, Some(Pleg::Generic)) => Timing::GenericPleg {
                phase: Duration::from_millis(u64::from(self.relist_phase_millis.unwrap_or(400))),
                relist_after_sync: self.relist_after_sync,
            },
            (None, None) => Timing::Ideal,
        }
    }

    fn feature_gates(&self) -> FeatureGates {
        let is_on = |name: &str, default: bool| self.feature_gates.get(name).copied().unwrap_or(default);
        let default = FeatureGates::default();
        FeatureGates {
            reduce_default_crash_loop_back_off_decay: self.reduced_crash_loop_back_off
                || is_on("ReduceDefaultCrashLoopBackOffDecay", default.reduce_default_crash_loop_back_off_decay),
            kubelet_crash_loop_back_off_max: is_on(
                "KubeletCrashLoopBackOffMax",
                default.kubelet_crash_loop_back_off_max,
            ),
        }
    }
}

impl ContainerScript {
    /// Every time that the script speaks of, with its path.
    fn times(&self, name: &str) -> Vec<(String, f64)> {
        let path = |field: &str| alloc::format!("script.containers.{name}.{field}");
        let mut times = alloc::vec![(path("image.pullSeconds"), self.image.pull_seconds)];
        times.extend(self.post_start.map(|hook| (path("postStart.durationSeconds"), hook.duration_seconds)));
        times.extend(self.pre_stop.map(|hook| (path("preStop.durationSeconds"), hook.duration_seconds)));
        for (place, run) in self.runs.iter().enumerate() {
            let field = |field: &str| path(&alloc::format!("runs[{place}].{field}"));
            times.extend(run.exits_after_seconds.map(|value| (field("exitsAfterSeconds"), value)));
            times.push((field("sigtermExitAfterSeconds"), run.sigterm_exit_after_seconds));
            let steps = run.probes.startup.iter().chain(&run.probes.readiness).chain(&run.probes.liveness);
            times.extend(steps.map(|step| (field("probes.from"), step.from)));
        }
        times
    }

    /// The n-th run.
    pub(super) fn run(&self, n: u32) -> Run {
        let last = self.runs.len().saturating_sub(1);
        let place = usize::try_from(n).unwrap_or(usize::MAX).min(last);
        self.runs.get(place).cloned().unwrap_or_default()
    }
}

/// Seconds as a duration, to the microsecond; what is no time is none.
pub(super) fn seconds(value: f64) -> Duration {
    let micros = (value.clamp(0.0, MAX_SECONDS) * 1e6).round();
    // Checked to lie within a hundred years: the cast neither truncates nor loses a sign.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped above")]
    Duration::from_micros(if micros.is_finite() { micros as u64 } else { 0 })
}

/// A container's name for its script.
pub(super) fn script_of<'a>(
    scenario: &'a Scenario,
    spec: &PodSpec,
    container: ContainerIndex,
) -> Option<&'a ContainerScript> {
    scenario.script.containers.get(spec.container_name(container))
}
