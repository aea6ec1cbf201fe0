//! API Pod: the object as the watch delivered it last, beside the kubelet's own status (pkg/kubelet/config).
//!
//! [`ApiPod::changed`] applies one API event, [`ApiPod::observed`] a whole object from the watch; the sync loop handles
//! the copy that they return. Conditions of other owners: `rule::external_conditions`; legal changes:
//! `rule::spec_change`.

use alloc::{boxed::Box, string::ToString, sync::Arc, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    api::{ConditionStatus, Name, PodCondition, PodManifest, PodPhase},
    config::{FeatureGate, Kubernetes},
    event::{ApiEvent, EventError},
    rule::{external_conditions, spec_change},
    spec::{PodSpec, SpecError},
    state::ConditionType,
    time::{Timestamp, seconds},
};

/// The kubelet's copy of the object, without the status that it publishes itself.
///
/// A sync keeps the object that it started with; a change makes a new one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApiPod {
    pub(super) spec: Arc<PodSpec>,
    /// `metadata.generation`, as the API server counts it.
    pub(super) generation: i64,
    pub(super) deletion: Option<Deletion>,
    /// True if the object is gone from the API.
    pub(super) is_gone: bool,
    /// Conditions of other owners, in the order of the object.
    #[serde(with = "crate::api::described")]
    pub(super) conditions: Vec<PodCondition>,
    /// Terminal phase that this kubelet has not written: by another writer, or from before the kubelet started.
    pub(super) api_terminal_phase: Option<PodPhase>,
    /// When the Pod was bound, by its `PodScheduled` condition.
    #[serde(with = "crate::time::exact")]
    pub(super) scheduled_at: Option<Timestamp>,
}

/// Returns a spec as the kubelet reads it: what it does not know, or what a feature gate switches off, is as if absent.
///
/// Answers to the questions for `ContainerStopSignals`, `ContainerRestartRules` and `RestartAllContainersOnContainerExits` in `pkg/kubelet`.
pub(super) fn as_read(spec: Arc<PodSpec>, kubernetes: Kubernetes) -> Arc<PodSpec> {
    let spec = if !kubernetes.is_enabled(FeatureGate::ContainerStopSignals) && spec.has_stop_signals() {
        Arc::new(spec.without_stop_signals())
    } else {
        spec
    };
    if !kubernetes.is_enabled(FeatureGate::ContainerRestartRules) && spec.has_container_restart() {
        Arc::new(spec.with_pod_restart_only())
    } else if !kubernetes.is_enabled(FeatureGate::RestartAllContainersOnContainerExits)
        && spec.all_containers_could_restart()
    {
        Arc::new(spec.without_restart_of_all())
    } else {
        spec
    }
}

/// Deletion through the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deletion {
    #[serde(with = "crate::time::exact")]
    pub(super) requested_at: Timestamp,
    #[serde(with = "crate::time::seconds")]
    pub(super) grace: Duration,
}

impl ApiPod {
    /// Creates the object of a new Pod.
    pub(super) fn new(spec: Arc<PodSpec>, kubernetes: Kubernetes) -> ApiPod {
        let spec = as_read(spec, kubernetes);
        ApiPod {
            generation: spec.generation(),
            spec,
            deletion: None,
            is_gone: false,
            conditions: Vec::new(),
            api_terminal_phase: None,
            scheduled_at: None,
        }
    }

    /// Returns the kubelet's copy of an object that it sees for the first time.
    pub(super) fn first_seen(manifest: &PodManifest, kubernetes: Kubernetes) -> Result<ApiPod, SpecError> {
        let known = ApiPod::new(Arc::new(PodSpec::from_admitted(manifest)?), kubernetes);
        Ok(known.with(manifest, known.spec.clone()))
    }

    /// Returns the copy after a whole object from the watch, and what is wrong with its spec. The copy is `None` if the
    /// object is as known; with an error it keeps the known spec, so that nothing else of the object is lost.
    pub(super) fn observed(
        &self,
        manifest: &PodManifest,
        kubernetes: Kubernetes,
    ) -> (Option<ApiPod>, Result<(), EventError>) {
        if self.is_gone {
            return (None, Err(EventError::Gone));
        }
        // A Pod that was created from a manifest alone has no uid to compare.
        let uid = &manifest.metadata.uid;
        if !self.spec.uid().is_empty() && uid != self.spec.uid() {
            return (None, Err(EventError::AnotherPod { uid: (**uid).into() }));
        }
        let (object, result) = match self.observed_spec(manifest, kubernetes) {
            Ok(spec) => (self.with(manifest, spec), Ok(())),
            // The generation is that of a spec which the Pod does not follow.
            Err(error) => {
                (ApiPod { generation: self.generation, ..self.with(manifest, self.spec.clone()) }, Err(error))
            }
        };
        (Some(object).filter(|object| object != self), result)
    }

    /// Returns the spec of an object from the watch, if it is a legal change.
    fn observed_spec(&self, manifest: &PodManifest, kubernetes: Kubernetes) -> Result<Arc<PodSpec>, EventError> {
        let spec = PodSpec::from_admitted(manifest).map_err(|error| EventError::Spec(Box::new(error)))?;
        let spec = as_read(Arc::new(spec.in_order_of(&self.spec)), kubernetes);
        spec_change::validate_update(&self.spec, &spec)?;
        // An equal spec keeps its address: it may be shared with other Pods, and equality is then a pointer comparison.
        Ok(if spec == self.spec { self.spec.clone() } else { spec })
    }

    /// Returns the copy with everything that the object shows; what the object may omit stays.
    fn with(&self, manifest: &PodManifest, spec: Arc<PodSpec>) -> ApiPod {
        let metadata = &manifest.metadata;
        let deletion = metadata.deletion_timestamp.map(|until| {
            // The API server sets deletionTimestamp to the end of the grace period.
            let grace = seconds::of_grace(metadata.deletion_grace_period_seconds.unwrap_or(0));
            Deletion { requested_at: until - grace, grace }
        });
        let conditions = &manifest.status.conditions;
        let shown = manifest.status.phase.as_ref().and_then(|phase| phase.known());
        ApiPod {
            generation: metadata.generation.max(self.generation),
            // The API never takes a deletion back: an object without one was delivered late.
            deletion: deletion.or(self.deletion),
            is_gone: false,
            conditions: external_conditions::external_conditions(conditions, &[]),
            api_terminal_phase: match shown {
                Some(phase) => Some(phase).filter(|phase| phase.is_terminal()),
                None => self.api_terminal_phase,
            },
            scheduled_at: scheduled_at(conditions).or(self.scheduled_at),
            spec,
        }
    }

    /// Returns the copy after an API event; `None` if the event changes nothing: only a grace shorter than the one in
    /// force changes a deletion.
    pub(super) fn changed(&self, event: ApiEvent, kubernetes: Kubernetes, now: Timestamp) -> Option<ApiPod> {
        let mut object = self.clone();
        match event {
            ApiEvent::Deleted { grace_seconds, generation } => {
                let grace = seconds::of_grace(grace_seconds);
                if self.deletion.is_some_and(|deletion| deletion.grace <= grace) {
                    return None;
                }
                let requested_at = self.deletion.map_or(now, |deletion| deletion.requested_at);
                object.deletion = Some(Deletion { requested_at, grace });
                object.generation = object.generation.max(generation.unwrap_or(0));
            }
            ApiEvent::Removed => object.is_gone = true,
            ApiEvent::ConditionSet(condition) => {
                PodCondition::put(&mut object.conditions, condition);
            }
            ApiEvent::ConditionRemoved { condition_type } => {
                object.conditions.retain(|condition| condition.type_ != *condition_type);
            }
            ApiEvent::SpecChanged(spec) => {
                object.generation = object.generation.max(spec.generation());
                let spec = if spec.has_order_of(&self.spec) {
                    spec
                } else {
                    Arc::new(PodSpec::clone(&spec).in_order_of(&self.spec))
                };
                object.spec = as_read(spec, kubernetes);
            }
            ApiEvent::Ended(phase) => object.api_terminal_phase = object.api_terminal_phase.or(Some(phase)),
        }
        Some(object)
    }

    /// True if the object has a deletion timestamp.
    pub(super) fn is_deleting(&self) -> bool {
        self.deletion.is_some()
    }

    /// Returns `metadata.deletionGracePeriodSeconds`.
    pub(super) fn deletion_grace(&self) -> Option<Duration> {
        self.deletion.map(|deletion| deletion.grace)
    }

    /// Returns the statuses of the readiness gates' conditions, by the gates' order.
    pub(super) fn gate_statuses(&self) -> Vec<Option<ConditionStatus>> {
        external_conditions::readiness_gates(&self.spec, &self.conditions)
    }

    /// True if the change is an update, not merely a status to reconcile.
    ///
    /// Answers to `podsDifferSemantically` in `pkg/kubelet/config`.
    pub(super) fn differs_semantically(&self, before: &ApiPod) -> bool {
        self.spec != before.spec || self.deletion != before.deletion
    }
}

/// Returns when the Pod was bound, by its `PodScheduled` condition.
fn scheduled_at(conditions: &[PodCondition]) -> Option<Timestamp> {
    let scheduled = conditions.iter().find(|condition| condition.type_ == ConditionType::PodScheduled.name())?;
    scheduled.last_transition_time.filter(|_| scheduled.status.to_string() == "True")
}
