//! Admission of Pods to their node: started, resumed or rejected.

use std::{net::Ipv4Addr, sync::Arc};

use pod_lifecycle::{
    Timestamp,
    api::{PodManifest, PodPhase},
    config::AdmittedPod,
    rule::admission,
    sim::Script,
    spec::PodSpec,
};

use super::{
    managed_pod::{ManagedPod, Refusal},
    metrics::Metrics,
    node_info::NodeInfo,
    script::{self, AnnotationError, PodScript, annotations},
    watched_pod::WatchedPod,
};

/// Status reason of a Pod with an invalid `fake/` annotation.
const BAD_ANNOTATION: &str = "InvalidFakeAnnotation";

/// Starts, resumes or rejects Pods that are new to this process.
pub(super) struct Admitter {
    pub(super) scripts: Vec<PodScript>,
    pub(super) metrics: Arc<Metrics>,
}

/// Error of a Pod whose object cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum AdmitError {
    #[error(transparent)]
    Spec(#[from] pod_lifecycle::spec::SpecError),
    #[error(transparent)]
    Resume(#[from] pod_lifecycle::ResumeError),
}

impl Admitter {
    /// Starts or resumes a Pod, or rejects it as a kubelet would.
    pub(super) fn begin(
        &self,
        seen: WatchedPod,
        node_info: &Arc<NodeInfo>,
        others: Vec<AdmittedPod>,
        ip: Option<Ipv4Addr>,
        now: Timestamp,
    ) -> Result<ManagedPod, AdmitError> {
        let lived_before = seen.pod.status.start_time.is_some() || has_ended(&seen.pod);
        let script = self.script(&seen.pod)?;
        if lived_before {
            let script = script.unwrap_or_else(|_| script::healthy());
            return Ok(ManagedPod::resume(seen, node_info.clone(), script, ip, now)?);
        }
        let refusal = match &script {
            Err(error) => Some(Refusal { reason: BAD_ANNOTATION.into(), message: error.to_string() }),
            Ok(_) if seen.pod.metadata.deletion_timestamp.is_some() => None,
            Ok(_) => refusal(&PodSpec::from_admitted(&seen.pod)?, node_info, others),
        };
        match (script, refusal) {
            (_, Some(refusal)) => {
                self.metrics.pods_refused.add(1);
                Ok(ManagedPod::refuse(seen, node_info.clone(), &refusal, now)?)
            }
            (script, None) => {
                let script = script.unwrap_or_else(|_| script::healthy());
                Ok(ManagedPod::begin(seen, node_info.clone(), script, ip, now)?)
            }
        }
    }

    /// Returns the Pod's script: the first that selects it, changed by the Pod's annotations.
    fn script(&self, pod: &PodManifest) -> Result<Result<Arc<Script>, AnnotationError>, AdmitError> {
        let selected = self.scripts.iter().find(|script| script.selects(pod));
        let mut script = selected.map(|selected| selected.script.clone()).unwrap_or_default();
        let spec = PodSpec::from_admitted(pod)?;
        if let Err(error) = annotations::apply(pod, &spec, &mut script) {
            return Ok(Err(error));
        }
        let is_healthy = script == Script::default();
        Ok(Ok(if is_healthy { script::healthy() } else { Arc::new(script) }))
    }
}

/// Returns why the node rejects a Pod; `None` if it admits it.
fn refusal(spec: &PodSpec, node_info: &NodeInfo, others: Vec<AdmittedPod>) -> Option<Refusal> {
    let rejection = admission::admit(spec, &node_info.name, &node_info.admission(others)).err()?;
    Some(Refusal { reason: rejection.reason.into(), message: rejection.message.into() })
}

fn has_ended(pod: &PodManifest) -> bool {
    pod.status.phase.as_ref().and_then(|phase| phase.known()).is_some_and(PodPhase::is_terminal)
}
