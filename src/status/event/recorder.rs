//! From what a Pod tells to what the API stores.

use alloc::{
    format,
    string::{String, ToString},
};

use super::{
    correlator::{Correlated, EventCorrelator},
    object::{EventObject, EventSource, ObjectReference},
};
use crate::{
    action::{EventReason, KubernetesEvent},
    api::{Name, ObjectMeta},
    spec::{ContainerIndex, ContainerKind, PodSpec},
    time::Timestamp,
};

/// Makes the API's events of what Pods tell, and says what is to be done with each: one for a whole node.
///
/// Answers to `EventRecorder` and `EventBroadcaster` in `k8s.io/client-go/tools/record`, without what is sent.
///
/// ```
/// use std::sync::Arc;
/// use pod_lifecycle::{
///     Action, Output, PodMachine, Timestamp, config::KubeletConfig, event::{Event, RuntimeEvent}, api, spec::PodSpec,
///     state::SandboxId, status::{Correlated, EventRecorder},
/// };
///
/// let manifest: api::PodManifest = serde_json::from_str(r#"{
///     "metadata": {"name": "web", "namespace": "shop", "uid": "5f0c"},
///     "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}
/// }"#)?;
/// let spec = Arc::new(PodSpec::from_admitted(&manifest)?);
/// let noon: Timestamp = "2026-03-01T12:00:00Z".parse()?;
/// let mut out = Vec::new();
/// let mut pod = PodMachine::new(spec, Arc::new(KubeletConfig::default()), noon, &mut out);
/// let failed = RuntimeEvent::SandboxFailed { sandbox: SandboxId(0), message: "no network".into() };
/// out.clear();
/// pod.handle_event(noon, Event::Runtime(failed), &mut out)?;
///
/// let mut recorder = EventRecorder::kubelet("node-1");
/// let told = out.iter().find_map(|output| if let Output::Event(event) = output { Some(event) } else { None });
/// let Correlated::Create(event) = recorder.record(pod.spec(), told.ok_or("it was told")?) else { panic!("it is new") };
/// assert_eq!((&*event.metadata.namespace, &*event.involved_object.uid), ("shop", "5f0c"));
/// assert_eq!((&*event.reason, &*event.source.host), ("FailedCreatePodSandBox", "node-1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct EventRecorder {
    source: EventSource,
    correlator: EventCorrelator,
    /// The instant that the last name was made of, in nanoseconds: each name has one of its own.
    last_named: i64,
}

impl EventRecorder {
    /// The recorder of the kubelet of a node.
    ///
    /// ```
    /// use pod_lifecycle::status::{EventRecorder, EventSource};
    ///
    /// assert_eq!(*EventRecorder::kubelet("node-1").source(), EventSource::kubelet("node-1"));
    /// ```
    #[must_use]
    pub fn kubelet(node: &str) -> EventRecorder {
        EventRecorder { source: EventSource::kubelet(node), correlator: EventCorrelator::new(), last_named: i64::MIN }
    }

    /// Who speaks.
    ///
    /// ```
    /// use pod_lifecycle::status::EventRecorder;
    ///
    /// assert_eq!(EventRecorder::kubelet("node-1").source().host, "node-1");
    /// ```
    #[must_use]
    pub fn source(&self) -> &EventSource {
        &self.source
    }

    /// Says what is to be done in the API with something that a Pod tells: `pod` is its spec.
    ///
    /// What the scheduler and the controllers say keeps them as its source; an agent on a real cluster does not hear
    /// it from here.
    ///
    /// ```
    /// use pod_lifecycle::{
    ///     EventReason, EventType, KubernetesEvent, Timestamp, api::{Name, PodManifest}, spec::PodSpec,
    ///     status::{Correlated, EventRecorder},
    /// };
    ///
    /// let manifest: PodManifest = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#)?;
    /// let spec = PodSpec::from_admitted(&manifest)?;
    /// let unhealthy = KubernetesEvent {
    ///     at: "2026-03-01T12:00:00Z".parse()?,
    ///     type_: EventType::Warning,
    ///     reason: EventReason::Unhealthy.name().into(),
    ///     container: spec.index_of("app"),
    ///     message: "Readiness probe failed".into(),
    /// };
    ///
    /// let mut recorder = EventRecorder::kubelet("node-1");
    /// let Correlated::Create(event) = recorder.record(&spec, &unhealthy) else { panic!("it is new") };
    /// assert_eq!(event.metadata.name, "web.1898b5d9b3d68000");
    /// assert_eq!(event.involved_object.field_path, "spec.containers{app}");
    /// let Correlated::Patch { event, patch } = recorder.record(&spec, &unhealthy) else { panic!("it was said before") };
    /// assert_eq!((&*event.metadata.name, patch.count), ("web.1898b5d9b3d68000", 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn record(&mut self, pod: &PodSpec, event: &KubernetesEvent) -> Correlated {
        let nanos = self.name_at(event.at);
        let object = self.object(pod, event, nanos);
        let combined_nanos = self.name_at(event.at);
        self.correlator.correlate_named(object, event.at, combined_nanos)
    }

    /// Takes an event in as the API server has stored it.
    ///
    /// ```
    /// use pod_lifecycle::status::{EventObject, EventRecorder};
    ///
    /// let mut recorder = EventRecorder::kubelet("node-1");
    /// let before = recorder.clone();
    /// recorder.update_state(&EventObject::default());
    /// assert_ne!(recorder, before);
    /// ```
    pub fn update_state(&mut self, stored: &EventObject) {
        self.correlator.update_state(stored);
    }

    /// An instant in nanoseconds, a little later if a name was made of that one before.
    fn name_at(&mut self, at: Timestamp) -> i64 {
        let nanos = at.unix_micros().saturating_mul(1_000);
        self.last_named = nanos.max(self.last_named.saturating_add(1));
        self.last_named
    }

    fn object(&self, pod: &PodSpec, event: &KubernetesEvent, nanos: i64) -> EventObject {
        let involved_object = reference(pod, event.container);
        let source = controller(&event.reason).unwrap_or_else(|| self.source.clone());
        EventObject {
            api_version: "v1".into(),
            kind: "Event".into(),
            metadata: in_namespace(&involved_object.namespace, event_name(pod.name(), nanos)),
            involved_object,
            reason: event.reason.to_string(),
            message: event.message.clone(),
            first_timestamp: Some(event.at),
            last_timestamp: Some(event.at),
            count: 1,
            type_: Some(event.type_.into()),
            reporting_component: source.component.clone(),
            reporting_instance: source.host.clone(),
            source,
        }
    }
}

/// The name of an event about something, made of the instant in nanoseconds.
///
/// Answers to `GenerateEventName`.
pub(super) fn event_name(about: &str, nanos: i64) -> String {
    format!("{about}.{nanos:x}")
}

pub(super) fn in_namespace(namespace: &str, name: String) -> ObjectMeta {
    let namespace = if namespace.is_empty() { "default" } else { namespace };
    ObjectMeta { name, namespace: namespace.into(), ..ObjectMeta::default() }
}

/// The Pod, or a container of it.
///
/// Answers to `GenerateContainerRef` in `pkg/kubelet/container`.
fn reference(pod: &PodSpec, container: Option<ContainerIndex>) -> ObjectReference {
    ObjectReference {
        kind: "Pod".into(),
        namespace: pod.namespace().into(),
        name: pod.name().into(),
        uid: pod.uid().into(),
        api_version: "v1".into(),
        resource_version: String::new(),
        field_path: container.map(|container| field_path(pod, container)).unwrap_or_default(),
    }
}

fn field_path(pod: &PodSpec, index: ContainerIndex) -> String {
    let Some(container) = pod.container(index) else { return String::new() };
    let list = match container.kind() {
        ContainerKind::Init | ContainerKind::Sidecar => "initContainers",
        ContainerKind::Regular => "containers",
        ContainerKind::Ephemeral => "ephemeralContainers",
    };
    match container.name() {
        "" => format!("spec.{list}[{}]", pod.index_in_list(index)),
        name => format!("spec.{list}{{{name}}}"),
    }
}

/// Who says something that the kubelet does not.
fn controller(reason: &str) -> Option<EventSource> {
    let says = |reasons: &[EventReason]| reasons.iter().any(|said| said.name() == reason);
    let component = if says(&[EventReason::Scheduled, EventReason::FailedScheduling]) {
        "default-scheduler"
    } else if says(&[EventReason::TaintManagerEviction]) {
        "taint-eviction-controller"
    } else if says(&[EventReason::NodeNotReady]) {
        "node-controller"
    } else {
        return None;
    };
    Some(EventSource { component: component.into(), host: String::new() })
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::{action::EventType, api::PodManifest};

    const NOON: Timestamp = Timestamp::from_unix_seconds(1_772_366_400);

    fn spec() -> PodSpec {
        let manifest = r#"{"metadata": {"name": "web", "uid": "5f0c"}, "spec": {
            "initContainers": [{"name": "proxy", "image": "a", "restartPolicy": "Always"}],
            "containers": [{"name": "app", "image": "a"}],
            "ephemeralContainers": [{"name": "debug", "image": "a"}]}}"#;
        PodSpec::from_admitted(&serde_json::from_str::<PodManifest>(manifest).unwrap()).unwrap()
    }

    fn said(second: u64, reason: EventReason, container: Option<u16>, message: &str) -> KubernetesEvent {
        KubernetesEvent {
            at: NOON + Duration::from_secs(second),
            type_: EventType::Warning,
            reason: reason.name().into(),
            container: container.map(Into::into),
            message: message.into(),
        }
    }

    fn created(correlated: Correlated) -> EventObject {
        match correlated {
            Correlated::Create(event) => *event,
            Correlated::Patch { .. } | Correlated::Skip => panic!("not new: {correlated:?}"),
        }
    }

    fn patched(correlated: Correlated) -> (EventObject, u32) {
        match correlated {
            Correlated::Patch { event, patch } => (*event, patch.count),
            Correlated::Create(_) | Correlated::Skip => panic!("not there before: {correlated:?}"),
        }
    }

    #[test]
    fn an_event_names_the_list_that_its_container_stands_in() {
        let mut recorder = EventRecorder::kubelet("node-1");
        let mut path = |container| {
            created(recorder.record(&spec(), &said(0, EventReason::Started, container, "m"))).involved_object.field_path
        };
        assert_eq!(path(Some(0)), "spec.initContainers{proxy}");
        assert_eq!(path(Some(1)), "spec.containers{app}");
        assert_eq!(path(Some(2)), "spec.ephemeralContainers{debug}");
        assert_eq!(path(None), "");
    }

    #[test]
    fn events_of_one_instant_have_names_of_their_own() {
        let mut recorder = EventRecorder::kubelet("node-1");
        let mut name =
            |message| created(recorder.record(&spec(), &said(0, EventReason::Started, None, message))).metadata.name;
        assert_ne!(name("a"), name("b"));
    }

    #[test]
    fn what_is_said_again_is_counted_in_the_object_that_is_there() {
        let mut recorder = EventRecorder::kubelet("node-1");
        let first = created(recorder.record(&spec(), &said(0, EventReason::BackOff, Some(1), "Back-off")));
        let (again, count) = patched(recorder.record(&spec(), &said(60, EventReason::BackOff, Some(1), "Back-off")));
        assert_eq!((count, &again.metadata.name), (2, &first.metadata.name));
        assert_eq!(again.first_timestamp, Some(NOON));
        assert_eq!(again.last_timestamp, Some(NOON + Duration::from_secs(60)));
        let (_, count) = patched(recorder.record(&spec(), &said(90, EventReason::BackOff, Some(1), "Back-off")));
        assert_eq!(count, 3);
    }

    #[test]
    fn from_the_tenth_message_on_similar_events_become_one() {
        let mut recorder = EventRecorder::kubelet("node-1");
        let mut say = |second, n: u32| {
            recorder.record(&spec(), &said(second, EventReason::Unhealthy, Some(1), &format!("failed {n}")))
        };
        for n in 1..10 {
            assert_eq!(created(say(0, n)).message, format!("failed {n}"));
        }
        let combined = created(say(0, 10));
        assert_eq!(combined.message, "(combined from similar events): failed 10");
        let (again, count) = patched(say(60, 11));
        assert_eq!((count, &again.metadata.name), (2, &combined.metadata.name));
        assert_eq!(again.message, "(combined from similar events): failed 11");
        assert_eq!(created(say(60 + 601, 12)).message, "failed 12");
    }

    #[test]
    fn a_source_that_says_too_much_of_an_object_is_not_heard_for_a_while() {
        let mut recorder = EventRecorder::kubelet("node-1");
        let mut say = |second| recorder.record(&spec(), &said(second, EventReason::BackOff, Some(1), "Back-off"));
        let heard = (0..40).filter(|_| say(0) != Correlated::Skip).count();
        assert_eq!(heard, 25);
        assert_eq!(say(200), Correlated::Skip);
        let (_, count) = patched(say(300));
        assert_eq!(count, 42);
    }

    #[test]
    fn another_pod_has_a_spam_filter_of_its_own() {
        let mut recorder = EventRecorder::kubelet("node-1");
        let other = PodSpec { uid: "6a1d".into(), ..spec() };
        for _ in 0..40 {
            recorder.record(&spec(), &said(0, EventReason::BackOff, None, "Back-off"));
        }
        created(recorder.record(&other, &said(0, EventReason::BackOff, None, "Back-off")));
    }

    #[test]
    fn what_the_scheduler_says_is_not_the_kubelets() {
        let mut recorder = EventRecorder::kubelet("node-1");
        let event = created(recorder.record(&spec(), &said(0, EventReason::Scheduled, None, "assigned")));
        assert_eq!((&*event.source.component, &*event.source.host), ("default-scheduler", ""));
        assert_eq!(event.reporting_component, "default-scheduler");
    }
}
