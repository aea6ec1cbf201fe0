//! Lint of a spec: settings that are mistakes, or that have a price, with the page of the documentation about each.

use alloc::{borrow::ToOwned, format, string::String, vec::Vec};
use core::{fmt, time::Duration};

use serde::Serialize;

use crate::{
    api::{ExecAction, Handler, IntOrString, Name, named},
    rule::grace::MINIMUM_GRACE,
    spec::{ContainerIndex, ContainerKind, ContainerSpec, LifecycleHook, PodSpec, ProbeKind, ProbeSpec},
    time::seconds::Seconds,
};

macro_rules! probes {
    ($section:literal) => {
        DocPage {
            title: "Liveness, Readiness, and Startup Probes",
            url: concat!("https://kubernetes.io/docs/concepts/workloads/pods/probes/", $section),
        }
    };
}

const HOOKS: DocPage = DocPage {
    title: "Container Lifecycle Hooks",
    url: "https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/#hook-handler-execution",
};
const INIT_CONTAINERS: DocPage = DocPage {
    title: "Init Containers",
    url: "https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#detailed-behavior",
};

/// A setting of a spec that is a mistake, or that has a price.
///
/// ```
/// use pod_lifecycle::{budget::{Assumptions, Budget, FindingCode}, api, spec::PodSpec};
///
/// let manifest: api::PodManifest = serde_json::from_str(r#"{"spec": {"containers": [{
///     "name": "app", "image": "nginx",
///     "readinessProbe": {"tcpSocket": {"port": 80}, "periodSeconds": 5, "timeoutSeconds": 8}}]}}"#)?;
/// let budget = Budget::of(&PodSpec::from_admitted(&manifest)?, &Assumptions::default());
/// let finding = &budget.findings[0];
/// assert_eq!(finding.code, FindingCode::TimeoutBeyondPeriod);
/// assert_eq!(finding.container.as_deref(), Some("app"));
/// assert_eq!(finding.see.title, "Liveness, Readiness, and Startup Probes");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// Kind of the finding; stable from release to release.
    pub code: FindingCode,
    /// Whether it is a mistake or advice.
    pub severity: Severity,
    /// Name of its container; `None` if it is about the whole Pod.
    pub container: Option<String>,
    /// Path of the field in the manifest: `spec.containers[0].livenessProbe`.
    pub field: String,
    /// Sentence on it, with the values that show it.
    pub message: String,
    /// Page of the Kubernetes documentation about it.
    pub see: DocPage,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let advice = if self.severity == Severity::Advice { "advice: " } else { "" };
        write!(f, "{} {}: {advice}{} (see {})", self.code, self.field, self.message, self.see)
    }
}

named! {
    /// Severity of a finding.
    #[non_exhaustive]
    pub enum Severity {
        /// The setting cannot do what it is for.
        Mistake = "mistake",
        /// The setting works, and has a price that may not have been meant.
        Advice = "advice",
    }
}

named! {
    /// Kinds of findings that the lint looks for; a code never changes its meaning.
    ///
    /// ```
    /// use pod_lifecycle::budget::FindingCode;
    ///
    /// assert_eq!("PL001".parse::<FindingCode>(), Ok(FindingCode::LivenessBeforeStartUp));
    /// ```
    #[non_exhaustive]
    pub enum FindingCode {
        /// Without a startup probe, the liveness probe can kill the container before its readiness probe first runs. (A
        /// startup probe holds the liveness probe back until the container has started.)
        LivenessBeforeStartUp = "PL001",
        /// The preStop hook sleeps for the whole grace period or longer, so the process gets no more than 2 s after
        /// SIGTERM. A command that begins with `sleep`, on its own or in a shell, counts too.
        PreStopBeyondGrace = "PL002",
        /// Readiness and liveness run the same check, and liveness is no more patient: what takes the container's traffic
        /// also restarts it. Advice: a fifth of real manifests has it, and it costs a restart each time.
        ReadinessIsLiveness = "PL003",
        /// A grace period of 0 leaves no time for the preStop hook.
        PreStopWithoutGrace = "PL004",
        /// The timeout of a probe is longer than its period.
        TimeoutBeyondPeriod = "PL005",
        /// A container that fails its probe gets longer to stop than a healthy one.
        ProbeGraceBeyondPod = "PL006",
        /// The active deadline ends the Pod before it can be ready.
        DeadlineBeforeReady = "PL007",
        /// A probe or a hook names a port that no port of its container has, so it fails each time.
        UnknownPort = "PL008",
    }
}

impl FindingCode {
    /// Returns whether it is a mistake or advice.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            FindingCode::ReadinessIsLiveness => Severity::Advice,
            FindingCode::LivenessBeforeStartUp
            | FindingCode::PreStopBeyondGrace
            | FindingCode::PreStopWithoutGrace
            | FindingCode::TimeoutBeyondPeriod
            | FindingCode::ProbeGraceBeyondPod
            | FindingCode::DeadlineBeforeReady
            | FindingCode::UnknownPort => Severity::Mistake,
        }
    }

    /// Returns the page of the Kubernetes documentation about it.
    #[must_use]
    pub const fn see(self) -> DocPage {
        match self {
            FindingCode::LivenessBeforeStartUp => probes!("#when-should-you-use-a-startup-probe"),
            FindingCode::ReadinessIsLiveness => probes!("#when-should-you-use-a-liveness-probe"),
            FindingCode::TimeoutBeyondPeriod | FindingCode::UnknownPort => probes!("#configure-probes"),
            FindingCode::ProbeGraceBeyondPod => probes!("#probe-level-terminationgraceperiodseconds"),
            FindingCode::PreStopBeyondGrace | FindingCode::PreStopWithoutGrace => HOOKS,
            FindingCode::DeadlineBeforeReady => INIT_CONTAINERS,
        }
    }
}

/// A page of the Kubernetes documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct DocPage {
    /// Title of the page.
    pub title: &'static str,
    /// Address of the page.
    pub url: &'static str,
}

impl fmt::Display for DocPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\", {}", self.title, self.url)
    }
}

/// Returns the findings on each container, then those on the whole Pod, which is never ready before `earliest_ready`.
pub(super) fn all(spec: &PodSpec, earliest_ready: Duration) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, container) in spec.init_and_regular_containers() {
        let mut lint = Lint { spec, index, container, findings: &mut findings };
        lint.liveness_before_start_up();
        lint.pre_stop();
        lint.readiness_is_liveness();
        lint.timeouts();
        lint.probe_graces();
        lint.unknown_ports();
    }
    findings.extend(deadline_before_ready(spec, earliest_ready));
    findings
}

struct Lint<'a> {
    spec: &'a PodSpec,
    index: ContainerIndex,
    container: &'a ContainerSpec,
    findings: &'a mut Vec<Finding>,
}

impl Lint<'_> {
    fn liveness_before_start_up(&mut self) {
        // A startup probe holds both others back: with one, there is nothing to find.
        let (None, Some(readiness), Some(liveness)) = self.probes() else { return };
        let first_kill = liveness.initial_delay().saturating_add(failing_time(liveness));
        // The readiness probe's delay is the manifest's only statement on how long the start takes.
        let allowed = readiness.initial_delay();
        if first_kill < allowed {
            let message = format!(
                "liveness can kill {} {} after its start, but readiness gives it {} to start up: add a startup probe, \
                 which holds liveness back",
                self.name(),
                Seconds(first_kill),
                Seconds(allowed)
            );
            self.found(FindingCode::LivenessBeforeStartUp, "livenessProbe", message);
        }
    }

    fn pre_stop(&mut self) {
        let (Some(hook), Some(grace)) = (self.container.pre_stop(), self.spec.termination_grace()) else { return };
        // killContainer runs the hook only `if gracePeriod > 0`.
        if grace.is_zero() {
            let message = format!("a grace period of 0 s leaves no time for the preStop hook of {}", self.name());
            return self.found(FindingCode::PreStopWithoutGrace, "lifecycle.preStop", message);
        }
        if let Some(sleep) = sleep_of(hook).filter(|&sleep| sleep >= grace) {
            let message = format!(
                "the preStop hook of {} sleeps {} of a grace period of {}: the process is killed at most {} after SIGTERM",
                self.name(),
                Seconds(sleep),
                Seconds(grace),
                Seconds(MINIMUM_GRACE)
            );
            self.found(FindingCode::PreStopBeyondGrace, "lifecycle.preStop", message);
        }
    }

    fn readiness_is_liveness(&mut self) {
        let (_, Some(readiness), Some(liveness)) = self.probes() else { return };
        // Two probes without a handler are equal too, but check nothing.
        let has_handler = *liveness.handler() != Handler::default();
        let is_same = has_handler && liveness.handler() == readiness.handler();
        let patience = |probe| ProbeSpec::period(probe).saturating_mul(probe.failure_threshold());
        let (to_kill, to_unready) = (patience(liveness), patience(readiness));
        if is_same && to_kill <= to_unready && liveness.timeout() <= readiness.timeout() {
            let back = readiness
                .initial_delay()
                .saturating_add(readiness.period().saturating_mul(readiness.success_threshold().saturating_sub(1)));
            let ready =
                if back.is_zero() { String::new() } else { format!(" and {} until it is ready", Seconds(back)) };
            let stop = super::pod::stop_alone(self.container, super::pod::own_grace(self.spec));
            let message = format!(
                "liveness runs the same check as readiness and is no more patient ({} against {}): when {} loses its \
                 traffic for that long it is also restarted, which takes up to {} to stop it{ready}, and its connections; \
                 a higher failureThreshold of liveness lets it recover",
                Seconds(to_kill),
                Seconds(to_unready),
                self.name(),
                Seconds(stop)
            );
            self.found(FindingCode::ReadinessIsLiveness, "livenessProbe", message);
        }
    }

    fn timeouts(&mut self) {
        for &kind in ProbeKind::ALL {
            let Some(probe) = self.container.probe(kind) else { continue };
            let (timeout, period) = (probe.timeout(), probe.period());
            if timeout > period {
                let message = format!(
                    "the {} probe of {} waits {} for an answer, but runs every {}",
                    kind.name().to_lowercase(),
                    self.name(),
                    Seconds(timeout),
                    Seconds(period)
                );
                self.found(FindingCode::TimeoutBeyondPeriod, &format!("{}.timeoutSeconds", field(kind)), message);
            }
        }
    }

    fn probe_graces(&mut self) {
        for &kind in ProbeKind::ALL {
            let of_probe = self.container.probe(kind).and_then(ProbeSpec::termination_grace);
            // Without a grace of the Pod, the kubelet ignores that of a probe.
            let (Some(of_probe), Some(of_pod)) = (of_probe, self.spec.termination_grace()) else { continue };
            if of_probe > of_pod {
                let field = format!("{}.terminationGracePeriodSeconds", field(kind));
                let (of_probe, of_pod) = (Seconds(of_probe), Seconds(of_pod));
                let probe = kind.name().to_lowercase();
                let message = format!(
                    "{} gets {of_probe} to stop after a failed {probe} probe, but only {of_pod} otherwise",
                    self.name()
                );
                self.found(FindingCode::ProbeGraceBeyondPod, &field, message);
            }
        }
    }

    fn unknown_ports(&mut self) {
        for &kind in ProbeKind::ALL {
            let handler = self.container.probe(kind).map(ProbeSpec::handler);
            if let Some(port) = handler.and_then(|handler| self.unknown_port(handler)) {
                let (probe, name) = (kind.name().to_lowercase(), self.name());
                let so = match kind {
                    ProbeKind::Startup => "it never starts up",
                    ProbeKind::Readiness => "it is never ready",
                    ProbeKind::Liveness => "it is never restarted for it",
                };
                let message =
                    format!("the {probe} probe of {name} asks the port {port:?}, which no port of it is called: {so}");
                self.found(FindingCode::UnknownPort, field(kind), message);
            }
        }
        let container = self.container;
        let hooks = [("lifecycle.postStart", container.post_start()), ("lifecycle.preStop", container.pre_stop())];
        for (field, hook) in hooks {
            let Some(LifecycleHook::Run(handler)) = hook else { continue };
            if let Some(port) = self.unknown_port(handler) {
                let hook = field.rsplit('.').next().unwrap_or(field);
                let message = format!(
                    "the {hook} hook of {} calls the port {port:?}, which no port of it is called: it fails",
                    self.name()
                );
                self.found(FindingCode::UnknownPort, field, message);
            }
        }
    }

    /// Returns the port that a handler names and the container does not have.
    fn unknown_port(&self, handler: &Handler) -> Option<String> {
        self.container.port_error(handler)?;
        let of_http = handler.http_get.as_ref().map(|http| &http.port);
        let IntOrString::String(name) = of_http.or(handler.tcp_socket.as_ref().map(|tcp| &tcp.port))? else {
            return None;
        };
        Some(name.clone())
    }

    /// Returns the startup, readiness and liveness probe.
    fn probes(&self) -> (Option<&ProbeSpec>, Option<&ProbeSpec>, Option<&ProbeSpec>) {
        let probe = |kind| self.container.probe(kind);
        (probe(ProbeKind::Startup), probe(ProbeKind::Readiness), probe(ProbeKind::Liveness))
    }

    /// Returns the container's name in backticks.
    fn name(&self) -> String {
        format!("`{}`", self.container.name())
    }

    fn found(&mut self, code: FindingCode, field: &str, message: String) {
        let list = match self.container.kind() {
            ContainerKind::Init | ContainerKind::Sidecar => "initContainers",
            ContainerKind::Regular => "containers",
            ContainerKind::Ephemeral => "ephemeralContainers",
        };
        // A ContainerIndex counts through all lists; the path in the manifest counts within one.
        let place = self.spec.index_in_list(self.index);
        self.findings.push(Finding {
            code,
            severity: code.severity(),
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
    // At equality too: `pastActiveDeadline` compares with `>=`.
    (deadline <= earliest_ready).then(|| Finding {
        code,
        severity: code.severity(),
        container: None,
        field: "spec.activeDeadlineSeconds".to_owned(),
        message: format!(
            "the deadline stops the Pod after {}, but it cannot be ready before {}",
            Seconds(deadline),
            Seconds(earliest_ready)
        ),
        see: code.see(),
    })
}

/// Returns the time from the first to the last failure of its threshold.
fn failing_time(probe: &ProbeSpec) -> Duration {
    // The first failure needs no period: it may come with the first tick.
    probe.period().saturating_mul(probe.failure_threshold().saturating_sub(1))
}

fn field(kind: ProbeKind) -> &'static str {
    match kind {
        ProbeKind::Startup => "startupProbe",
        ProbeKind::Readiness => "readinessProbe",
        ProbeKind::Liveness => "livenessProbe",
    }
}

/// Returns the least time that a hook sleeps, if its spec shows it.
fn sleep_of(hook: &LifecycleHook) -> Option<Duration> {
    match hook {
        LifecycleHook::Sleep(time) => Some(*time),
        LifecycleHook::Run(handler) => sleep_of_command(handler.exec.as_ref()?).map(Duration::from_secs),
    }
}

/// Returns the seconds of `sleep 20`, or of `sleep 20; …` after a shell's `-c`.
fn sleep_of_command(exec: &ExecAction) -> Option<u64> {
    let (program, arguments) = exec.command.split_first()?;
    let is_sleep = |program: &str| program.rsplit('/').next() == Some("sleep");
    match arguments {
        // A unit (`5m`) or a fraction is no integer, and counts as unknown.
        [seconds] if is_sleep(program) => seconds.parse().ok(),
        // Any program that takes `-c` is taken for a shell.
        [flag, script, ..] if flag == "-c" => {
            let mut words = script.split([' ', ';', '&', '\n']).filter(|word| !word.is_empty());
            is_sleep(words.next()?).then(|| words.next())??.parse().ok()
        }
        _ => None,
    }
}
