//! What a spec does not say.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{config::BackOffLimits, spec::LifecycleHook, time::seconds};

/// What the spec does not say, and the bounds depend on; everything is zero by default.
///
/// Each is taken as the least for an `earliest` bound and as the most for a `latest` one.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::budget::Assumptions;
///
/// let assumptions: Assumptions = serde_json::from_str(r#"{"startLatency": 2.5}"#)?;
/// assert_eq!(assumptions, Assumptions { start_latency: Duration::from_millis(2500), ..Assumptions::default() });
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Assumptions {
    /// From when a container is asked for until the kubelet has seen it run, the pull of its image included.
    #[serde(with = "seconds")]
    pub start_latency: Duration,
    /// From when a probe asks until it has its answer.
    #[serde(with = "seconds")]
    pub probe_latency: Duration,
    /// How long an init container runs, sidecars apart.
    #[serde(with = "seconds")]
    pub init_run: Duration,
    /// How long a postStart hook takes that does not say itself (as a sleep does).
    #[serde(with = "seconds")]
    pub hook_run: Duration,
    /// From when a container runs until its probes get good answers.
    #[serde(with = "seconds")]
    pub warm_up: Duration,
    /// The node's back-off for restarts; not serialised, since [`Budget::restart_delays`](super::Budget) shows it.
    #[serde(skip, default = "default_crash_loop")]
    pub crash_loop: BackOffLimits,
}

impl Default for Assumptions {
    fn default() -> Assumptions {
        Assumptions {
            start_latency: Duration::ZERO,
            probe_latency: Duration::ZERO,
            init_run: Duration::ZERO,
            hook_run: Duration::ZERO,
            warm_up: Duration::ZERO,
            crash_loop: default_crash_loop(),
        }
    }
}

impl Assumptions {
    /// How long a postStart hook takes: a sleep says so itself.
    pub(super) fn hook_time(&self, hook: Option<&LifecycleHook>) -> Duration {
        match hook {
            None => Duration::ZERO,
            Some(LifecycleHook::Sleep(time)) => *time,
            Some(LifecycleHook::Run(_)) => self.hook_run,
        }
    }
}

const fn default_crash_loop() -> BackOffLimits {
    BackOffLimits::CRASH_LOOP
}
