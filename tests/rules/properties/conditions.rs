//! Pod conditions: properties.

use pod_lifecycle::{
    api::{ConditionStatus, PodPhase},
    rule::conditions,
    spec::ContainerKind,
    state::{Condition, ConditionReason},
};
use proptest::{collection, option, prelude::*, sample};

use super::given::{cases, known, reported};

fn phase() -> impl Strategy<Value = PodPhase> {
    sample::select(&[PodPhase::Pending, PodPhase::Running, PodPhase::Succeeded, PodPhase::Failed][..])
}

proptest! {
    #![proptest_config(cases(1_000))]

    /// True iff every sidecar and regular container is reported ready, and the Pod has not ended.
    #[test]
    fn containers_are_ready_when_each_is((spec, records) in reported(), phase in phase()) {
        let condition = conditions::containers_ready(&spec, Some(&records), phase);
        let lasting = spec.sidecars().chain(spec.regular_containers()).map(|(index, _)| &records[index.get()]);
        let lasting: Vec<_> = lasting.collect();
        let all_known = lasting.iter().all(|record| record.is_some());
        let all_ready = lasting.iter().all(|record| record.as_ref().is_some_and(|record| record.ready));
        let reason = if phase == PodPhase::Failed {
            Some(ConditionReason::PodFailed)
        } else if phase == PodPhase::Succeeded && all_known {
            Some(ConditionReason::PodCompleted)
        } else {
            (!all_ready).then_some(ConditionReason::ContainersNotReady)
        };
        prop_assert_eq!(condition.is_true(), reason.is_none());
        prop_assert_eq!(condition.reason, reason);
    }

    /// A Pod is ready when its containers are and every gate is true.
    #[test]
    fn a_pod_is_ready_when_its_gates_are_true(
        (spec, _) in reported(),
        containers_ready in any::<bool>(),
        gates in collection::vec(option::of(sample::select(
            &[ConditionStatus::True, ConditionStatus::False, ConditionStatus::Unknown][..]
        )), 2),
    ) {
        let given = if containers_ready {
            Condition::plain(true)
        } else {
            Condition::because(false, ConditionReason::ContainersNotReady)
        };
        let ready = conditions::ready(&spec, &given, |gate, _| gates[gate]);
        let open = (0..spec.readiness_gates().len()).all(|gate| gates[gate] == Some(ConditionStatus::True));
        prop_assert_eq!(ready.is_true(), containers_ready && open);
        if !containers_ready {
            prop_assert_eq!(ready, given);
        }
    }

    /// Initialized means: all init containers have completed and all sidecars have started, now or once, or a regular
    /// container has run.
    #[test]
    fn a_pod_is_initialized_when_its_init_containers_have_succeeded(
        (spec, records) in reported(),
        was_initialized in any::<bool>(),
    ) {
        let of = |index: pod_lifecycle::spec::ContainerIndex| records[index.get()].as_ref();
        let is_done = spec.init_containers().all(|(index, container)| {
            let is_sidecar = container.kind() == ContainerKind::Sidecar;
            of(index).is_some_and(|record| if is_sidecar { record.started == Some(true) } else { record.ready })
        });
        let has_run = spec
            .regular_containers()
            .filter_map(|(index, _)| of(index))
            .any(|record| record.is_running() || record.termination().is_some());
        let condition = conditions::initialized(&spec, Some(&records), PodPhase::Running, was_initialized);
        prop_assert_eq!(condition.is_true(), was_initialized || is_done || has_run);
    }

    /// The newest sandbox is the only ready one, on the right network, with an address.
    #[test]
    fn a_pod_is_ready_to_start_containers_in_a_ready_sandbox((spec, runtime) in known()) {
        let ready = runtime.sandboxes.iter().filter(|sandbox| sandbox.is_ready).count();
        let is_sound = runtime.sandboxes.first().is_some_and(|newest| {
            newest.is_ready
                && ready == 1
                && newest.uses_host_network == spec.uses_host_network()
                && (spec.uses_host_network() || newest.has_ip != Some(false))
        });
        prop_assert_eq!(conditions::pod_ready_to_start_containers(&spec, &runtime).is_true(), is_sound);
    }
}
