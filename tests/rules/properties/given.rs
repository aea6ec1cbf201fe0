//! Generated input of the rules: statuses, runtimes, numbers of cases.

use std::sync::Arc;

use pod_lifecycle::{
    Timestamp,
    spec::{ContainerIndex, PodSpec},
    state::{
        ContainerRecord, FailureMessage, Instance, InstanceId, InstanceState, RecordedState, RuntimeStatus, Sandbox,
        SandboxId, StartError, StartFailure, Termination, TerminationReason, Waiting,
    },
    testkit,
};
use proptest::{collection, option, prelude::*, test_runner::FileFailurePersistence};

/// What is known of the containers of a spec, by index.
pub(crate) type Records = Vec<Option<ContainerRecord>>;

/// So many cases, times `POD_LIFECYCLE_CASES`.
pub(crate) fn cases(usual: u32) -> ProptestConfig {
    let factor = std::env::var("POD_LIFECYCLE_CASES").ok().and_then(|factor| factor.parse().ok()).unwrap_or(1);
    ProptestConfig {
        cases: usual * factor,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    }
}

/// A spec, and what may be reported of its containers.
pub(crate) fn reported() -> impl Strategy<Value = (Arc<PodSpec>, Records)> {
    testkit::spec().prop_flat_map(|spec| {
        let records = collection::vec(option::weighted(0.9, record()), spec.container_count());
        (Just(spec), records)
    })
}

/// A spec, and a runtime whose instances are of its containers and in one of its sandboxes.
pub(crate) fn known() -> impl Strategy<Value = (Arc<PodSpec>, RuntimeStatus)> {
    testkit::spec().prop_flat_map(|spec| {
        let instances: Vec<_> = (0..u16::try_from(spec.container_count()).unwrap())
            .map(|place| collection::vec(state(), 0..=2).prop_map(move |states| instances(place.into(), states)))
            .collect();
        let runtime = (sandboxes(), instances).prop_map(|(sandboxes, instances)| RuntimeStatus {
            sandboxes,
            instances: instances.into_iter().flatten().collect(),
        });
        (Just(spec), runtime)
    })
}

/// Instances of one container, newest first.
fn instances(container: ContainerIndex, states: Vec<InstanceState>) -> Vec<Instance> {
    let count = u32::try_from(states.len()).unwrap();
    let instance = |(age, state): (u32, InstanceState)| Instance {
        id: InstanceId::nth(count - age),
        container: Some(container),
        sandbox: SandboxId(0),
        restart_count: (count - age).cast_signed(),
        spec_changed: false,
        state,
    };
    (1..=count).zip(states).map(instance).collect()
}

fn sandboxes() -> impl Strategy<Value = Vec<Sandbox>> {
    let sandbox = (any::<bool>(), prop::bool::weighted(0.1), option::weighted(0.7, prop::bool::weighted(0.9)));
    collection::vec(sandbox, 0..=3).prop_map(|sandboxes| {
        let count = u32::try_from(sandboxes.len()).unwrap();
        let sandbox = |(age, (is_ready, uses_host_network, has_ip))| {
            let attempt = count - age;
            Sandbox { id: SandboxId(attempt), attempt, is_ready, uses_host_network, has_ip }
        };
        (1..=count).zip(sandboxes).map(sandbox).collect()
    })
}

fn state() -> impl Strategy<Value = InstanceState> {
    prop_oneof![
        1 => Just(InstanceState::Created),
        4 => Just(InstanceState::Running { started_at: Some(Timestamp::UNIX_EPOCH) }),
        4 => end().prop_map(InstanceState::Exited),
        1 => Just(InstanceState::Unknown),
    ]
}

fn end() -> impl Strategy<Value = Arc<Termination>> {
    let reason = prop_oneof![8 => Just(None), 1 => Just(Some(TerminationReason::RestartingAllContainers))];
    (testkit::exit(), reason).prop_map(|(exit, reason)| {
        Arc::new(Termination {
            exit_code: exit.code,
            reason: reason.unwrap_or(exit.reason),
            message: exit.message,
            signal: None,
            started_at: None,
            finished_at: Some(Timestamp::UNIX_EPOCH),
            instance: None,
        })
    })
}

fn record() -> impl Strategy<Value = ContainerRecord> {
    let failure = StartFailure { error: StartError::ErrImagePull, message: FailureMessage::Text("no".into()) };
    let state = prop_oneof![
        1 => Just(None),
        2 => Just(Some(RecordedState::Waiting(Waiting::ContainerCreating))),
        1 => Just(Some(RecordedState::Waiting(Waiting::Failed(Arc::new(failure))))),
        4 => Just(Some(RecordedState::Running { started_at: None })),
        4 => end().prop_map(|end| Some(RecordedState::Terminated(end))),
    ];
    let last_state = option::weighted(0.3, end().prop_map(RecordedState::Terminated));
    (state, last_state, option::of(any::<bool>()), any::<bool>()).prop_map(|(state, last_state, started, ready)| {
        ContainerRecord { state, last_state, restart_count: 0, instance: None, started, ready }
    })
}
