//! Writes to the status, by the kubelet and by others (pkg/kubelet/status, pkg/controller).

use super::{ObjectError, PodObject, scheduling::record};
use crate::{
    action::{Change, EventReason, EventType, Transition},
    api::{ConditionStatus, Name, PodCondition, PodPhase, PodStatus},
    kubelet::Sink,
    state::{ConditionReason, ConditionType, is_owned_by_kubelet},
    time::Timestamp,
};

/// Reasons and messages of disruptions by the control plane.
///
/// <https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions>
const DISRUPTIONS: [(ConditionReason, &str); 4] = [
    (ConditionReason::EvictionByEvictionApi, "Eviction API: evicting"),
    (ConditionReason::PreemptionByScheduler, "default-scheduler: preempting to accommodate a higher priority pod"),
    (ConditionReason::DeletionByTaintManager, "Taint manager: deleting due to NoExecute taint"),
    (ConditionReason::DeletionByPodGc, "PodGC: node no longer exists"),
];

impl PodObject {
    /// Merges a kubelet's status: its own conditions and its `DisruptionTarget` replace those in the object, the
    /// conditions of other owners stay. Returns true if the status has changed. Ignored while the node is lost.
    ///
    /// Answers to `mergePodStatus` in `pkg/kubelet/status`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use pod_lifecycle::{NoSink, PodMachine, Timestamp, config::KubeletConfig, object::PodObject};
    ///
    /// # let manifest = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let now = Timestamp::UNIX_EPOCH;
    /// let mut object = PodObject::admit(manifest, now)?;
    /// object.bind("node-1", now, &mut NoSink)?;
    /// let pod = PodMachine::from_object(object.manifest(), Arc::new(KubeletConfig::default()), now, &mut NoSink)?;
    /// assert!(object.merge_status(pod.status()));
    /// assert!(!object.merge_status(pod.status()), "nothing has changed");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn merge_status(&mut self, published: PodStatus) -> bool {
        if self.is_gone() || self.is_node_lost() {
            return false;
        }
        // Others' conditions come first, as mergePodStatus builds the list; the order is visible in `kubectl get -o
        // yaml`.
        let theirs = self.manifest.status.conditions.iter().filter(|condition| !is_owned_by_kubelet(&condition.type_));
        let mut conditions: alloc::vec::Vec<PodCondition> = theirs.cloned().collect();
        for condition in &published.conditions {
            if is_owned_by_kubelet(&condition.type_) {
                conditions.push(condition.clone());
            } else if is_disruption_by_kubelet(condition) {
                // It has several writers: the kubelet replaces it only with its own, in the place where it stands.
                PodCondition::put(&mut conditions, condition.clone());
            }
        }
        let merged = PodStatus { conditions, ..published };
        // The status manager skips a patch that changes nothing, so the version stays as well.
        let has_changed = merged != self.manifest.status;
        if has_changed {
            self.manifest.status = merged;
            self.count_write();
        }
        has_changed
    }

    /// Sets a condition, for example that of a readiness gate.
    ///
    /// # Errors
    ///
    /// [`ObjectError::Gone`].
    pub fn set_condition(&mut self, condition: PodCondition) -> Result<(), ObjectError> {
        self.check_present()?;
        self.put(condition);
        Ok(())
    }

    /// Removes a condition.
    ///
    /// # Errors
    ///
    /// [`ObjectError::Gone`].
    pub fn remove_condition(&mut self, condition_type: &str) -> Result<(), ObjectError> {
        self.check_present()?;
        let conditions = &mut self.manifest.status.conditions;
        let before = conditions.len();
        conditions.retain(|condition| condition.type_ != condition_type);
        if conditions.len() != before {
            self.count_write();
        }
        Ok(())
    }

    /// Sets `DisruptionTarget`, as a controller does right before it deletes the Pod.
    /// `reason`: `EvictionByEvictionAPI`, `PreemptionByScheduler`, `DeletionByTaintManager` or `DeletionByPodGC`;
    /// `message`: for people, empty for Kubernetes' own. The Pod garbage collector also fails the Pod.
    ///
    /// Answers to `addConditionAndDeletePod` in `pkg/controller/tainteviction` and `pkg/registry/core/pod/storage`, and
    /// to `markFailedAndDeletePodWithCondition` in `pkg/controller/podgc`.
    ///
    /// # Errors
    ///
    /// [`ObjectError::NotADisruption`] for any other reason.
    ///
    /// ```
    /// use pod_lifecycle::{NoSink, Timestamp, object::PodObject, state::ConditionReason};
    ///
    /// # let manifest = serde_json::from_str(
    /// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let now = Timestamp::UNIX_EPOCH;
    /// let mut object = PodObject::admit(manifest, now)?;
    /// object.disrupt(ConditionReason::EvictionByEvictionApi, "", now, &mut NoSink)?;
    /// let target = object.status().condition("DisruptionTarget").ok_or("no condition")?;
    /// assert_eq!(target.reason, "EvictionByEvictionAPI");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn disrupt(
        &mut self,
        reason: ConditionReason,
        message: &str,
        now: Timestamp,
        out: &mut dyn Sink,
    ) -> Result<(), ObjectError> {
        self.check_present()?;
        let known = DISRUPTIONS.iter().find(|(known, _)| *known == reason);
        let (_, usual) = known.ok_or(ObjectError::NotADisruption { reason })?;
        if reason == ConditionReason::DeletionByTaintManager {
            let metadata = &self.manifest.metadata;
            let text = || alloc::format!("Marking for deletion Pod {}/{}", metadata.namespace, metadata.name);
            record(out, now, EventType::Normal, EventReason::TaintManagerEviction, text);
        }
        let which = ConditionType::DisruptionTarget;
        let message = if message.is_empty() { usual } else { message };
        let mut condition = self.condition(which, true, reason, message, now);
        if reason == ConditionReason::EvictionByEvictionApi {
            // The eviction API sets no observedGeneration.
            condition.observed_generation = 0;
        }
        self.mark(which, reason, condition, now, out);
        if reason == ConditionReason::DeletionByPodGc && !self.phase().is_terminal() {
            let generation = self.manifest.metadata.generation;
            self.set_phase(PodPhase::Failed, now, out);
            // PodGC writes the generation together with the phase.
            self.manifest.status.observed_generation = generation;
        }
        Ok(())
    }

    /// Sets the phase, as a client does that patches the status.
    ///
    /// # Errors
    ///
    /// [`ObjectError::Gone`].
    pub fn patch_phase(&mut self, phase: PodPhase, now: Timestamp, out: &mut dyn Sink) -> Result<(), ObjectError> {
        self.check_present()?;
        self.set_phase(phase, now, out);
        Ok(())
    }

    pub(super) fn set_phase(&mut self, phase: PodPhase, now: Timestamp, out: &mut dyn Sink) {
        let from = self.manifest.status.phase.replace(phase.into()).and_then(|phase| phase.known());
        self.count_write();
        out.transition(Transition { at: now, change: Change::Phase { from, to: phase } });
    }

    /// Returns a condition about the current generation.
    pub(super) fn condition(
        &self,
        which: ConditionType,
        holds: bool,
        reason: ConditionReason,
        message: &str,
        now: Timestamp,
    ) -> PodCondition {
        PodCondition {
            type_: which.name().into(),
            observed_generation: self.manifest.metadata.generation,
            status: ConditionStatus::from(holds).into(),
            last_probe_time: None,
            last_transition_time: Some(now.whole_seconds()),
            reason: reason.name().into(),
            message: message.into(),
        }
    }

    pub(super) fn put(&mut self, condition: PodCondition) -> Option<ConditionStatus> {
        let type_ = condition.type_.clone();
        let known = self.status().condition(&type_).cloned();
        let before = PodCondition::put(&mut self.manifest.status.conditions, condition);
        // A write that changes nothing does not change the version either.
        if self.status().condition(&type_) != known.as_ref() {
            self.count_write();
        }
        before
    }

    /// Sets a condition, and emits a transition if its status has changed.
    pub(super) fn mark(
        &mut self,
        which: ConditionType,
        reason: ConditionReason,
        condition: PodCondition,
        now: Timestamp,
        out: &mut dyn Sink,
    ) {
        let Some(to) = condition.status.known() else { return };
        let from = self.put(condition);
        // Another reason or message alone is no transition, as it does not change `lastTransitionTime`.
        if from != Some(to) {
            let change = Change::Condition { condition: which, from, to, reason: Some(reason) };
            out.transition(Transition { at: now, change });
        }
    }
}

fn is_disruption_by_kubelet(condition: &PodCondition) -> bool {
    condition.type_ == ConditionType::DisruptionTarget.name()
        && condition.reason == ConditionReason::TerminationByKubelet.name()
}
