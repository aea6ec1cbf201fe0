//! Probe worker: thresholds, initial delay, startup gating (pkg/kubelet/prober/worker.go).
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-probes>: one worker per container and
//! kind of probe ticks once a period.
//!
//! ```
//! use pod_lifecycle::rule::probe::{ProbeOutcome, ProbeResult};
//!
//! assert_eq!(ProbeOutcome::of_http_status(200, false).result(), Some(ProbeResult::Success));
//! assert_eq!(ProbeOutcome::of_timeout().result(), Some(ProbeResult::Failure));
//! assert_eq!(ProbeOutcome::Error.result(), None, "it counts towards no threshold");
//! ```
//!
//! Asked by: `kubelet::prober_manager`.

use serde::{Deserialize, Serialize};

use super::{restart, started_and_ready::KubeletStart};
use crate::{
    api::{PodPhase, RestartPolicy, named},
    config::{FeatureGate, KnownBug, KubeletChange, Kubernetes},
    spec::{ContainerKind, ContainerSpec, PodSpec, ProbeKind, ProbeSpec},
    state::{ContainerRecord, InstanceId, RecordedState},
    time::{Timestamp, seconds},
};

named! {
    /// Cached result of a probe for one instance (`results.Result`).
    pub enum ProbeResult {
        /// The success threshold was reached.
        Success = "Success",
        /// The failure threshold was reached.
        Failure = "Failure",
        /// The container has not been probed yet.
        Unknown = "Unknown",
    }
}

named! {
    /// Outcome of running a probe's handler once (`probe.Result`).
    pub enum ProbeOutcome {
        /// The handler succeeded.
        Success = "success",
        /// The handler succeeded with a warning: a redirect to another host.
        Warning = "warning",
        /// The handler failed or timed out.
        Failure = "failure",
        /// The outcome is not known; it counts as a failure.
        Unknown = "unknown",
        /// The handler could not run; counts towards no threshold.
        Error = "error",
    }
}

impl ProbeOutcome {
    /// Returns the outcome of an `exec` handler whose command exited with this code.
    #[must_use]
    pub const fn of_exit_code(exit_code: i32) -> ProbeOutcome {
        if exit_code == 0 { ProbeOutcome::Success } else { ProbeOutcome::Failure }
    }

    /// Returns the outcome of an `httpGet` handler; `leads_elsewhere` is true for a redirect to another host.
    #[must_use]
    pub const fn of_http_status(status: u16, leads_elsewhere: bool) -> ProbeOutcome {
        match status {
            300..=399 if leads_elsewhere => ProbeOutcome::Warning,
            200..=399 => ProbeOutcome::Success,
            _ => ProbeOutcome::Failure,
        }
    }

    /// Returns the outcome of a `tcpSocket` handler.
    #[must_use]
    pub const fn of_tcp_connect(connected: bool) -> ProbeOutcome {
        if connected { ProbeOutcome::Success } else { ProbeOutcome::Failure }
    }

    /// Returns the outcome of a `grpc` handler, given the serving status of the health check: 1 is `SERVING`.
    #[must_use]
    pub const fn of_grpc_serving_status(status: i32) -> ProbeOutcome {
        if status == 1 { ProbeOutcome::Success } else { ProbeOutcome::Failure }
    }

    /// Returns the outcome of a handler that exceeded `timeoutSeconds`.
    #[must_use]
    pub const fn of_timeout() -> ProbeOutcome {
        ProbeOutcome::Failure
    }

    /// Returns the result that the worker counts; `None` for an error, which counts towards no threshold.
    #[must_use]
    pub const fn result(self) -> Option<ProbeResult> {
        match self {
            ProbeOutcome::Success | ProbeOutcome::Warning => Some(ProbeResult::Success),
            ProbeOutcome::Failure | ProbeOutcome::Unknown => Some(ProbeResult::Failure),
            ProbeOutcome::Error => None,
        }
    }
}

/// Attempts at a probe's handler within one tick, as long as each is an error.
///
/// Answers to `maxProbeRetries` in `pkg/kubelet/prober`.
pub const MAX_PROBE_RETRIES: u8 = 3;

/// State of one probe worker.
///
/// ```
/// use pod_lifecycle::{api, rule::probe::{ProbeOutcome, ProbeResult, ProbeWorker}, spec::{PodSpec, ProbeKind}};
///
/// let manifest: api::PodManifest = serde_json::from_str(r#"{"spec": {"containers": [{
///     "name": "app", "image": "nginx", "readinessProbe": {"tcpSocket": {"port": 80}, "failureThreshold": 2}}]}}"#)?;
/// let spec = PodSpec::from_admitted(&manifest)?;
/// let (_, app) = spec.containers().next().ok_or("no container")?;
/// let probe = app.probe(ProbeKind::Readiness).ok_or("no probe")?;
///
/// let mut worker = ProbeWorker::default();
/// worker.record(ProbeKind::Readiness, probe, ProbeOutcome::Success);
/// worker.record(ProbeKind::Readiness, probe, ProbeOutcome::Failure);
/// assert_eq!((worker.result, worker.result_run), (Some(ProbeResult::Success), 1), "one failure is not enough");
/// worker.record(ProbeKind::Readiness, probe, ProbeOutcome::Failure);
/// assert_eq!(worker.result, Some(ProbeResult::Failure));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProbeWorker {
    /// Instance that is being probed.
    pub instance: Option<InstanceId>,
    /// Cached result for that instance.
    pub result: Option<ProbeResult>,
    /// Result of the last attempt.
    pub last_result: ProbeResult,
    /// Number of consecutive attempts with that result.
    pub result_run: u32,
    /// True if the worker pauses until the container has a new instance.
    pub on_hold: bool,
}

impl Default for ProbeWorker {
    fn default() -> ProbeWorker {
        ProbeWorker { instance: None, result: None, last_result: ProbeResult::Success, result_run: 0, on_hold: false }
    }
}

/// Input of [`ProbeWorker::do_probe`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ProbeInputs<'a> {
    /// Version of the kubelet, with its feature gates and known bugs.
    pub kubernetes: Kubernetes,
    /// Restart policy of the Pod.
    pub restart_policy: RestartPolicy,
    /// Phase in the kubelet's status cache.
    pub phase: PodPhase,
    /// Container status in the kubelet's status cache.
    pub container: Option<&'a ContainerRecord>,
    /// True if the Pod is being deleted.
    pub is_deleting: bool,
    /// True if all containers are being restarted.
    pub is_restarting_all: bool,
    /// Start of the kubelet.
    pub kubelet: KubeletStart,
    /// Current time.
    pub now: Timestamp,
}

impl<'a> ProbeInputs<'a> {
    /// Creates the input for a container of a Pod of the newest Kubernetes; set the fields that differ.
    #[must_use]
    pub fn new(
        spec: &PodSpec,
        phase: PodPhase,
        container: Option<&'a ContainerRecord>,
        now: Timestamp,
    ) -> ProbeInputs<'a> {
        ProbeInputs {
            kubernetes: Kubernetes::default(),
            restart_policy: spec.restart_policy(),
            phase,
            container,
            is_deleting: false,
            is_restarting_all: false,
            kubelet: KubeletStart::UNKNOWN,
            now,
        }
    }
}

/// Decision of a probe worker at a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProbeDecision {
    /// Nothing is probed this time.
    Wait,
    /// The handler is run.
    Run,
    /// The worker stops for good.
    End,
}

impl ProbeWorker {
    /// Handles a tick: starts over with a new instance, and decides whether the handler runs.
    ///
    /// Answers to `doProbe` in `pkg/kubelet/prober/worker.go`.
    ///
    /// ```
    /// use pod_lifecycle::{Timestamp, api::{self, PodPhase}, rule::probe::{ProbeDecision, ProbeInputs, ProbeWorker}};
    /// use pod_lifecycle::spec::{PodSpec, ProbeKind};
    ///
    /// let manifest: api::PodManifest = serde_json::from_str(
    ///     r#"{"spec": {"containers": [{"name": "app", "image": "nginx", "livenessProbe": {"tcpSocket": {"port": 80}}}]}}"#)?;
    /// let spec = PodSpec::from_admitted(&manifest)?;
    /// let (_, app) = spec.containers().next().ok_or("no container")?;
    /// let probe = app.probe(ProbeKind::Liveness).ok_or("no probe")?;
    /// let inputs = ProbeInputs::new(&spec, PodPhase::Pending, None, Timestamp::UNIX_EPOCH);
    /// let decision = ProbeWorker::default().do_probe(ProbeKind::Liveness, probe, app, &inputs);
    /// assert_eq!(decision, ProbeDecision::Wait, "there is nothing to probe yet");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn do_probe(
        &mut self,
        kind: ProbeKind,
        spec: &ProbeSpec,
        container: &ContainerSpec,
        view: &ProbeInputs<'_>,
    ) -> ProbeDecision {
        if view.phase.is_terminal() && !self.outlasts_the_phase(kind, view) {
            return ProbeDecision::End;
        }
        let Some((record, instance)) = view.container.and_then(|record| Some((record, record.instance?))) else {
            return ProbeDecision::Wait;
        };
        if self.instance != Some(instance) {
            self.start_over(kind, container, record, instance, view);
        }
        if self.on_hold {
            return ProbeDecision::Wait;
        }
        let Some(RecordedState::Running { started_at }) = record.state else {
            // A container that has exited fails every probe, so that it is not ready.
            self.result = Some(ProbeResult::Failure);
            let will_run_again = record.termination().is_none_or(|end| {
                if view.kubernetes.is_enabled(FeatureGate::ContainerRestartRules) {
                    return view.is_restarting_all || restart::restarts_after_exit(container.restart(), end.exit_code);
                }
                // Without the gate the exit code does not count.
                view.restart_policy != RestartPolicy::Never
                    || container.kind() == ContainerKind::Sidecar
                        && view.kubernetes.has(KubeletChange::ProbesOutliveSidecar)
            });
            return if will_run_again { ProbeDecision::Wait } else { ProbeDecision::End };
        };
        // A graceful stop must not be cut short by liveness or startup probes; readiness goes on to be probed.
        if view.is_deleting && kind != ProbeKind::Readiness {
            self.result = Some(ProbeResult::Success);
            return ProbeDecision::End;
        }
        // A startup probe is run until the container has started, the other two from then on.
        let is_startup = kind == ProbeKind::Startup;
        let has_started = record.started == Some(true);
        if is_delayed(spec, started_at, view.now) || has_started == is_startup {
            ProbeDecision::Wait
        } else {
            ProbeDecision::Run
        }
    }

    /// True if a readiness probe goes on although the kubelet has decided that the Pod ends: its container still runs.
    fn outlasts_the_phase(&self, kind: ProbeKind, view: &ProbeInputs<'_>) -> bool {
        kind == ProbeKind::Readiness
            && !view.kubernetes.has_bug(KnownBug::ReadinessStopsAtEviction)
            && view.container.is_some_and(ContainerRecord::is_running)
    }

    /// Counts an outcome of the handler; the result changes when a threshold is reached.
    pub fn record(&mut self, kind: ProbeKind, spec: &ProbeSpec, outcome: ProbeOutcome) {
        let Some(result) = outcome.result() else { return };
        self.result_run = if self.last_result == result { self.result_run.saturating_add(1) } else { 1 };
        self.last_result = result;
        let threshold = match result {
            ProbeResult::Success => spec.success_threshold(),
            ProbeResult::Failure | ProbeResult::Unknown => spec.failure_threshold(),
        };
        if self.result_run < threshold {
            return;
        }
        self.result = Some(result);
        // The container is about to be killed, or has started: further attempts at this instance mean nothing.
        if kind == ProbeKind::Startup || kind == ProbeKind::Liveness && result == ProbeResult::Failure {
            self.on_hold = true;
            self.result_run = 0;
        }
    }

    /// Starts over with a new instance, unless that instance outlived a restart of the kubelet.
    fn start_over(
        &mut self,
        kind: ProbeKind,
        container: &ContainerSpec,
        record: &ContainerRecord,
        instance: InstanceId,
        view: &ProbeInputs<'_>,
    ) {
        let outlived_kubelet = match record.state {
            Some(RecordedState::Running { started_at }) => view.kubelet.is_predated_by(started_at),
            Some(RecordedState::Waiting(_) | RecordedState::Terminated(_)) | None => false,
        };
        let is_started_sidecar = container.kind() == ContainerKind::Sidecar && record.started == Some(true);
        self.instance = Some(instance);
        self.on_hold = false;
        // In worker.go lastResult and resultRun stay: a run of equal results spans two instances.
        if !view.kubernetes.has_bug(KnownBug::ProbeRunSpansInstances) {
            let ProbeWorker { last_result, result_run, .. } = ProbeWorker::default();
            (self.last_result, self.result_run) = (last_result, result_run);
        }
        self.result = if !outlived_kubelet {
            Some(initial_result(kind))
        } else {
            let is_remembered = is_started_sidecar && !view.kubernetes.has_bug(KnownBug::SidecarStartupForgotten);
            (kind == ProbeKind::Startup && is_remembered).then_some(ProbeResult::Success)
        };
    }
}

/// Returns the result that a worker starts from with a new instance: alive, and neither ready nor started.
#[must_use]
pub const fn initial_result(kind: ProbeKind) -> ProbeResult {
    match kind {
        ProbeKind::Startup => ProbeResult::Unknown,
        ProbeKind::Readiness => ProbeResult::Failure,
        ProbeKind::Liveness => ProbeResult::Success,
    }
}

/// True within `initialDelaySeconds` of the start.
fn is_delayed(spec: &ProbeSpec, started_at: Option<Timestamp>, now: Timestamp) -> bool {
    let waited = started_at.map_or(i64::MAX, |started_at| now.micros_since(started_at));
    // `int32(time.Since(...).Seconds())`: whole seconds, rounded towards zero.
    waited.saturating_div(1_000_000) < seconds::to_field(spec.initial_delay())
}
