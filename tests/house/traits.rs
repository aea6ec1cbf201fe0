//! What can be done with every type that users hold: it is shown, compared, sent to another thread, and kept.

use std::{fmt::Debug, fmt::Display, str::FromStr};

use pod_lifecycle::{
    Action, Change, ContainerStateKind, EventReason, EventType, KubernetesEvent, Output, PodMachine, ResumeError,
    SyncKind, SyncProgress, Timers, Timestamp, Transition, Wake, WorkerState,
    api::{
        ConditionStatus, Container, FieldError, ImagePullPolicy, Name, Named, ObjectMeta, OsName, PodManifest,
        PodPhase, PodQosClass, PodStatus, Protocol, RestartPolicy, UnknownName, UriScheme, WorkloadError, WorkloadKind,
    },
    config::{BackOffLimits, KubeletConfig, Kubernetes, Timing},
    event::{ApiEvent, ContainerExit, Event, EventError, Failure, HookKind, NodeEvent, RuntimeEvent},
    object::{Deletion, ObjectError, PodObject},
    rule::probe::{ProbeOutcome, ProbeResult},
    spec::{ContainerIndex, PodSpec, ProbeKind, SpecError},
    state::{
        ConditionReason, ConditionType, Instance, InstanceId, InstanceState, PodReason, RuntimeStatus, Sandbox,
        SandboxId, StartError, Termination, TerminationReason,
    },
    status::{EventCorrelator, EventObject, RecordedEvent, StatusPatch},
};
#[cfg(feature = "explain")]
use pod_lifecycle::{
    budget::Budget,
    explain::{Explanation, ObserveError, ObservedPod},
};
use serde::{Serialize, de::DeserializeOwned};

/// Public values can be shown, copied, and sent to another thread.
fn is_common<T: Debug + Clone + Send + Sync + 'static>() {}
/// Two of them can be compared, as tests do.
fn is_compared<T: Eq>() {}
/// It is written and read again.
fn is_kept<T: Serialize + DeserializeOwned>() {}
/// Its name is Kubernetes' own, and is read again.
fn is_named<T: Name + Debug + Display + FromStr + Serialize + DeserializeOwned + Ord + std::hash::Hash>()
where
    <T as FromStr>::Err: std::error::Error,
{
    for value in T::ALL {
        assert_eq!(value.to_string(), value.name());
        assert!(value.name().parse::<T>().is_ok_and(|read| read == *value));
        assert_eq!(Named::Known(*value), *value);
    }
    let error = "no such name".parse::<T>().map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("no such name") && error.contains(T::ALL[0].name()), "{error}");
}
/// It can be returned by `main`, and by threads.
fn is_error<T: std::error::Error + Clone + Send + Sync + 'static>() {}

macro_rules! each {
    ($check:ident: $($ty:ty),+ $(,)?) => { $($check::<$ty>();)+ };
}

#[test]
fn what_users_hold_is_shown_copied_sent_and_compared() {
    macro_rules! held {
        ($($ty:ty),+ $(,)?) => { each!(is_common: $($ty),+); each!(is_compared: $($ty),+); };
    }
    held!(PodMachine, PodObject, PodSpec, PodManifest, PodStatus, ObjectMeta, Container, Named<PodPhase>);
    held!(
        Action,
        Output,
        Transition,
        Change,
        KubernetesEvent,
        SyncProgress,
        Wake,
        WorkerState,
        Timers<String>,
        Timestamp
    );
    held!(Event, RuntimeEvent, ApiEvent, NodeEvent, Failure, ContainerExit, Termination, Deletion);
    held!(RuntimeStatus, Sandbox, Instance, InstanceState, KubeletConfig, Timing, Kubernetes, BackOffLimits);
    held!(StatusPatch, EventObject, ContainerIndex, InstanceId, SandboxId);
    #[cfg(feature = "explain")]
    held!(ObservedPod, Explanation, Budget);
    each!(is_common: EventCorrelator);
    each!(is_error: EventError, ObjectError, ResumeError, SpecError);
    #[cfg(feature = "explain")]
    each!(is_error: ObserveError);
    each!(is_error: FieldError, WorkloadError, UnknownName);
}

#[test]
fn what_goes_in_and_what_comes_out_is_kept_and_read_again() {
    each!(is_kept: Action, Output, Transition, Change, KubernetesEvent, RecordedEvent, SyncProgress, SyncKind, PodSpec);
    each!(is_kept: Event, RuntimeEvent, ApiEvent, NodeEvent, Failure, ContainerExit);
    each!(is_kept: RuntimeStatus, Sandbox, Instance, InstanceState, Termination);
    each!(is_kept: KubeletConfig, Timing, Kubernetes, BackOffLimits);
    each!(is_kept: PodManifest, PodStatus, Container, EventObject, StatusPatch, Timestamp);
    each!(is_kept: ContainerIndex, InstanceId, SandboxId, Named<PodPhase>);
}

#[cfg(feature = "sim")]
#[test]
fn scenarios_and_what_comes_of_them_are_kept_and_read_again() {
    use pod_lifecycle::sim::{
        Distribution, DistributionError, EntryKind, FleetError, FleetScenario, Histogram, Histograms, Occurrence,
        PodCounts, RandomScript, Scenario, ScenarioError, Script, ScriptAction, Settings, Timeline, TimelineEntry,
    };
    each!(is_kept: Scenario, Script, ScriptAction, RandomScript, Distribution, Settings, FleetScenario);
    each!(is_kept: Timeline, TimelineEntry, EntryKind, Occurrence, PodCounts, Histograms, Histogram);
    each!(is_common: Scenario, Timeline, FleetScenario, PodCounts, Histograms, Histogram);
    each!(is_error: ScenarioError, DistributionError, FleetError);
}

#[cfg(feature = "snapshot")]
#[test]
fn snapshots_are_kept_and_read_again() {
    each!(is_kept: pod_lifecycle::PodSnapshot);
    each!(is_error: pod_lifecycle::SnapshotError);
    #[cfg(feature = "sim")]
    each!(is_kept: pod_lifecycle::sim::SimulationSnapshot);
    #[cfg(feature = "sim")]
    each!(is_error: pod_lifecycle::sim::SimulationSnapshotError);
}

#[test]
fn closed_sets_of_names_are_printed_and_read_by_them() {
    each!(is_named: PodPhase, ConditionStatus, PodQosClass, RestartPolicy, ImagePullPolicy, Protocol, UriScheme, OsName);
    each!(is_named: ConditionType, ContainerStateKind, EventType, EventReason, SyncKind, HookKind, WorkerState);
    each!(is_named: ProbeOutcome, ProbeResult, ProbeKind, WorkloadKind, ConditionReason);
}

#[test]
fn open_sets_of_names_keep_any_word() {
    for word in ["CrashLoopBackOff", "OOMKilled", "Evicted", "Tomorrow"] {
        assert_eq!(StartError::from(word).to_string(), word);
        assert_eq!(word.parse::<TerminationReason>().unwrap().to_string(), word);
        assert_eq!(PodReason::from(word).as_str(), word);
    }
}

#[test]
fn numbers_are_shown_as_the_documentation_counts_them() {
    assert_eq!(format!("{:?}", ContainerIndex::from(0)), "ContainerIndex(0)");
    assert_eq!(format!("{:?}", InstanceId::nth(0)), "InstanceId(0)");
    assert_eq!(format!("{} {} {}", ContainerIndex::from(1), InstanceId::nth(2), SandboxId(3)), "1 2 3");
}

#[test]
fn what_happened_comes_back_to_the_microsecond() {
    let at = Timestamp::from_unix_micros(1_772_366_400_123_456);
    let mut exit = ContainerExit::with_code(137);
    exit.started_at = Some(at);
    let event =
        Event::Runtime(RuntimeEvent::ContainerExited { container: 0.into(), instance: InstanceId::nth(1), exit });
    let written = serde_json::to_string(&event).unwrap();
    assert_eq!(serde_json::from_str::<Event>(&written).unwrap(), event, "{written}");
}
