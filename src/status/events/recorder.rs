//! Event recorder of a node: from the machine's events to `v1.Event` (k8s.io/client-go/tools/record/event.go).

use alloc::{
    format,
    string::{String, ToString},
};

use super::{Correlated, EventCorrelator, EventObject, EventSource, ObjectReference};
use crate::{
    action::{EventReason, KubernetesEvent},
    api::{Name, ObjectMeta},
    spec::{ContainerIndex, ContainerKind, PodSpec},
    time::Timestamp,
};

/// Records the events of a node's Pods: returns the request to the API server that each demands.
///
/// Answers to `EventRecorder` and `EventBroadcaster` in `k8s.io/client-go/tools/record`, without the I/O.
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
/// let Correlated::Patch { event, patch } = recorder.record(&spec, &unhealthy) else { panic!("it is repeated") };
/// assert_eq!((&*event.metadata.name, patch.count), ("web.1898b5d9b3d68000", 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct EventRecorder {
    source: EventSource,
    correlator: EventCorrelator,
    /// Nanoseconds in the name of the last event; no two names have the same.
    last_named: i64,
}

impl EventRecorder {
    /// Creates the recorder of a node's kubelet.
    #[must_use]
    pub fn kubelet(node: &str) -> EventRecorder {
        EventRecorder { source: EventSource::kubelet(node), correlator: EventCorrelator::new(), last_named: i64::MIN }
    }

    /// Returns the source of recorded events.
    #[must_use]
    pub fn source(&self) -> &EventSource {
        &self.source
    }

    /// Records an event of the Pod with this spec, and returns the request that it demands.
    ///
    /// Events of the scheduler and of controllers, which a simulation emits, keep these as their source.
    pub fn record(&mut self, pod: &PodSpec, event: &KubernetesEvent) -> Correlated {
        let nanos = self.name_at(event.at);
        let object = self.object(pod, event, nanos);
        // EventAggregate makes a name of its own for a combined event.
        let combined_nanos = self.name_at(event.at);
        self.correlator.correlate_named(object, event.at, combined_nanos)
    }

    /// Updates name, count and first time of an event from the API server's response.
    pub fn update_state(&mut self, stored: &EventObject) {
        self.correlator.update_state(stored);
    }

    /// Returns an instant in nanoseconds, moved on if a name already has it.
    fn name_at(&mut self, at: Timestamp) -> i64 {
        // Go takes the wall clock, which no two calls share; here many events have the same time.
        let nanos = at.unix_micros().saturating_mul(1_000);
        self.last_named = nanos.max(self.last_named.saturating_add(1));
        self.last_named
    }

    fn object(&self, pod: &PodSpec, event: &KubernetesEvent, nanos: i64) -> EventObject {
        let involved_object = reference(pod, event.container);
        let source = controller(&event.reason).map_or_else(|| self.source.clone(), EventSource::component);
        EventObject {
            api_version: "v1".into(),
            kind: "Event".into(),
            // An event lives in the namespace of its object, and is named after it.
            metadata: in_namespace(&involved_object.namespace, event_name(pod.name(), nanos)),
            involved_object,
            reason: event.reason.to_string(),
            message: event.message.clone(),
            first_timestamp: Some(event.at),
            last_timestamp: Some(event.at),
            count: 1,
            event_time: None,
            series: None,
            type_: Some(event.type_.into()),
            reporting_component: source.component.clone(),
            // `events.k8s.io/v1` has these two in place of `source`; the recorder fills in both.
            reporting_instance: source.host.clone(),
            source,
        }
    }
}

/// Returns the name of an event about an object. Answers to `GenerateEventName`.
pub(super) fn event_name(object: &str, nanos: i64) -> String {
    format!("{object}.{nanos:x}")
}

/// Returns an event's metadata; without a namespace, Go's recorder takes `default`.
pub(super) fn in_namespace(namespace: &str, name: String) -> ObjectMeta {
    let namespace = if namespace.is_empty() { "default" } else { namespace };
    ObjectMeta { name, namespace: namespace.into(), ..ObjectMeta::default() }
}

/// Returns a reference to the Pod, or to a container of it. Answers to `GenerateContainerRef` in
/// `pkg/kubelet/container`.
fn reference(pod: &PodSpec, container: Option<ContainerIndex>) -> ObjectReference {
    ObjectReference {
        kind: "Pod".into(),
        namespace: pod.namespace().into(),
        name: pod.name().into(),
        uid: pod.uid().into(),
        api_version: "v1".into(),
        // The machine does not know it, and the version of a Pod changes with each status.
        resource_version: String::new(),
        field_path: container.map(|container| field_path(pod, container)).unwrap_or_default(),
    }
}

/// Returns `spec.containers{app}`, or `spec.containers[0]` for a container without a name. Answers to `fieldPath`.
fn field_path(pod: &PodSpec, index: ContainerIndex) -> String {
    let Some(container) = pod.container(index) else { return String::new() };
    let list = match container.kind() {
        ContainerKind::Init | ContainerKind::Sidecar => "initContainers",
        ContainerKind::Regular => "containers",
        ContainerKind::Ephemeral => "ephemeralContainers",
    };
    match container.name() {
        // The API server admits no such container; Go's `fieldPath` has the case, too.
        "" => format!("spec.{list}[{}]", pod.index_in_list(index)),
        name => format!("spec.{list}{{{name}}}"),
    }
}

/// Returns the component that reports a reason, if that is not the kubelet.
fn controller(reason: &str) -> Option<&'static str> {
    // Only a simulation emits these; a kubelet never does.
    let is_one_of = |reasons: &[EventReason]| reasons.iter().any(|known| known.name() == reason);
    if is_one_of(&[EventReason::Scheduled, EventReason::FailedScheduling]) {
        Some("default-scheduler")
    } else if is_one_of(&[EventReason::TaintManagerEviction]) {
        Some("taint-eviction-controller")
    } else if is_one_of(&[EventReason::NodeNotReady]) {
        Some("node-controller")
    } else {
        None
    }
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

    fn event(second: u64, reason: EventReason, container: Option<u16>, message: &str) -> KubernetesEvent {
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
    fn the_field_path_names_the_list_of_the_container() {
        let mut recorder = EventRecorder::kubelet("node-1");
        let mut path = |container| {
            created(recorder.record(&spec(), &event(0, EventReason::Started, container, "m")))
                .involved_object
                .field_path
        };
        assert_eq!(path(Some(0)), "spec.initContainers{proxy}");
        assert_eq!(path(Some(1)), "spec.containers{app}");
        assert_eq!(path(Some(2)), "spec.ephemeralContainers{debug}");
        assert_eq!(path(None), "");
    }

    #[test]
    fn events_of_one_instant_have_different_names() {
        let mut recorder = EventRecorder::kubelet("node-1");
        let mut name =
            |message| created(recorder.record(&spec(), &event(0, EventReason::Started, None, message))).metadata.name;
        assert_ne!(name("a"), name("b"));
    }

    #[test]
    fn a_repeated_event_increments_the_count_of_the_stored_one() {
        let mut recorder = EventRecorder::kubelet("node-1");
        let first = created(recorder.record(&spec(), &event(0, EventReason::BackOff, Some(1), "Back-off")));
        let (again, count) = patched(recorder.record(&spec(), &event(60, EventReason::BackOff, Some(1), "Back-off")));
        assert_eq!((count, &again.metadata.name), (2, &first.metadata.name));
        assert_eq!(again.first_timestamp, Some(NOON));
        assert_eq!(again.last_timestamp, Some(NOON + Duration::from_secs(60)));
        let (_, count) = patched(recorder.record(&spec(), &event(90, EventReason::BackOff, Some(1), "Back-off")));
        assert_eq!(count, 3);
    }

    #[test]
    fn from_the_tenth_message_on_similar_events_are_combined() {
        let mut recorder = EventRecorder::kubelet("node-1");
        let mut record = |second, n: u32| {
            recorder.record(&spec(), &event(second, EventReason::Unhealthy, Some(1), &format!("failed {n}")))
        };
        for n in 1..10 {
            assert_eq!(created(record(0, n)).message, format!("failed {n}"));
        }
        let combined = created(record(0, 10));
        assert_eq!(combined.message, "(combined from similar events): failed 10");
        let (again, count) = patched(record(60, 11));
        assert_eq!((count, &again.metadata.name), (2, &combined.metadata.name));
        assert_eq!(again.message, "(combined from similar events): failed 11");
        assert_eq!(created(record(60 + 601, 12)).message, "failed 12");
    }

    #[test]
    fn events_beyond_the_rate_limit_are_skipped_and_counted_in_the_next_patch() {
        let mut recorder = EventRecorder::kubelet("node-1");
        let mut record = |second| recorder.record(&spec(), &event(second, EventReason::BackOff, Some(1), "Back-off"));
        let sent = (0..40).filter(|_| record(0) != Correlated::Skip).count();
        assert_eq!(sent, 25);
        assert_eq!(record(200), Correlated::Skip);
        let (_, count) = patched(record(300));
        assert_eq!(count, 42);
    }

    #[test]
    fn each_pod_has_a_rate_limit_of_its_own() {
        let mut recorder = EventRecorder::kubelet("node-1");
        let other = PodSpec { uid: "6a1d".into(), ..spec() };
        for _ in 0..40 {
            recorder.record(&spec(), &event(0, EventReason::BackOff, None, "Back-off"));
        }
        created(recorder.record(&other, &event(0, EventReason::BackOff, None, "Back-off")));
    }

    #[test]
    fn an_event_of_the_scheduler_keeps_it_as_its_source() {
        let mut recorder = EventRecorder::kubelet("node-1");
        let event = created(recorder.record(&spec(), &event(0, EventReason::Scheduled, None, "assigned")));
        assert_eq!((&*event.source.component, &*event.source.host), ("default-scheduler", ""));
        assert_eq!(event.reporting_component, "default-scheduler");
    }
}
