//! Generators of events, including those that a Pod refuses.

use alloc::{boxed::Box, sync::Arc};

use proptest::{collection, option, prelude::*, sample};

use super::{
    container::{EXIT_CODES, outcome},
    pod::GATES,
};
use crate::{
    api::{ConditionStatus, Name, PodCondition, PodPhase},
    event::{
        ApiEvent, BoundVolume, ContainerExit, Event, Failure, HookKind, NodeEvent, RuntimeEvent, VolumeAttachment,
    },
    spec::{ContainerIndex, PodSpec, ProbeKind, VolumeIndex},
    state::{
        Instance, InstanceId, InstanceState, RuntimeStatus, Sandbox, SandboxId, StartError, Termination,
        TerminationReason,
    },
    time::Timestamp,
};

/// Generates any event, about containers, instances and sandboxes that a Pod of this spec may or may not have.
///
/// Most of them are refused, and a refused event changes nothing.
pub fn event(spec: Arc<PodSpec>) -> impl Strategy<Value = Event> {
    let count = spec.container_count();
    prop_oneof![
        // Weights follow a node's traffic: the runtime reports most, the node itself least.
        6 => runtime_event(count).prop_map(Event::Runtime),
        2 => api_event(spec).prop_map(Event::Api),
        1 => node_event().prop_map(Event::Node),
    ]
    .boxed()
}

/// Generates the exit of a container.
pub fn exit() -> impl Strategy<Value = ContainerExit> {
    let reason = prop_oneof![
        6 => Just(None),
        1 => Just(Some(TerminationReason::OomKilled)),
        1 => Just(Some(TerminationReason::Other("".into()))),
        1 => Just(Some(TerminationReason::ContainerCannotRun)),
    ];
    (sample::select(&EXIT_CODES[..]), reason, option::weighted(0.1, text()))
        .prop_map(|(code, reason, message)| ContainerExit {
            reason: reason.unwrap_or_else(|| TerminationReason::of_exit(code)),
            message,
            ..ContainerExit::with_code(code)
        })
        .boxed()
}

/// Generates a runtime's listing for a Pod with this many containers. Instances and sandboxes need not match.
pub fn runtime_status(containers: usize) -> impl Strategy<Value = RuntimeStatus> {
    (collection::vec(sandbox(), 0..=2), collection::vec(instance(containers), 0..=5))
        .prop_map(|(mut sandboxes, instances)| {
            // Mostly as a runtime lists them, the newest first; the rest is refused.
            if instances.len() != 5 {
                sandboxes.sort_by_key(|sandbox: &Sandbox| core::cmp::Reverse(sandbox.attempt));
            }
            RuntimeStatus { sandboxes, instances }
        })
        .boxed()
}

fn runtime_event(count: usize) -> impl Strategy<Value = RuntimeEvent> {
    let container = move || container(count);
    prop_oneof![
        (sandbox_id(), option::of(any::<bool>()))
            .prop_map(|(sandbox, has_ip)| RuntimeEvent::SandboxCreated { sandbox, has_ip }),
        (sandbox_id(), text()).prop_map(|(sandbox, message)| RuntimeEvent::SandboxFailed { sandbox, message }),
        sandbox_id().prop_map(|sandbox| RuntimeEvent::SandboxDied { sandbox }),
        (container(), prop::result::maybe_err(any::<bool>(), text()))
            .prop_map(|(container, result)| RuntimeEvent::ImageInspected { container, result }),
        (container(), prop::result::maybe_err(any::<u64>(), failure()))
            .prop_map(|(container, result)| RuntimeEvent::ImagePulled { container, result }),
        (container(), instance_id(), prop::result::maybe_err(Just(()), failure()))
            .prop_map(|(container, instance, result)| RuntimeEvent::ContainerCreated { container, instance, result }),
        (container(), instance_id(), option::weighted(0.2, seconds()), prop::result::maybe_err(Just(()), failure()))
            .prop_map(|(container, instance, started_at, result)| RuntimeEvent::ContainerStarted {
                container,
                instance,
                started_at,
                result
            }),
        (container(), instance_id(), exit()).prop_map(|(container, instance, exit)| RuntimeEvent::ContainerExited {
            container,
            instance,
            exit
        }),
        (container(), instance_id())
            .prop_map(|(container, instance)| RuntimeEvent::ContainerStopped { container, instance }),
        (container(), instance_id(), one_of::<HookKind>(), prop::result::maybe_err(Just(()), text())).prop_map(
            |(container, instance, hook, result)| RuntimeEvent::HookFinished { container, instance, hook, result }
        ),
        (container(), instance_id(), one_of::<ProbeKind>(), outcome(), text()).prop_map(
            |(container, instance, kind, outcome, output)| RuntimeEvent::ProbeFinished {
                container,
                instance,
                kind,
                outcome,
                output
            }
        ),
        volume_event(),
        runtime_status(count).prop_map(RuntimeEvent::Relisted),
    ]
    .boxed()
}

/// Generates an event of a volume that the Pod may or may not have.
fn volume_event() -> impl Strategy<Value = RuntimeEvent> {
    let volume = || (0..=3_u16).prop_map(VolumeIndex::from);
    let bound = (text(), option::of(one_of::<VolumeAttachment>()))
        .prop_map(|(name, attachment)| BoundVolume { name, attachment });
    prop_oneof![
        (volume(), prop::result::maybe_err(bound, text()))
            .prop_map(|(volume, result)| RuntimeEvent::ClaimFetched { volume, result }),
        (volume(), one_of::<VolumeAttachment>())
            .prop_map(|(volume, attachment)| RuntimeEvent::VolumeAttachmentChanged { volume, attachment }),
        (volume(), prop::result::maybe_err(Just(()), text()))
            .prop_map(|(volume, result)| RuntimeEvent::VolumeSetUp { volume, result }),
        (volume(), prop::result::maybe_err(any::<bool>(), text()))
            .prop_map(|(volume, result)| RuntimeEvent::VolumeImageInspected { volume, result }),
        (volume(), prop::result::maybe_err(any::<u64>(), failure()))
            .prop_map(|(volume, result)| RuntimeEvent::VolumeImagePulled { volume, result }),
        (volume(), prop::result::maybe_err(Just(()), text()))
            .prop_map(|(volume, result)| RuntimeEvent::VolumeTornDown { volume, result }),
    ]
    .boxed()
}

fn api_event(spec: Arc<PodSpec>) -> impl Strategy<Value = ApiEvent> {
    prop_oneof![
        2 => (grace(), option::of(0..=9_i64))
            .prop_map(|(grace_seconds, generation)| ApiEvent::Deleted { grace_seconds, generation }),
        1 => Just(ApiEvent::Removed),
        3 => condition().prop_map(ApiEvent::ConditionSet),
        // The Pod's own spec changes nothing; that of another Pod changes immutable fields and is refused.
        1 => Just(ApiEvent::SpecChanged(spec)),
        1 => super::pod::spec().prop_map(ApiEvent::SpecChanged),
        1 => sample::select(&GATES[..])
            .prop_map(|condition| ApiEvent::ConditionRemoved { condition_type: condition.into() }),
        1 => one_of::<PodPhase>().prop_map(ApiEvent::Ended),
    ]
    .boxed()
}

fn node_event() -> impl Strategy<Value = NodeEvent> {
    let eviction = (text(), option::of(grace()), any::<bool>());
    prop_oneof![
        Just(NodeEvent::KubeletRestarted),
        eviction.prop_map(|(message, grace_seconds, is_disruption)| {
            NodeEvent::Evicted { message, grace_seconds, is_disruption }
        }),
        Just(NodeEvent::Preempted),
        text().prop_map(|message| NodeEvent::NetworkNotReady { message }),
        Just(NodeEvent::NetworkReady),
        super::pod::node().prop_map(NodeEvent::InfoChanged),
        option::of(grace()).prop_map(|grace_seconds| NodeEvent::ShutDown { grace_seconds }),
    ]
    .boxed()
}

/// Generates a condition that a controller outside the kubelet sets.
fn condition() -> impl Strategy<Value = PodCondition> {
    (sample::select(&GATES[..]), one_of::<ConditionStatus>())
        .prop_map(|(condition, status)| PodCondition {
            type_: condition.into(),
            observed_generation: 0,
            status: status.into(),
            last_probe_time: None,
            last_transition_time: None,
            reason: "".into(),
            message: "".into(),
        })
        .boxed()
}

fn instance(containers: usize) -> impl Strategy<Value = Instance> {
    // Some instances are of no container of the spec, such as those of an older object.
    let names = (option::weighted(0.9, container(containers)), instance_id(), sandbox_id());
    (names, 0..=3_i32, any::<bool>(), instance_state())
        .prop_map(|((container, id, sandbox), restart_count, spec_changed, state)| Instance {
            id,
            container,
            sandbox,
            restart_count,
            spec_changed,
            state,
        })
        .boxed()
}

fn instance_state() -> impl Strategy<Value = InstanceState> {
    prop_oneof![
        Just(InstanceState::Created),
        option::of(seconds()).prop_map(|started_at| InstanceState::Running { started_at }),
        (exit(), option::of(seconds())).prop_map(|(exit, finished_at)| {
            let ContainerExit { code: exit_code, reason, message, signal, .. } = exit;
            let (started_at, instance) = (finished_at, None);
            InstanceState::Exited(Arc::new(Termination {
                exit_code,
                reason,
                message,
                signal,
                started_at,
                finished_at,
                instance,
            }))
        }),
        Just(InstanceState::Unknown),
    ]
    .boxed()
}

fn sandbox() -> impl Strategy<Value = Sandbox> {
    (sandbox_id(), any::<bool>(), any::<bool>(), option::of(any::<bool>())).prop_map(
        |(id, is_ready, uses_host_network, has_ip)| Sandbox { id, attempt: id.0, is_ready, uses_host_network, has_ip },
    )
}

fn container(count: usize) -> impl Strategy<Value = ContainerIndex> {
    // One index too many: the event is then about a container that the Pod does not have.
    let missing = u16::try_from(count).unwrap_or(u16::MAX);
    (0..=missing).prop_map(ContainerIndex::from)
}

fn instance_id() -> impl Strategy<Value = InstanceId> {
    // Few ordinals, so that many events are about an instance that exists.
    (0..=3_u32).prop_map(InstanceId::nth)
}

fn sandbox_id() -> impl Strategy<Value = SandboxId> {
    (0..=2_u32).prop_map(SandboxId)
}

fn grace() -> impl Strategy<Value = i64> {
    // 0 and negative ones have rules of their own: a negative one counts as 1.
    prop_oneof![1 => Just(0), 1 => Just(-1), 6 => 1..=60_i64]
}

fn failure() -> impl Strategy<Value = Failure> {
    let error = prop_oneof![
        8 => sample::select(StartError::KNOWN),
        1 => text().prop_map(|word| StartError::from(&*word)),
    ];
    (error, text()).prop_map(|(error, message)| Failure { error, message }).boxed()
}

fn text() -> impl Strategy<Value = Box<str>> {
    sample::select(&["", "no", "it broke"][..]).prop_map(Box::from)
}

fn seconds() -> impl Strategy<Value = Timestamp> {
    (0..=100_i64).prop_map(Timestamp::from_unix_seconds)
}

fn one_of<T: Name + core::fmt::Debug>() -> impl Strategy<Value = T> {
    sample::select(T::ALL.to_vec())
}
