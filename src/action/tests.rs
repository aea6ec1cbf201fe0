use core::{fmt::Debug, time::Duration};

use serde::de::DeserializeOwned;

use super::*;

fn is_read_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(told: &T) {
    let written = serde_json::to_string(told).unwrap();
    assert_eq!(serde_json::from_str::<T>(&written).unwrap(), *told, "{written}");
}

#[test]
fn whatever_comes_out_of_a_pod_is_read_back_as_it_was_written() {
    let (container, instance, sandbox) = (ContainerIndex::from(1), InstanceId::nth(0), SandboxId(3));
    let at = Timestamp::from_unix_seconds(1_772_366_400) + Duration::from_micros(1);
    is_read_back(&[
        Action::RunPodSandbox { sandbox },
        Action::PullImage { container },
        Action::CreateContainer { container, instance, restart_count: 4 },
        Action::RunHook { container, instance, hook: HookKind::PreStop },
        Action::Probe { container, instance, kind: ProbeKind::Readiness },
    ]);
    let condition = Change::Condition {
        condition: ConditionType::Ready,
        from: Some(ConditionStatus::False),
        to: ConditionStatus::True,
        reason: Some(ConditionReason::PodCompleted),
    };
    let (from, to) = (None, ContainerStateKind::Waiting);
    for change in [condition, Change::Container { container, from, to, instance: Some(instance) }] {
        is_read_back(&Transition { at, change });
    }
    let (type_, reason) = (EventType::Warning, "NodeAffinity".into());
    is_read_back(&KubernetesEvent { at, type_, reason, container: None, message: "no".into() });
    is_read_back(&SyncProgress::Began { kind: SyncKind::Terminating, grace: Some(Duration::from_secs(30)) });
}
