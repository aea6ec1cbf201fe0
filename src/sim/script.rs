//! What the containers of a scenario do, and what happens to its Pod.

use alloc::{boxed::Box, collections::BTreeMap, string::String, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{action::ScriptAction, random::RandomScript};
use crate::{rule::probe::ProbeOutcome, spec::ProbeKind};

/// What happens in a life.
///
/// ```
/// use pod_lifecycle::sim::Script;
///
/// let script: Script = serde_json::from_str(r#"{
///     "endSeconds": 120, "sandboxDeaths": [60],
///     "containers": {"app": {"runs": [{"exitsAfterSeconds": 5, "exitCode": 1}, {}]}},
///     "actions": [{"t": 90, "op": "delete"}]
/// }"#)?;
/// assert_eq!((script.containers["app"].runs.len(), script.actions[0].t), (2, 90.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Script {
    /// Seconds after which the story ends, unless the Pod is finished before; 600 if left out. Whatever the script has in
    /// store has to come before.
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
    /// From which what is left to chance is drawn.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub seed: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_zero(seed: &u64) -> bool {
    *seed == 0
}

/// What one container does.
///
/// In code it is built one thing after the other:
///
/// ```
///
/// use pod_lifecycle::sim::ContainerScript;
///
/// let app = ContainerScript::default().pulled_in(20.0).exits_after(5.0).with_code(1).runs_for_ever();
/// assert_eq!((app.runs.len(), app.image.pull_seconds), (2, 20.0));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContainerScript {
    /// Its runs: the n-th start uses the n-th entry, and the last repeats. None: it runs for ever.
    #[serde(default)]
    pub runs: Vec<Run>,
    /// Whether its image is there, and how it gets there.
    #[serde(default)]
    pub image: ImageScript,
    /// What the hook after the start does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_start: Option<HookScript>,
    /// What the hook before the stop does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pre_stop: Option<HookScript>,
    /// What is left to chance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub random: Option<Box<RandomScript>>,
}

/// One run of a container.
///
/// ```
/// use pod_lifecycle::sim::Run;
///
/// let crash = Run { exits_after_seconds: Some(5.0), exit_code: 1, ..Run::default() };
/// assert_eq!(serde_json::from_str::<Run>(r#"{"exitsAfterSeconds": 5, "exitCode": 1}"#)?, crash);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Run {
    /// Seconds after its start at which it ends by itself; `null`: never.
    #[serde(default)]
    pub exits_after_seconds: Option<f64>,
    /// The exit code then.
    #[serde(default)]
    pub exit_code: i32,
    /// Whether it goes on after SIGTERM.
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
    /// Its termination message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What its probes find.
    #[serde(default)]
    pub probes: ProbeScript,
}

/// What the probes of a run find; a probe that is left out succeeds.
///
/// ```
/// use pod_lifecycle::{rule::probe::ProbeOutcome, sim::ProbeScript};
///
/// let probes: ProbeScript = serde_json::from_str(
///     r#"{"readiness": [{"from": 0, "result": "success"}, {"from": 60, "result": "failure"}]}"#)?;
/// assert_eq!(probes.readiness[1].result, ProbeOutcome::Failure);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeScript {
    /// What the startup probe finds, each step later than the one before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub startup: Vec<ProbeStep>,
    /// What the readiness probe finds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readiness: Vec<ProbeStep>,
    /// What the liveness probe finds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub liveness: Vec<ProbeStep>,
}

impl ProbeScript {
    /// What the probe of a kind finds, step by step.
    pub(super) fn of(&self, kind: ProbeKind) -> &[ProbeStep] {
        match kind {
            ProbeKind::Startup => &self.startup,
            ProbeKind::Readiness => &self.readiness,
            ProbeKind::Liveness => &self.liveness,
        }
    }
}

/// From when on a probe finds what.
///
/// ```
/// use pod_lifecycle::{rule::probe::ProbeOutcome, sim::ProbeStep};
///
/// let step = ProbeStep { from: 60.0, result: ProbeOutcome::Failure };
/// assert_eq!(serde_json::from_str::<ProbeStep>(r#"{"from": 60, "result": "failure"}"#)?, step);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeStep {
    /// Seconds after the start of the run.
    pub from: f64,
    /// What it finds.
    pub result: ProbeOutcome,
}

/// An image on its way to the node.
///
/// ```
/// use pod_lifecycle::sim::ImageScript;
///
/// let slow: ImageScript = serde_json::from_str(r#"{"present": false, "pullSeconds": 30}"#)?;
/// assert_eq!((slow.pull_seconds, slow.failures_before_success), (30.0, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    /// When the registry does not answer: a pull that ends then has failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outages: Vec<Outage>,
}

/// A time in which nothing answers.
///
/// ```
/// use pod_lifecycle::sim::{ImageScript, Outage};
///
/// let slow = ImageScript { present: false, outages: vec![Outage { from: 0.0, to: 90.0 }], ..ImageScript::default() };
/// let written = r#"{"present": false, "outages": [{"from": 0, "to": 90}]}"#;
/// assert_eq!(serde_json::from_str::<ImageScript>(written)?, slow);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outage {
    /// The second of the story at which it begins.
    pub from: f64,
    /// The second at which it is over.
    pub to: f64,
}

impl ImageScript {
    /// Whether the registry does not answer so long after the beginning of the story.
    ///
    /// ```
    /// use std::time::Duration;
    /// use pod_lifecycle::sim::ImageScript;
    ///
    /// let image: ImageScript = serde_json::from_str(r#"{"outages": [{"from": 60, "to": 120}]}"#)?;
    /// assert!(image.is_out(Duration::from_secs(60)) && !image.is_out(Duration::from_secs(120)));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn is_out(&self, elapsed: Duration) -> bool {
        self.outages.iter().any(|outage| seconds(outage.from) <= elapsed && elapsed < seconds(outage.to))
    }
}

fn yes() -> bool {
    true
}

impl Default for ImageScript {
    fn default() -> ImageScript {
        ImageScript { present: true, pull_seconds: 0.0, failures_before_success: 0, error: None, outages: Vec::new() }
    }
}

/// A hook that runs in the container.
///
/// ```
/// use pod_lifecycle::sim::HookScript;
///
/// let drains = HookScript { duration_seconds: 5.0, ..HookScript::default() };
/// assert_eq!(drains.exit_code, 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HookScript {
    /// How long it takes.
    #[serde(default)]
    pub duration_seconds: f64,
    /// Its exit code; 0 is success.
    #[serde(default)]
    pub exit_code: i32,
}

/// The longest time that a script may speak of: a hundred years.
pub(crate) const MAX_SECONDS: f64 = 3_155_760_000.0;

/// Seconds as a duration, to the microsecond; what is no time is none.
pub(super) fn seconds(value: f64) -> Duration {
    let micros = (value.clamp(0.0, MAX_SECONDS) * 1e6).round();
    // Checked to lie within a hundred years: the cast neither truncates nor loses a sign.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped above")]
    Duration::from_micros(if micros.is_finite() { micros as u64 } else { 0 })
}
