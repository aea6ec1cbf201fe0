//! Sentences of Kubernetes' documentation, each with a property that a Pod has to keep for it.
//!
//! They are read from the documentation and not from the kubelet, and look only at what an observer sees: statuses that
//! are written, actions of the runtime, events, and the object. A kubelet without [known bugs](crate::config::KnownBug)
//! keeps all of them; one with bugs does not, and the adversary and the model checker find each bug by that.
//!
//! Where a sentence is too strong for any kubelet, the property is what it can mean; the function says so.

mod observed;
mod probes;
mod progress;
mod start;
mod status;
mod termination;

pub use observed::Observed;
pub use progress::{PROGRESS_QUOTES, a_pod_that_is_left_alone_gets_on};

use super::{StepRecord, Violation};
use crate::{
    action::{Action, KubernetesEvent},
    kubelet::Output,
};

/// Sentence of the documentation, with its property.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Sentence {
    /// Page and heading below <https://kubernetes.io/docs/>.
    pub page: &'static str,
    /// Short quotation.
    pub quote: &'static str,
    property: Property,
}

/// Property behind a sentence, by the output that it judges.
#[derive(Clone, Copy, Debug)]
enum Property {
    /// Judges each action, given everything before it.
    Action(fn(&Observed, &StepRecord<'_>, &Action) -> Result<(), Violation>),
    /// Judges each Kubernetes event, given everything before it.
    Event(fn(&Observed, &StepRecord<'_>, &KubernetesEvent) -> Result<(), Violation>),
    /// Judges the status that stands in the API after a step.
    Status(fn(&Observed, &StepRecord<'_>) -> Result<(), Violation>),
    /// Judges a status that was written in a step.
    Write(fn(&Observed, &StepRecord<'_>) -> Result<(), Violation>),
    /// Judges the final deletion of the object.
    Deletion(fn(&Observed, &StepRecord<'_>) -> Result<(), Violation>),
}

macro_rules! sentences {
    ($($page:literal $quote:literal $kind:ident($property:path);)+) => {
        &[$(Sentence { page: $page, quote: $quote, property: Property::$kind($property) }),+]
    };
}

/// Every sentence that is judged step by step. [`a_pod_that_is_left_alone_gets_on`] judges the others.
pub const DOCUMENTED: &[Sentence] = sentences! {
    // --- Probes ---
    "concepts/workloads/pods/probes/#startup-probe"
        "Kubernetes does not execute liveness or readiness probes until the startup probe succeeds"
        Action(probes::others_wait_for_the_startup_probe);
    "concepts/workloads/pods/probes/#startup-probe"
        "This type of probe is only executed at startup"
        Action(probes::a_startup_probe_ends_with_its_success);
    "reference/kubernetes-api/workload-resources/pod-v1/#PodStatus (started)"
        "Initialized as false, becomes true after startupProbe is considered successful."
        Status(probes::started_means_that_the_startup_probe_has_succeeded);
    "reference/kubernetes-api/workload-resources/pod-v1/#PodStatus (ready)"
        "If no readiness probes are specified, this field defaults to true once the container is fully started"
        Status(probes::ready_means_started);
    "reference/kubernetes-api/workload-resources/pod-v1/#PodStatus (ready)"
        "Ready specifies whether the container is currently passing its readiness check."
        Status(probes::ready_means_running);
    "concepts/workloads/pods/probes/#when-should-you-use-a-readiness-probe"
        "the Pod will start without receiving any traffic and only start receiving traffic after the probe starts succeeding"
        Status(probes::ready_means_that_the_readiness_probe_has_succeeded);
    "concepts/workloads/pods/probes/#configure-probes"
        "because the check failed, the kubelet sets the Ready condition on the Pod to false"
        Status(probes::a_failed_readiness_probe_makes_the_pod_unready);
    "concepts/workloads/pods/probes/#configure-probes"
        "if at least failureThreshold probes have failed, Kubernetes treats the container as unhealthy"
        Event(probes::a_kill_by_a_probe_has_its_failures);
    "concepts/workloads/pods/probes/#readiness-probe"
        "Readiness probes run on the container during its whole lifecycle."
        Status(probes::readiness_probes_go_on);

    // --- Start and restart ---
    "concepts/workloads/pods/pod-lifecycle/#restart-policy"
        "OnFailure: Only restarts the container if it exits with an error (non-zero exit status)."
        Action(start::on_failure_restarts_only_failures);
    "concepts/workloads/pods/pod-lifecycle/#restart-policy"
        "Never: Does not automatically restart the terminated container."
        Action(start::never_restarts_nothing);
    "concepts/workloads/pods/init-containers/#understanding-init-containers"
        "Each init container must complete successfully before the next one starts."
        Action(start::init_containers_succeed_one_after_the_other);
    "concepts/workloads/pods/init-containers/#detailed-behavior"
        "If the Pod restarts, or is restarted, all init containers must execute again."
        Action(start::all_init_containers_execute_again);
    "concepts/workloads/pods/sidecar-containers/#sidecar-containers-and-pod-lifecycle"
        "After a sidecar-style init container is running [...], the kubelet then starts the next init container"
        Action(start::sidecars_start_before_the_next);
    "concepts/containers/container-lifecycle-hooks/#hook-delivery-guarantees"
        "Generally, only single deliveries are made."
        Action(start::a_post_start_hook_is_delivered_once);
    "concepts/containers/container-lifecycle-hooks/#hook-handler-execution"
        "If either a PostStart or PreStop hook fails, it kills the Container."
        Status(start::a_failed_post_start_hook_kills_the_container);
    "concepts/workloads/pods/pod-lifecycle/#container-state-running"
        "If there was a postStart hook configured, it has already executed and finished."
        Status(start::running_means_that_the_post_start_hook_has_finished);

    // --- Status ---
    "concepts/workloads/pods/pod-lifecycle/#container-state-running"
        "The Running status indicates that a container is executing without issues."
        Status(status::running_means_executing);
    "concepts/workloads/pods/pod-lifecycle/#container-state-terminated"
        "A container in the Terminated state began execution and then either ran to completion or failed for some reason."
        Status(status::terminated_means_ended);
    "concepts/workloads/pods/pod-lifecycle/#pod-phase"
        "Running: The Pod has been bound to a node, and all of the containers have been created."
        Status(status::running_means_that_all_containers_were_created);
    "concepts/workloads/pods/pod-lifecycle/#pod-phase"
        "Succeeded: All containers in the Pod have terminated in success, and will not be restarted."
        Status(status::succeeded_means_that_all_containers_have_succeeded);
    "concepts/workloads/pods/pod-lifecycle/#pod-phase"
        "Failed: All containers in the Pod have terminated, and at least one container has terminated in failure."
        Status(status::failed_means_that_all_containers_have_ended);
    "concepts/workloads/pods/pod-lifecycle/#pod-readiness-status"
        "All conditions specified in readinessGates are True."
        Status(status::ready_means_that_the_gates_are_true);
    "concepts/workloads/pods/sidecar-containers/#sidecar-containers-and-pod-lifecycle"
        "its result will be used to determine the ready state of the Pod"
        Status(status::containers_ready_includes_sidecars);
    "concepts/workloads/pods/init-containers/#detailed-behavior"
        "A Pod cannot be Ready until all init containers have succeeded."
        Status(status::ready_means_initialized);
    "concepts/workloads/pods/pod-lifecycle/#pod-has-network"
        "True by the kubelet after the successful completion of sandbox creation and network configuration"
        Status(status::ready_to_start_containers_means_a_network);
    "concepts/workloads/pods/pod-lifecycle/#pod-conditions"
        "lastTransitionTime: Timestamp for when the Pod last transitioned from one status to another."
        Write(status::a_transition_is_not_older_than_the_one_before);
    "concepts/workloads/pods/disruptions/#pod-disruption-conditions"
        "TerminationByKubelet: Pod has been terminated by the kubelet, because of either node pressure eviction, [...]"
        Status(status::a_disruption_has_a_cause);

    // --- Termination ---
    "concepts/workloads/pods/pod-lifecycle/#termination-with-sidecars"
        "the kubelet will delay sending the TERM signal to these sidecar containers until the last main container has fully \
         terminated"
        Action(termination::sidecars_stop_after_the_main_containers);
    "concepts/workloads/pods/pod-lifecycle/#termination-with-sidecars"
        "The sidecar containers will be terminated in the reverse order they are defined in the Pod spec."
        Action(termination::sidecars_stop_in_reverse_order);
    "concepts/workloads/pods/pod-lifecycle/#pod-termination-flow"
        "If one of the Pod's containers has defined a preStop hook [...], the kubelet runs that hook inside of the container."
        Action(termination::a_pre_stop_hook_runs_before_the_stop);
    "concepts/containers/container-lifecycle-hooks/#container-hooks"
        "It is blocking, meaning it is synchronous, so it must complete before the call to delete the container can be sent."
        Action(termination::a_stop_waits_for_the_pre_stop_hook);
    "concepts/workloads/pods/pod-lifecycle/#pod-phase"
        "the kubelet transitions deleted Pods [...] to a terminal phase [...] before their deletion from the API server"
        Deletion(termination::a_deleted_pod_is_terminal_first);
};

impl Observed {
    /// Judges a step by every sentence, and records it.
    ///
    /// # Errors
    ///
    /// The violation begins with the page and the quotation.
    pub fn check(&mut self, step: &StepRecord<'_>) -> Result<(), Violation> {
        self.record_input(step);
        let mut has_written = false;
        for output in step.out {
            match output {
                Output::Action(action) => {
                    self.judge(|property, seen| {
                        let Property::Action(holds) = property else { return Ok(()) };
                        holds(seen, step, action)
                    })?;
                    self.record_action(action, step.now);
                }
                Output::Event(event) => self.judge(|property, seen| {
                    let Property::Event(holds) = property else { return Ok(()) };
                    holds(seen, step, event)
                })?,
                Output::DeleteObject => self.judge(|property, seen| {
                    let Property::Deletion(holds) = property else { return Ok(()) };
                    holds(seen, step)
                })?,
                Output::Published => has_written = true,
                Output::Transition(_) => {}
            }
        }
        // Nothing is written for an object that is gone, whatever the kubelet computes.
        if !step.after.is_gone() {
            self.judge(|property, seen| {
                let (Property::Status(holds) | Property::Write(holds)) = property else { return Ok(()) };
                if has_written || matches!(property, Property::Status(_)) { holds(seen, step) } else { Ok(()) }
            })?;
        }
        self.record_status(step, has_written);
        Ok(())
    }

    fn judge(&self, of: impl Fn(Property, &Observed) -> Result<(), Violation>) -> Result<(), Violation> {
        if self.is_unreliable() {
            return Ok(());
        }
        DOCUMENTED.iter().try_for_each(|sentence| {
            let Sentence { page, quote, property } = *sentence;
            of(property, self).map_err(|violation| alloc::format!("\"{quote}\" ({page}): {violation}"))
        })
    }
}
