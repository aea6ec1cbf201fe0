//! A budget as a short text.

use core::fmt;

use super::{Budget, ContainerBudget, HookTime};
use crate::time::seconds::{self, Seconds};

impl fmt::Display for Budget {
    /// A line a bound, a block a container, then the findings and what was assumed.
    ///
    /// ```
    /// use pod_lifecycle::{budget::{self, Assumptions}, api, spec::PodSpec};
    ///
    /// let manifest: api::PodManifest = serde_json::from_str(r#"{"spec": {
    ///     "terminationGracePeriodSeconds": 30,
    ///     "containers": [{"name": "app", "image": "nginx", "readinessProbe": {"tcpSocket": {"port": 80}}}]}}"#)?;
    /// let budget = budget::of(&PodSpec::from_admitted(&manifest)?, &Assumptions::default());
    /// assert_eq!(budget.to_string(), "\
    /// ready: 0 s to 10 s
    /// longest stop: 30 s
    /// waits before restarts: 0 s, 10 s, 20 s, 40 s, 80 s, 160 s, 300 s
    /// container app
    ///   starts: 0 s
    ///   ready, from its start: 0 s to 10 s
    ///   longest stop: 30 s
    /// assumed: a start takes 0 s, a probe's answer 0 s, an init container 0 s, a postStart hook 0 s, a warm-up 0 s
    /// ");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "ready: {}", self.ready)?;
        if !self.readiness_gates.is_empty() {
            writeln!(f, "ready waits for gates: {}", self.readiness_gates.join(", "))?;
        }
        writeln!(f, "longest stop: {}", Seconds(self.longest_stop))?;
        if let Some(deadline) = self.active_deadline {
            writeln!(f, "ended after: {}", Seconds(deadline))?;
        }
        writeln!(f, "waits before restarts: {}", seconds::list(&self.restart_delays))?;
        for container in &self.containers {
            write!(f, "{container}")?;
        }
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        let assumed = &self.assumptions;
        writeln!(
            f,
            "assumed: a start takes {}, a probe's answer {}, an init container {}, a postStart hook {}, a warm-up {}",
            Seconds(assumed.start_latency),
            Seconds(assumed.probe_latency),
            Seconds(assumed.init_run),
            Seconds(assumed.hook_run),
            Seconds(assumed.warm_up),
        )
    }
}

impl fmt::Display for ContainerBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "container {}", self.name)?;
        writeln!(f, "  starts: {}", self.starts)?;
        match self.post_start {
            None => {}
            Some(HookTime::Known(time)) => writeln!(f, "  postStart hook: {}", Seconds(time))?,
            Some(HookTime::Assumed(time)) => writeln!(f, "  postStart hook: unknown, taken as {}", Seconds(time))?,
        }
        if let Some(allowance) = self.startup_allowance {
            writeln!(f, "  start-up allowance, from its start: {allowance}")?;
        }
        if let Some(ready) = self.ready {
            writeln!(f, "  ready, from its start: {ready}")?;
        }
        if let Some(liveness) = self.liveness {
            writeln!(f, "  killed by liveness, from its start: not before {}", Seconds(liveness.first_kill))?;
            writeln!(f, "  not alive, until that is noticed: {}", liveness.noticed)?;
            match liveness.restarted {
                Some(restarted) => writeln!(f, "  not alive, until restarted: {restarted}")?,
                None => writeln!(f, "  not alive: not restarted")?,
            }
        }
        writeln!(f, "  longest stop: {}", Seconds(self.longest_stop))
    }
}
