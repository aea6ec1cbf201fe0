//! How a Pod begins on its node: as new, taken up, or refused.

use std::{net::Ipv4Addr, sync::Arc};

use pod_lifecycle::{
    Timestamp,
    api::{PodManifest, PodPhase},
    spec::PodSpec,
};

use super::{
    admission,
    behaviour::{Behaviour, annotations, scenarios::Scenario},
    life::{Life, Refusal},
    metrics::Metrics,
    place::Place,
    requests::Resources,
    seen::Seen,
};

/// The reason of a Pod whose annotations cannot be understood.
const BAD_ANNOTATION: &str = "InvalidFakeAnnotation";

/// Knows how Pods begin.
pub(super) struct Beginner {
    pub(super) scenarios: Vec<Scenario>,
    pub(super) metrics: Arc<Metrics>,
}

/// Why a Pod cannot begin at all.
#[derive(Debug, thiserror::Error)]
pub(super) enum BeginError {
    #[error(transparent)]
    Spec(#[from] pod_lifecycle::spec::SpecError),
    #[error(transparent)]
    Resume(#[from] pod_lifecycle::ResumeError),
}

impl Beginner {
    /// Begins a Pod, unless it is one to refuse.
    pub(super) fn begin(
        &self,
        seen: Seen,
        place: &Arc<Place>,
        wanted: &Resources,
        used: &Resources,
        ip: Option<Ipv4Addr>,
        now: Timestamp,
    ) -> Result<Life, BeginError> {
        let lived_before = seen.pod.status.start_time.is_some() || has_ended(&seen.pod);
        let behaviour = self.behaviour(&seen.pod)?;
        if lived_before {
            let behaviour = behaviour.unwrap_or_else(|_| Behaviour::healthy());
            return Ok(Life::take_up(seen, place.clone(), behaviour, ip, now)?);
        }
        let refusal = match &behaviour {
            Err(error) => Some(Refusal { reason: BAD_ANNOTATION.into(), message: error.to_string() }),
            Ok(_) if seen.pod.metadata.deletion_timestamp.is_some() => None,
            Ok(_) => admission::refusal(&seen.pod, place, wanted, used),
        };
        match (behaviour, refusal) {
            (_, Some(refusal)) => {
                self.metrics.pods_refused.add(1);
                Ok(Life::refuse(seen, place.clone(), &refusal, now)?)
            }
            (behaviour, None) => {
                let behaviour = behaviour.unwrap_or_else(|_| Behaviour::healthy());
                Ok(Life::begin(seen, place.clone(), behaviour, ip, now)?)
            }
        }
    }

    /// What the Pod's containers do: what its annotations say over what the first scenario says that selects it.
    fn behaviour(&self, pod: &PodManifest) -> Result<Result<Arc<Behaviour>, annotations::AnnotationError>, BeginError> {
        let scenario = self.scenarios.iter().find(|scenario| scenario.selects(pod));
        let mut behaviour = scenario.map(Scenario::behaviour).unwrap_or_default();
        let spec = PodSpec::from_admitted(pod)?;
        if let Err(error) = annotations::apply(pod, &spec, &mut behaviour) {
            return Ok(Err(error));
        }
        let is_healthy = behaviour == Behaviour::default();
        Ok(Ok(if is_healthy { Behaviour::healthy() } else { Arc::new(behaviour) }))
    }
}

fn has_ended(pod: &PodManifest) -> bool {
    pod.status.phase.as_ref().and_then(|phase| phase.known()).is_some_and(PodPhase::is_terminal)
}
