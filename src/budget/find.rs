//! The search for what is almost always a mistake.

use alloc::{borrow::ToOwned, format, string::String, vec::Vec};
use core::time::Duration;

use super::finding::{Finding, FindingCode};
use crate::{
    api::{ExecAction, Handler, Name},
    rule::termination::MINIMUM_GRACE,
    spec::{ContainerIndex, ContainerKind, ContainerSpec, LifecycleHook, PodSpec, ProbeKind, ProbeSpec},
    time::seconds::Seconds,
};

/// All findings, container by container, then those of the whole Pod, which is never ready before `earliest_ready`.
pub(super) fn all(spec: &PodSpec, earliest_ready: Duration) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, container) in spec.init_and_regular_containers() {
        let mut search = Search { spec, index, container, findings: &mut findings };
        search.liveness_before_start_up();
        search.pre_stop();
        search.readiness_is_liveness();
        search.timeouts();
        search.probe_graces();
    }
    findings.extend(deadline_before_ready(spec, earliest_ready));
    findings
}

struct Search<'a> {
    spec: &'a PodSpec,
    index: ContainerIndex,
    container: &'a ContainerSpec,
    findings: &'a mut Vec<Finding>,
}

impl Search<'_> {
    fn liveness_before_start_up(&mut self) {
        let (None, Some(readiness), Some(liveness)) = self.probes() else { return };
        let spared = liveness.initial_delay().saturating_add(failing_time(liveness));
        let allowed = readiness.initial_delay();
        if spared < allowed {
            let message = format!(
                "liveness can kill the container {} after its start, but readiness allows it {} to start up; a startup \
                 probe would hold liveness back",
                Seconds(spared),
                Seconds(allowed)
            );
            self.found(FindingCode::LivenessBeforeStartUp, "livenessProbe", message);
        }
    }

    fn pre_stop(&mut self) {
        let (Some(hook), Some(grace)) = (self.container.pre_stop(), self.spec.termination_grace()) else { return };
        if grace.is_zero() {
            let message = "a grace of 0 s leaves no time for the hook".to_owned();
            return self.found(FindingCode::PreStopWithoutGrace, "lifecycle.preStop", message);
        }
        if let Some(sleep) = sleep_of(hook).filter(|&sleep| sleep >= grace) {
            let message = format!(
                "the hook sleeps {} of a grace of {}; the process is killed {} after SIGTERM at the latest",
                Seconds(sleep),
                Seconds(grace),
                Seconds(MINIMUM_GRACE)
            );
            self.found(FindingCode::PreStopBeyondGrace, "lifecycle.preStop", message);
        }
    }

    fn readiness_is_liveness(&mut self) {
        let (_, Some(readiness), Some(liveness)) = self.probes() else { return };
        let asks_something = *liveness.handler() != Handler::default();
        let is_same = asks_something && liveness.handler() == readiness.handler();
        let patience = |probe| ProbeSpec::period(probe).saturating_mul(probe.failure_threshold());
        let (to_kill, to_unready) = (patience(liveness), patience(readiness));
        if is_same && to_kill <= to_unready && liveness.timeout() <= readiness.timeout() {
            let message = format!(
                "liveness asks what readiness asks and is no more patient ({} against {}): the container is killed when \
                 it should only lose its traffic",
                Seconds(to_kill),
                Seconds(to_unready)
            );
            self.found(FindingCode::ReadinessIsLiveness, "livenessProbe", message);
        }
    }

    fn timeouts(&mut self) {
        for &kind in ProbeKind::ALL {
            let Some(probe) = self.container.probe(kind) else { continue };
            let (timeout, period) = (probe.timeout(), probe.period());
            if timeout > period {
                let message =
                    format!("waits {} for an answer, but is to run every {}", Seconds(timeout), Seconds(period));
                self.found(FindingCode::TimeoutBeyondPeriod, &format!("{}.timeoutSeconds", field(kind)), message);
            }
        }
    }

    fn probe_graces(&mut self) {
        for &kind in ProbeKind::ALL {
            let of_probe = self.container.probe(kind).and_then(ProbeSpec::termination_grace);
            let (Some(of_probe), Some(of_pod)) = (of_probe, self.spec.termination_grace()) else { continue };
            if of_probe > of_pod {
                let field = format!("{}.terminationGracePeriodSeconds", field(kind));
                let (of_probe, of_pod) = (Seconds(of_probe), Seconds(of_pod));
                let message = format!("a container that fails has {of_probe} to stop, one that is well {of_pod}");
                self.found(FindingCode::ProbeGraceBeyondPod, &field, message);
            }
        }
    }

    /// The startup, readiness and liveness probe.
    fn probes(&self) -> (Option<&ProbeSpec>, Option<&ProbeSpec>, Option<&ProbeSpec>) {
        let probe = |kind| self.container.probe(kind);
        (probe(ProbeKind::Startup), probe(ProbeKind::Readiness), probe(ProbeKind::Liveness))
    }

    fn found(&mut self, code: FindingCode, field: &str, message: String) {
        let list = match self.container.kind() {
            ContainerKind::Init | ContainerKind::Sidecar => "initContainers",
            ContainerKind::Regular => "containers",
            ContainerKind::Ephemeral => "ephemeralContainers",
        };
        let place = self.spec.index_in_list(self.index);
        self.findings.push(Finding {
            code,
            container: Some(self.container.name().to_owned()),
            field: format!("spec.{list}[{place}].{field}"),
            message,
            see: code.see(),
        });
    }
}

fn deadline_before_ready(spec: &PodSpec, earliest_ready: Duration) -> Option<Finding> {
    let deadline = spec.active_deadline()?;
    let code = FindingCode::DeadlineBeforeReady;
    (deadline <= earliest_ready).then(|| Finding {
        code,
        container: None,
        field: "spec.activeDeadlineSeconds".to_owned(),
        message: format!(
            "the Pod is ended after {}, but cannot be ready before {}",
            Seconds(deadline),
            Seconds(earliest_ready)
        ),
        see: code.see(),
    })
}

/// From the first of the failures that it takes to the last.
fn failing_time(probe: &ProbeSpec) -> Duration {
    probe.period().saturating_mul(probe.failure_threshold().saturating_sub(1))
}

fn field(kind: ProbeKind) -> &'static str {
    match kind {
        ProbeKind::Startup => "startupProbe",
        ProbeKind::Readiness => "readinessProbe",
        ProbeKind::Liveness => "livenessProbe",
    }
}

/// How long a hook sleeps at least, as far as can be seen.
fn sleep_of(hook: &LifecycleHook) -> Option<Duration> {
    match hook {
        LifecycleHook::Sleep(time) => Some(*time),
        LifecycleHook::Run(handler) => sleep_of_command(handler.exec.as_ref()?).map(Duration::from_secs),
    }
}

/// The seconds of `sleep 20` and what a shell's `-c` makes of `sleep 20; …`.
fn sleep_of_command(exec: &ExecAction) -> Option<u64> {
    let (program, arguments) = exec.command.split_first()?;
    let is_sleep = |program: &str| program.rsplit('/').next() == Some("sleep");
    match arguments {
        [seconds] if is_sleep(program) => seconds.parse().ok(),
        [flag, script, ..] if flag == "-c" => {
            let mut words = script.split([' ', ';', '&', '\n']).filter(|word| !word.is_empty());
            is_sleep(words.next()?).then(|| words.next())??.parse().ok()
        }
        _ => None,
    }
}
