//! Workloads: stored with their defaults (pkg/apis/apps/v1 and batch/v1 `defaults.go`). No controller acts on them.

use pod_lifecycle::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    object::Object,
    pods,
    resource::{GroupResource, Resource},
    state::State,
    status::StatusError,
    strategy::Strategy,
};

/// Strategy of a kind of workload: the defaults of its spec, and the path of its Pod template.
pub(super) struct Workload {
    template: &'static str,
    defaults: fn(&mut Object),
}

pub(super) static DEPLOYMENT: Workload = Workload {
    template: "spec.template",
    defaults: |object| {
        object.set_default("spec.replicas", 1);
        object.set_default("spec.strategy.type", "RollingUpdate");
        if object.text("spec.strategy.type") == "RollingUpdate" {
            object.set_default("spec.strategy.rollingUpdate.maxUnavailable", "25%");
            object.set_default("spec.strategy.rollingUpdate.maxSurge", "25%");
        }
        object.set_default("spec.revisionHistoryLimit", 10);
        object.set_default("spec.progressDeadlineSeconds", 600);
    },
};
pub(super) static REPLICA_SET: Workload =
    Workload { template: "spec.template", defaults: |object| object.set_default("spec.replicas", 1) };
pub(super) static REPLICATION_CONTROLLER: Workload = Workload {
    template: "spec.template",
    defaults: |object| {
        object.set_default("spec.replicas", 1);
        if let Some(labels) = object.get("spec.template.metadata.labels").cloned() {
            object.set_default("spec.selector", labels.clone());
            object.set_default("metadata.labels", labels);
        }
    },
};
pub(super) static STATEFUL_SET: Workload = Workload {
    template: "spec.template",
    defaults: |object| {
        object.set_default("spec.replicas", 1);
        object.set_default("spec.podManagementPolicy", "OrderedReady");
        object.set_default("spec.updateStrategy.type", "RollingUpdate");
        if object.text("spec.updateStrategy.type") == "RollingUpdate" {
            object.set_default("spec.updateStrategy.rollingUpdate.partition", 0);
        }
        object.set_default("spec.revisionHistoryLimit", 10);
        for (field, value) in [("whenDeleted", "Retain"), ("whenScaled", "Retain")] {
            object.set_default(&format!("spec.persistentVolumeClaimRetentionPolicy.{field}"), value);
        }
    },
};
pub(super) static DAEMON_SET: Workload = Workload {
    template: "spec.template",
    defaults: |object| {
        object.set_default("spec.updateStrategy.type", "RollingUpdate");
        if object.text("spec.updateStrategy.type") == "RollingUpdate" {
            object.set_default("spec.updateStrategy.rollingUpdate.maxUnavailable", 1);
            object.set_default("spec.updateStrategy.rollingUpdate.maxSurge", 0);
        }
        object.set_default("spec.revisionHistoryLimit", 10);
    },
};
pub(super) static JOB: Workload =
    Workload { template: "spec.template", defaults: |object| default_job(object, "spec") };
pub(super) static CRON_JOB: Workload = Workload {
    template: "spec.jobTemplate.spec.template",
    defaults: |object| {
        object.set_default("spec.concurrencyPolicy", "Allow");
        object.set_default("spec.suspend", false);
        object.set_default("spec.successfulJobsHistoryLimit", 3);
        object.set_default("spec.failedJobsHistoryLimit", 1);
    },
};

/// Answers to `SetDefaults_Job`.
fn default_job(object: &mut Object, spec: &str) {
    let completions = object.has(&format!("{spec}.completions"));
    if !completions && !object.has(&format!("{spec}.parallelism")) {
        object.set(&format!("{spec}.completions"), 1);
    }
    let defaults = [
        ("parallelism", json!(1)),
        ("backoffLimit", json!(6)),
        ("completionMode", json!("NonIndexed")),
        ("suspend", json!(false)),
        ("podReplacementPolicy", json!("TerminatingOrFailed")),
        ("manualSelector", json!(false)),
    ];
    for (field, value) in defaults {
        object.set_default(&format!("{spec}.{field}"), value);
    }
}

impl Strategy for Workload {
    fn default(&self, object: &mut Object) -> Result<(), StatusError> {
        (self.defaults)(object);
        let Some(template) = object.get(self.template).cloned() else { return Ok(()) };
        let mut pod = Object::read(template)?;
        pods::fill_in(&mut pod)?;
        object.set(self.template, pod.into_value());
        Ok(())
    }

    /// Answers to `jobStrategy.PrepareForCreate` and its `generateSelector`: a Job selects its Pods by its uid.
    fn prepare_for_create(&self, object: &mut Object, _now: Timestamp) {
        let is_manual = object.get("spec.manualSelector") == Some(&Value::Bool(true));
        if object.text("kind") != "Job" || is_manual {
            return;
        }
        let (uid, name) = (object.uid().to_owned(), object.name().to_owned());
        for (key, value) in [("controller-uid", &uid), ("job-name", &name)] {
            object.insert("spec.template.metadata.labels", key, value.clone());
            object.insert("spec.template.metadata.labels", &format!("batch.kubernetes.io/{key}"), value.clone());
        }
        object.insert("spec.selector.matchLabels", "batch.kubernetes.io/controller-uid", uid);
    }
}

/// True if real clusters have a controller that acts on objects of the resource.
fn has_controller(resource: &Resource) -> bool {
    let (group, plural) = (&*resource.group, &*resource.plural);
    matches!(group, "apps" | "batch") && plural != "controllerrevisions" || plural == "replicationcontrollers"
}

impl State {
    /// Records an event on a new workload: it is stored, and nothing acts on it.
    pub(super) fn note_missing_controller(&mut self, resource: &Resource, object: &Object, now: Timestamp) {
        if !self.notes_missing_controllers || !has_controller(resource) {
            return;
        }
        let (kind, name, time) = (&resource.kind, object.name(), now.whole_seconds().to_string());
        let message = format!(
            "{kind} {name} is stored, but no controller acts on it: this API server runs none. Create its Pods, or run \
             kube-controller-manager against this server."
        );
        let mut event = Object::default();
        event.set("apiVersion", "v1");
        event.set("kind", "Event");
        event.set("metadata.name", self.names.name(&format!("{name}.")));
        event.set("metadata.namespace", object.namespace());
        event.set("metadata.uid", self.names.uid());
        event.set("metadata.creationTimestamp", &*time);
        let involved = json!({"apiVersion": resource.api_version(), "kind": kind, "name": name,
            "namespace": object.namespace(), "uid": object.uid()});
        event.set("involvedObject", involved);
        for (field, value) in [("type", "Warning"), ("reason", "NoController"), ("reportingInstance", "")] {
            event.set(field, value);
        }
        event.set("message", message);
        event.set("firstTimestamp", &*time);
        event.set("lastTimestamp", &*time);
        event.set("count", 1);
        event.set("source", Map::from_iter([("component".to_owned(), Value::from("api-server"))]));
        event.set("reportingComponent", "api-server");
        self.store.put(&GroupResource { group: String::new(), resource: "events".into() }, event);
    }
}
