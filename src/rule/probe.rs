//! What does a probe make of a container?
//!
//! <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-probes>. Answers to
//! `pkg/kubelet/prober/worker.go`: one worker per container and kind ticks once a period.
//!
//! ```
//! use pod_lifecycle::rule::probe::{ProbeOutcome, ProbeResult};
//!
//! assert_eq!(ProbeOutcome::of_http_status(200, false).result(), Some(ProbeResult::Success));
//! assert_eq!(ProbeOutcome::of_timeout().result(), Some(ProbeResult::Failure));
//! assert_eq!(ProbeOutcome::Error.result(), None, "it counts for nothing");
//! ```

use serde::{Deserialize, Serialize};

use super::{readiness::KubeletStart, restart};
use crate::{
    api::{PodPhase, named},
    spec::{ContainerKind, ContainerSpec, ProbeKind, ProbeSpec},
    state::{ContainerRecord, InstanceId, RecordedState},
    time::{Timestamp, seconds},
};

named! {
    /// What a worker last found, kept for the instance that it probed.
    ///
    /// ```
    /// use pod_lifecycle::{rule::probe::{self, ProbeResult}, spec::ProbeKind};
    ///
    /// assert_eq!(probe::initial_result(ProbeKind::Startup), ProbeResult::Unknown);
    /// assert_eq!(probe::initial_result(ProbeKind::Readiness), ProbeResult::Failure);
    /// assert_eq!(probe::initial_result(ProbeKind::Liveness), ProbeResult::Success);
    /// ```
    pub enum ProbeResult {
        /// The container is well.
        Success = "Success",
        /// The container is not.
        Failure = "Failure",
        /// Nothing was found yet.
        Unknown = "Unknown",
    }
}

named! {
    /// What came of running a probe's handler once.
    ///
    /// ```
    /// use pod_lifecycle::rule::probe::ProbeOutcome;
    ///
    /// assert_eq!("warning".parse::<ProbeOutcome>(), Ok(ProbeOutcome::Warning));
    /// ```
    pub enum ProbeOutcome {
        /// The answer was good.
        Success = "success",
        /// The answer was good, with a reservation: a redirect to another host.
        Warning = "warning",
        /// The answer was bad, or came too late.
        Failure = "failure",
        /// There was an answer that says nothing.
        Unknown = "unknown",
        /// The question could not be put.
        Error = "error",
    }
}

impl ProbeOutcome {
    /// The outcome of a command that ended with this exit code.
    ///
    /// ```
    /// use pod_lifecycle::rule::probe::ProbeOutcome;
    ///
    /// assert_eq!(ProbeOutcome::of_exit_code(0), ProbeOutcome::Success);
    /// assert_eq!(ProbeOutcome::of_exit_code(1), ProbeOutcome::Failure);
    /// ```
    #[must_use]
    pub const fn of_exit_code(exit_code: i32) -> ProbeOutcome {
        if exit_code == 0 { ProbeOutcome::Success } else { ProbeOutcome::Failure }
    }

    /// The outcome of an HTTP answer with this status; `leads_elsewhere` if it redirects to another host.
    ///
    /// ```
    /// use pod_lifecycle::rule::probe::ProbeOutcome;
    ///
    /// assert_eq!(ProbeOutcome::of_http_status(204, false), ProbeOutcome::Success);
    /// assert_eq!(ProbeOutcome::of_http_status(302, true), ProbeOutcome::Warning);
    /// assert_eq!(ProbeOutcome::of_http_status(503, false), ProbeOutcome::Failure);
    /// ```
    #[must_use]
    pub const fn of_http_status(status: u16, leads_elsewhere: bool) -> ProbeOutcome {
        match status {
            300..=399 if leads_elsewhere => ProbeOutcome::Warning,
            200..=399 => ProbeOutcome::Success,
            _ => ProbeOutcome::Failure,
        }
    }

    /// The outcome of an attempt to open a TCP connection.
    ///
    /// ```
    /// use pod_lifecycle::rule::probe::ProbeOutcome;
    ///
    /// assert_eq!(ProbeOutcome::of_tcp_connect(false), ProbeOutcome::Failure);
    /// ```
    #[must_use]
    pub const fn of_tcp_connect(connected: bool) -> ProbeOutcome {
        if connected { ProbeOutcome::Success } else { ProbeOutcome::Failure }
    }

    /// The outcome of a gRPC health check that answered with this serving status: 1 is `SERVING`.
    ///
    /// ```
    /// use pod_lifecycle::rule::probe::ProbeOutcome;
    ///
    /// assert_eq!(ProbeOutcome::of_grpc_serving_status(1), ProbeOutcome::Success);
    /// assert_eq!(ProbeOutcome::of_grpc_serving_status(2), ProbeOutcome::Failure);
    /// ```
    #[must_use]
    pub const fn of_grpc_serving_status(status: i32) -> ProbeOutcome {
        if status == 1 { ProbeOutcome::Success } else { ProbeOutcome::Failure }
    }

    /// The outcome of a question without an answer in time.
    ///
    /// ```
    /// use pod_lifecycle::rule::probe::ProbeOutcome;
    ///
    /// assert_eq!(ProbeOutcome::of_timeout(), ProbeOutcome::Failure);
    /// ```
    #[must_use]
    pub const fn of_timeout() -> ProbeOutcome {
        ProbeOutcome::Failure
    }

    /// What the worker makes of it; `None` for an error, which counts for nothing.
    ///
    /// ```
    /// use pod_lifecycle::rule::probe::{ProbeOutcome, ProbeResult};
    ///
    /// assert_eq!(ProbeOutcome::Warning.result(), Some(ProbeResult::Success));
    /// assert_eq!(ProbeOutcome::Error.result(), None);
    /// ```
    #[must_use]
    pub const fn result(self) -> Option<ProbeResult> {
        match self {
            ProbeOutcome::Success | ProbeOutcome::Warning => Some(ProbeResult::Success),
            ProbeOutcome::Failure | ProbeOutcome::Unknown => Some(ProbeResult::Failure),
            ProbeOutcome::Error => None,
        }
    }
}

/// How often a probe's handler is run in a row, at most, as long as each run is an error.
///
/// ```
/// assert_eq!(pod_lifecycle::rule::probe::MAX_PROBE_RETRIES, 3);
/// ```
pub const MAX_PROBE_RETRIES: u8 = 3;

/// What the worker of one probe remembers.
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
    /// The instance that it probes.
    pub instance: Option<InstanceId>,
    /// The cached result for that instance.
    pub result: Option<ProbeResult>,
    /// What it found last.
    pub last_result: ProbeResult,
    /// How often in a row it found that.
    pub result_run: u32,
    /// Whether it waits for a new instance.
    pub on_hold: bool,
}

impl Default for ProbeWorker {
    fn default() -> ProbeWorker {
        ProbeWorker { instance: None, result: None, last_result: ProbeResult::Success, result_run: 0, on_hold: false }
    }
}

/// What a probe's worker sees at a tick; [`ProbeWorker::do_probe`] has an example.
#[derive(Clone, Copy, Debug)]
pub struct ProbeInputs<'a> {
    /// The Pod's phase in the kubelet's own status.
    pub phase: PodPhase,
    /// The container in the kubelet's own status.
    pub container: Option<&'a ContainerRecord>,
    /// Whether the Pod is being deleted.
    pub is_deleting: bool,
    /// Whether all containers are being restarted.
    pub is_restarting_all: bool,
    /// The kubelet's own start.
    pub kubelet: KubeletStart,
    /// The present moment.
    pub now: Timestamp,
}

/// What a tick of a probe's worker leads to; [`ProbeWorker::do_probe`] has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProbeDecision {
    /// Nothing, this time.
    Wait,
    /// The handler is to be run.
    Run,
    /// The worker is done for good.
    End,
}

impl ProbeWorker {
    /// Ticks once: notices a new instance, and says whether the handler is to be run.
    ///
    /// ```
    /// use pod_lifecycle::{
    ///     Timestamp, api::{self, PodPhase}, rule::{probe::{ProbeDecision, ProbeInputs, ProbeWorker}, readiness::KubeletStart},
    ///     spec::{PodSpec, ProbeKind},
    /// };
    ///
    /// let manifest: api::PodManifest = serde_json::from_str(
    ///     r#"{"spec": {"containers": [{"name": "app", "image": "nginx", "livenessProbe": {"tcpSocket": {"port": 80}}}]}}"#)?;
    /// let spec = PodSpec::from_admitted(&manifest)?;
    /// let (_, app) = spec.containers().next().ok_or("no container")?;
    /// let probe = app.probe(ProbeKind::Liveness).ok_or("no probe")?;
    /// let inputs = ProbeInputs {
    ///     phase: PodPhase::Pending,
    ///     container: None,
    ///     is_deleting: false,
    ///     is_restarting_all: false,
    ///     kubelet: KubeletStart { at: Timestamp::UNIX_EPOCH, pod_was_ready: false },
    ///     now: Timestamp::UNIX_EPOCH,
    /// };
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
        if view.phase.is_terminal() {
            return ProbeDecision::End;
        }
        let Some((record, instance)) = view.container.and_then(|record| Some((record, record.instance?))) else {
            return ProbeDecision::Wait;
        };
        if self.instance != Some(instance) {
            self.meet(kind, container, record, instance, view.kubelet);
        }
        if self.on_hold {
            return ProbeDecision::Wait;
        }
        let Some(RecordedState::Running { started_at }) = record.state else {
            self.result = Some(ProbeResult::Failure);
            let will_run_again = record.termination().is_none_or(|end| {
                view.is_restarting_all || restart::restarts_after_exit(container.restart(), end.exit_code)
            });
            return if will_run_again { ProbeDecision::Wait } else { ProbeDecision::End };
        };
        if view.is_deleting && kind != ProbeKind::Readiness {
            self.result = Some(ProbeResult::Success);
            return ProbeDecision::End;
        }
        let is_startup = kind == ProbeKind::Startup;
        let has_started = record.started == Some(true);
        if is_delayed(spec, started_at, view.now) || has_started == is_startup {
            ProbeDecision::Wait
        } else {
            ProbeDecision::Run
        }
    }

    /// Counts what came of the handler.
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
        if kind == ProbeKind::Startup || kind == ProbeKind::Liveness && result == ProbeResult::Failure {
            self.on_hold = true;
            self.result_run = 0;
        }
    }

    /// A new instance: the cached result starts over, unless the instance outlived a restart of the kubelet.
    fn meet(
        &mut self,
        kind: ProbeKind,
        container: &ContainerSpec,
        record: &ContainerRecord,
        instance: InstanceId,
        kubelet: KubeletStart,
    ) {
        let outlived_kubelet = match record.state {
            Some(RecordedState::Running { started_at }) => kubelet.is_predated_by(started_at),
            Some(RecordedState::Waiting(_) | RecordedState::Terminated(_)) | None => false,
        };
        let is_started_sidecar = container.kind() == ContainerKind::Sidecar && record.started == Some(true);
        self.instance = Some(instance);
        self.on_hold = false;
        self.result = if !outlived_kubelet {
            Some(initial_result(kind))
        } else {
            (kind == ProbeKind::Startup && is_started_sidecar).then_some(ProbeResult::Success)
        };
    }
}

/// The result that a worker starts from with a new instance.
///
/// ```
/// use pod_lifecycle::{rule::probe::{self, ProbeResult}, spec::ProbeKind};
///
/// assert_eq!(probe::initial_result(ProbeKind::Readiness), ProbeResult::Failure, "unready until it is asked");
/// assert_eq!(probe::initial_result(ProbeKind::Liveness), ProbeResult::Success, "alive until it is asked");
/// ```
#[must_use]
pub const fn initial_result(kind: ProbeKind) -> ProbeResult {
    match kind {
        ProbeKind::Startup => ProbeResult::Unknown,
        ProbeKind::Readiness => ProbeResult::Failure,
        ProbeKind::Liveness => ProbeResult::Success,
    }
}

/// Whole seconds count, rounded towards zero.
fn is_delayed(spec: &ProbeSpec, started_at: Option<Timestamp>, now: Timestamp) -> bool {
    let waited = started_at.map_or(i64::MAX, |started_at| now.micros_since(started_at));
    waited.saturating_div(1_000_000) < seconds::to_field(spec.initial_delay())
}
