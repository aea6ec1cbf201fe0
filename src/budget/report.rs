//! A budget as text: sentences on the Pod, on each container, the findings and the assumptions.

use alloc::{format, string::String, vec::Vec};
use core::{fmt, time::Duration};

use super::{Assumptions, Budget, ContainerBudget, HookTime};
use crate::time::seconds::{self, Seconds};

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "The Pod is ready {} after the kubelet gets it.", self.ready)?;
        if !self.readiness_gates.is_empty() {
            writeln!(f, "It is not ready before its readiness gates are True: {}.", self.readiness_gates.join(", "))?;
        }
        writeln!(f, "It takes at most {} to stop.", Seconds(self.longest_stop))?;
        if let Some(deadline) = self.active_deadline {
            writeln!(f, "It is stopped after {} (activeDeadlineSeconds).", Seconds(deadline))?;
        }
        // The last delay repeats for ever, so it gets words of its own.
        if let [first @ .., last] = &*self.restart_delays {
            let (first, last) = (seconds::list(first), Seconds(*last));
            writeln!(f, "A container that keeps exiting restarts after {first}, then every {last}.")?;
        }
        for container in &self.containers {
            write!(f, "{container}")?;
        }
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        writeln!(f, "{}", assumed(&self.assumptions))
    }
}

impl fmt::Display for ContainerBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        writeln!(f, "`{name}`:")?;
        writeln!(f, "  Starts after {}.", self.starts)?;
        match self.post_start {
            None => {}
            Some(HookTime::Known(time)) => writeln!(f, "  Its postStart hook takes {}.", Seconds(time))?,
            Some(HookTime::Assumed(time)) => {
                writeln!(f, "  Its postStart hook takes an unknown time, assumed to be {}.", Seconds(time))?;
            }
        }
        if let Some(allowance) = self.startup_allowance {
            write!(f, "  Its startup probe gives it at least {} to start up", Seconds(allowance.earliest))?;
            match allowance.latest {
                Some(latest) => writeln!(f, ", and kills it after {} at the latest.", Seconds(latest))?,
                None => writeln!(f, ".")?,
            }
        }
        if let Some(ready) = self.ready {
            writeln!(f, "  Is ready {ready} after its start.")?;
        }
        if let Some(liveness) = self.liveness {
            writeln!(f, "  Liveness cannot kill it in its first {}.", Seconds(liveness.first_kill))?;
            write!(f, "  A hung `{name}` is noticed after {}", liveness.noticed)?;
            match liveness.restarted {
                Some(restarted) => writeln!(f, " and runs again after {restarted}.")?,
                None => writeln!(f, " and does not restart.")?,
            }
        }
        writeln!(f, "  Takes at most {} to stop.", Seconds(self.longest_stop))
    }
}

/// Returns the assumptions that are not zero, in a sentence.
fn assumed(assumptions: &Assumptions) -> String {
    let times = [
        (assumptions.start_latency, "to start a container"),
        (assumptions.probe_latency, "for a probe's answer"),
        (assumptions.init_run, "for an init container"),
        (assumptions.hook_run, "for a postStart hook"),
        (assumptions.warm_up, "until a started process passes its probes"),
    ];
    // Zero is the default and says nothing.
    let some = times.iter().filter(|(time, _)| *time > Duration::ZERO);
    let some: Vec<String> = some.map(|(time, what)| format!("{} {what}", Seconds(*time))).collect();
    if some.is_empty() {
        "Assumes that everything starts, answers and ends at once.".into()
    } else {
        format!("Assumes {}; everything else takes no time.", some.join(", "))
    }
}
