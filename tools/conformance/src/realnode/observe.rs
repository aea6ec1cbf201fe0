//! What a client sees of a played case, in the form of the recorded lives.

use std::{collections::BTreeMap, time::Duration};

use pod_lifecycle::{
    KubernetesEvent, Timestamp,
    api::{ContainerState, ContainerStatus, Name, PodManifest},
    kubectl,
    sim::Timeline,
};
use serde_json::{Map, Value, json};

use super::Case;

/// A life: the values of each field, one after the other, with their times.
#[derive(Debug, Default)]
pub(super) struct Observed {
    /// Field, and its values with the seconds since the start.
    pub(super) seqs: BTreeMap<String, Vec<(f64, Value)>>,
    /// Times that a field shows, in seconds since the start.
    pub(super) times: BTreeMap<String, Vec<f64>>,
    pub(super) rows: Vec<(f64, Value)>,
    pub(super) events: Vec<ObservedEvent>,
    /// Container ids in the order of their appearance.
    ids: Vec<String>,
}

/// An event, with the times at which it was recorded.
#[derive(Debug)]
pub(super) struct ObservedEvent {
    pub(super) key: Vec<String>,
    pub(super) at: Vec<f64>,
}

/// Plays a case, and returns what a client sees of one of its Pods.
pub(super) fn observe(case: &Case, pod: u64, seed: u64) -> Result<Observed, String> {
    let mut scenario = case.scenario(pod)?;
    scenario.config.node_like_seed = Some(seed);
    // Two busy processors: with many Pods at once a sandbox took up to three seconds.
    scenario.config.sandbox_time = Some(Duration::from_millis(500 + 500 * (seed % 6)));
    scenario.config.start_time = Some(Duration::from_millis(150 + 100 * (seed % 4)));
    // Longer or shorter than the write of a status.
    scenario.config.update_time = Some(Duration::from_millis(100 * (seed % 2)));
    let timeline = scenario.play().map_err(|error| error.to_string())?;
    let mut observed = Observed::default();
    let mut finalizers = Vec::new();
    for (at, object) in timeline.objects() {
        let mut object = object;
        // The last watch event has the finalizers that kept the object.
        if timeline.end.removed_at == Some(at) {
            object.metadata.finalizers.clone_from(&finalizers);
        }
        finalizers.clone_from(&object.metadata.finalizers);
        observed.look(seconds(&timeline, at), &object, &timeline);
        let row = kubectl::row(&object, at);
        let restarts = row.restarts.split(' ').next().unwrap_or_default().to_owned();
        let row = json!([row.ready, row.status, restarts]);
        if observed.rows.last().is_none_or(|(_, last)| *last != row) {
            observed.rows.push((seconds(&timeline, at), row));
        }
    }
    if let Some(at) = timeline.end.removed_at {
        observed.see("gone", seconds(&timeline, at), json!(true));
    }
    for event in timeline.events() {
        observed.hear(&timeline, event);
    }
    Ok(observed)
}

fn seconds(timeline: &Timeline, at: Timestamp) -> f64 {
    at.micros_since(timeline.start) as f64 / 1e6
}

impl Observed {
    fn see(&mut self, field: &str, at: f64, value: Value) {
        let values = self.seqs.entry(field.to_owned()).or_default();
        if values.last().is_none_or(|(_, last)| *last != value) {
            values.push((at, value));
        }
    }

    fn see_time(&mut self, timeline: &Timeline, field: &str, at: Option<Timestamp>) {
        let Some(at) = at else { return };
        let at = seconds(timeline, at);
        let times = self.times.entry(field.to_owned()).or_default();
        if times.last() != Some(&at) {
            times.push(at);
        }
    }

    fn look(&mut self, at: f64, object: &PodManifest, timeline: &Timeline) {
        let (metadata, status) = (&object.metadata, &object.status);
        self.see("generation", at, json!(metadata.generation));
        if metadata.deletion_timestamp.is_some() {
            self.see("deleting", at, json!([metadata.deletion_grace_period_seconds, "set"]));
        }
        if !metadata.finalizers.is_empty() || self.seqs.contains_key("finalizers") {
            let finalizers = Some(&metadata.finalizers).filter(|finalizers| !finalizers.is_empty());
            self.see("finalizers", at, json!(finalizers));
        }
        self.see("phase", at, json!(status.phase.as_ref().map_or("Pending", |phase| phase.as_str())));
        for (field, text) in [("reason", &status.reason), ("message", &status.message)] {
            if !text.is_empty() || self.seqs.contains_key(field) {
                self.see(field, at, json!(text));
            }
        }
        if status.observed_generation != 0 {
            self.see("observedGeneration", at, json!(status.observed_generation));
        }
        if status.start_time.is_some() {
            self.see("startTime", at, json!("set"));
            self.see_time(timeline, "startTime", status.start_time);
        }
        if !status.pod_ip.is_empty() || self.seqs.contains_key("podIP") {
            self.see("podIP", at, if status.pod_ip.is_empty() { Value::Null } else { json!("set") });
        }
        let mut order: Vec<&str> = status.conditions.iter().map(|condition| &*condition.type_).collect();
        // kubectl's strategic merge patch puts a new condition first; the simulation's client appends it.
        order.sort_by_key(|type_| !type_.contains('/'));
        self.see("conditions-order", at, json!(order));
        for condition in &status.conditions {
            let field = format!("cond.{}", condition.type_);
            let mut value = Map::new();
            value.insert("status".into(), json!(condition.status.as_str()));
            if condition.observed_generation != 0 {
                value.insert("observedGeneration".into(), json!(condition.observed_generation));
            }
            for (name, text) in [("reason", &condition.reason), ("message", &condition.message)] {
                if !text.is_empty() {
                    value.insert(name.into(), json!(text));
                }
            }
            self.see(&field, at, Value::Object(value));
            self.see_time(timeline, &field, condition.last_transition_time);
        }
        // A condition that goes is seen as nothing.
        let is_shown = |field: &str| {
            status.conditions.iter().any(|condition| field.strip_prefix("cond.") == Some(&*condition.type_))
        };
        let gone: Vec<String> =
            self.seqs.keys().filter(|field| field.starts_with("cond.") && !is_shown(field)).cloned().collect();
        for field in gone {
            self.see(&field, at, Value::Null);
        }
        let lists = [
            ("i", &status.init_container_statuses),
            ("c", &status.container_statuses),
            ("e", &status.ephemeral_container_statuses),
        ];
        for (list, containers) in lists {
            for container in containers {
                self.look_at_container(at, &format!("{list}.{}", container.name), container, timeline);
            }
        }
    }

    fn look_at_container(&mut self, at: f64, field: &str, container: &ContainerStatus, timeline: &Timeline) {
        let of_id = format!("{field}.containerID");
        if !container.container_id.is_empty() {
            let id = self.id(&container.container_id);
            self.see(&of_id, at, json!(id));
        } else if self.seqs.contains_key(&of_id) {
            self.see(&of_id, at, Value::Null);
        }
        self.see(&format!("{field}.ready"), at, json!(container.ready));
        self.see(&format!("{field}.restartCount"), at, json!(container.restart_count));
        self.see(&format!("{field}.image"), at, json!(container.image));
        if let Some(started) = container.started.filter(|_| !field.starts_with('e')) {
            self.see(&format!("{field}.started"), at, json!(started));
        }
        let last = self.state(&container.last_state);
        self.see(&format!("{field}.last"), at, last);
        let state = self.state(&container.state);
        self.see(&format!("{field}.state"), at, state);
        for (name, state) in [("state", &container.state), ("last", &container.last_state)] {
            let running = state.running.as_ref().and_then(|running| running.started_at);
            let end = state.terminated.as_ref();
            let started = running.or(end.and_then(|end| end.started_at));
            self.see_time(timeline, &format!("{field}.{name}.startedAt"), started);
            self.see_time(timeline, &format!("{field}.{name}.finishedAt"), end.and_then(|end| end.finished_at));
        }
    }

    fn id(&mut self, id: &str) -> String {
        let place = self.ids.iter().position(|known| known == id).unwrap_or_else(|| {
            self.ids.push(id.to_owned());
            self.ids.len() - 1
        });
        format!("id{place}")
    }

    fn state(&mut self, state: &ContainerState) -> Value {
        let set = |at: Option<Timestamp>| if at.is_some() { json!("set") } else { json!("null") };
        if let Some(waiting) = &state.waiting {
            let mut value = json!({"is": "waiting"});
            add(&mut value, "reason", &waiting.reason);
            add(&mut value, "message", &waiting.message);
            return value;
        }
        if let Some(running) = &state.running {
            return json!({"is": "running", "startedAt": set(running.started_at)});
        }
        let Some(end) = &state.terminated else { return json!({}) };
        let mut value = json!({
            "is": "terminated", "exitCode": end.exit_code,
            "startedAt": set(end.started_at), "finishedAt": set(end.finished_at),
        });
        add(&mut value, "reason", &end.reason);
        add(&mut value, "message", &end.message);
        if !end.container_id.is_empty() {
            let id = self.id(&end.container_id);
            add(&mut value, "containerID", &id);
        }
        value
    }

    fn hear(&mut self, timeline: &Timeline, event: &KubernetesEvent) {
        let field =
            event.container.map_or_else(String::new, |container| field_path(&timeline.pod, timeline, container));
        let source = if event.reason == "Scheduled" { "default-scheduler" } else { "kubelet" };
        let message = event.message.to_string();
        let key = vec![event.type_.name().to_owned(), event.reason.to_string(), message, field, source.to_owned()];
        let at = seconds(timeline, event.at);
        match self.events.iter_mut().find(|known| known.key == key) {
            Some(known) => known.at.push(at),
            None => self.events.push(ObservedEvent { key, at: vec![at] }),
        }
    }
}

fn add(value: &mut Value, name: &str, text: &str) {
    if !text.is_empty() {
        value[name] = json!(text);
    }
}

fn field_path(pod: &PodManifest, timeline: &Timeline, container: pod_lifecycle::spec::ContainerIndex) -> String {
    let name = timeline.container_name(container).unwrap_or_default();
    let spec = &pod.spec;
    let list = if spec.containers.iter().any(|it| it.name == name) {
        "containers"
    } else if spec.init_containers.iter().any(|it| it.name == name) {
        "initContainers"
    } else {
        "ephemeralContainers"
    };
    format!("spec.{list}{{{name}}}")
}
