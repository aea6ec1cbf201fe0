//! Pod actions: properties.

use pod_lifecycle::{
    rule::{
        container_status::{self, StatusInputs},
        pod_actions::{self, SyncInputs},
        sandbox,
    },
    spec::ContainerKind,
    state::{InstanceState, RecordedState},
};
use proptest::prelude::*;

use super::given::{cases, known};

proptest! {
    #![proptest_config(cases(1_500))]

    #[test]
    fn actions_of_one_sync_do_not_contradict_one_another(
        (spec, runtime) in known(),
        is_deleting in any::<bool>(),
        is_restarting_all in prop::bool::weighted(0.1),
    ) {
        let mut inputs = SyncInputs::new(&spec, &runtime);
        (inputs.is_deleting, inputs.is_restarting_all) = (is_deleting, is_restarting_all);
        let actions = pod_actions::compute_pod_actions(&inputs);
        let newest = |index| runtime.newest(index).map(|instance| &instance.state);
        let is_running = |index| matches!(newest(index), Some(InstanceState::Running { .. }));
        let is_killed = |index| actions.kill_pod || actions.kill.iter().any(|kill| kill.container == index);
        for &index in actions.start.iter().chain(&actions.start_init) {
            prop_assert!(!is_running(index) || is_killed(index), "{index:?} runs and is started");
        }
        for kill in &actions.kill {
            let is_known = runtime.instances_of(kill.container).any(|instance| instance.id == kill.instance);
            prop_assert!(is_known, "{kill:?} is of an unknown instance");
        }
        let starts_regular = actions.start.iter().all(|&index| spec.is_regular(index));
        prop_assert!(starts_regular && actions.start.is_sorted() && actions.start_init.is_sorted());
        let init_starts = actions.start_init.iter().filter_map(|&index| spec.container(index));
        let to_completion = init_starts.filter(|container| container.kind() == ContainerKind::Init).count();
        prop_assert!(to_completion <= 1, "init containers run one after the other");
        prop_assert!(!actions.create_sandbox || actions.kill_pod, "a new sandbox ends the old one");
        prop_assert!(!sandbox::pod_sandbox_changed(&spec, &runtime).must_create || actions.create_sandbox || actions.start.is_empty());
        if is_restarting_all {
            prop_assert!(actions.start.is_empty() && actions.start_init.is_empty() && actions.kill.is_empty());
        }
        if is_deleting && !sandbox::pod_sandbox_changed(&spec, &runtime).must_create {
            let revived = actions.start.iter().find(|&&index| !is_killed(index));
            prop_assert_eq!(revived, None, "the Pod is being deleted");
        }
    }

    /// Every container is reported; its state is that of its newest instance, and its last that of the one before.
    #[test]
    fn each_container_is_reported_as_the_runtime_has_it((spec, runtime) in known(), is_deleting in any::<bool>()) {
        let mut inputs = StatusInputs::new(&spec, &runtime);
        inputs.is_deleting = is_deleting;
        let records = container_status::container_records(&inputs);
        prop_assert_eq!(records.len(), spec.container_count());
        for (index, _) in spec.containers() {
            let record = records[index.get()].as_ref().unwrap();
            let mut instances = runtime.instances_of(index);
            let (newest, second) = (instances.next(), instances.next());
            let Some(newest) = newest else {
                prop_assert_eq!(record.instance, None);
                continue;
            };
            let agrees = match &newest.state {
                InstanceState::Running { .. } => record.is_running(),
                InstanceState::Exited(end) => record.state == Some(RecordedState::Terminated(end.clone())),
                InstanceState::Created | InstanceState::Unknown => record.is_waiting(),
            };
            prop_assert!(agrees, "{newest:?} is reported as {record:?}");
            prop_assert_eq!(record.restart_count, newest.restart_count);
            prop_assert_eq!(record.last_state.is_some(), second.is_some());
        }
    }
}
