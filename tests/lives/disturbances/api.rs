//! Disruptions through the API: deletion, the eviction API, the taint manager, scheduler preemption.

use std::time::Duration;

use pod_lifecycle::{
    object::{Deletion, PodObject},
    sim::{ScriptAction, ScriptActionKind},
};

use super::played_scenario::{PlayedScenario, condition, container, ended, shown, why};

#[test]
fn a_deleted_pod_terminates_within_its_grace_period_before_its_object_is_removed() {
    let played = PlayedScenario::of("delete");
    assert_eq!(played.stops(), [(60, 30)]);
    assert_eq!(played.exits(), [(64, 0)]);
    assert_eq!(played.column(60), "Terminating");
    assert_eq!(played.phases().last(), Some(&(64, "Succeeded".into())));
    assert_eq!(played.removed_at(), Some(64));
    assert!(played.events("Evicted").is_empty());
}

#[test]
fn a_second_deletion_matters_only_if_it_shortens_the_grace_period() {
    let manifest = serde_json::json!({
        "metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "app:1"}], "nodeName": "node-1"},
        "status": {"phase": "Running"},
    });
    let now = pod_lifecycle::Timestamp::UNIX_EPOCH;
    let mut object = PodObject::admit(serde_json::from_value(manifest).unwrap(), now).unwrap();
    assert_eq!(object.delete(30, now), Deletion::Graceful);
    assert_eq!([object.delete(60, now), object.delete(30, now)], [Deletion::Unchanged, Deletion::Unchanged]);
    assert_eq!(object.delete(20, now), Deletion::Graceful);
    assert_eq!(object.manifest().metadata.deletion_grace_period_seconds, Some(20));
    assert_eq!(object.delete(0, now), Deletion::Gone);
}

#[test]
fn a_second_deletion_whose_grace_is_over_already_ends_the_pod_now() {
    let manifest = serde_json::json!({
        "metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "app:1"}], "nodeName": "node-1"},
        "status": {"phase": "Running"},
    });
    let at = pod_lifecycle::Timestamp::from_unix_seconds;
    let mut object = PodObject::admit(serde_json::from_value(manifest).unwrap(), at(0)).unwrap();
    object.delete(60, at(10));
    assert_eq!(object.delete(5, at(20)), Deletion::Graceful);
    let metadata = &object.manifest().metadata;
    let gone_by = (metadata.deletion_timestamp, metadata.deletion_grace_period_seconds);
    assert_eq!(gone_by, (Some(at(20)), Some(1)), "15 s would lie in the past");
}

#[test]
fn the_image_of_an_ephemeral_container_cannot_be_changed() {
    let manifest = serde_json::json!({
        "metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "app:1"}], "nodeName": "node-1"},
    });
    let now = pod_lifecycle::Timestamp::UNIX_EPOCH;
    let mut object = PodObject::admit(serde_json::from_value(manifest).unwrap(), now).unwrap();
    object.add_ephemeral_container(pod_lifecycle::api::Container::new("debug", "tools:1")).unwrap();
    let before = object.manifest().clone();
    assert!(object.set_image("debug", "tools:2").is_err());
    assert_eq!(*object.manifest(), before);
    assert!(object.set_image("app", "app:2").is_ok());
}

#[test]
fn a_force_deleted_object_is_removed_at_once_and_its_containers_stop_unobserved() {
    let played = PlayedScenario::of("force-delete");
    assert_eq!(played.removed_at(), Some(60));
    assert_eq!(played.stops(), [(60, 20)], "the kubelet keeps to the Pod's own grace");
    assert_eq!(played.exits(), [(80, 137)]);
    assert_eq!(played.phases().last(), Some(&(0, "Running".into())));
    assert!(container(played.end(), "worker").state.running.is_some());
}

#[test]
fn the_taint_manager_sets_disruption_target_and_deletes_the_pod() {
    let played = PlayedScenario::of("taint");
    let message = "Taint manager: deleting due to NoExecute taint";
    let said = "Marking for deletion Pod prod/api-5c9f";
    assert_eq!(played.events("TaintManagerEviction"), [(40, "Normal".into(), said)]);
    assert_eq!(shown(played.at(40), "DisruptionTarget"), Some((true, "DeletionByTaintManager", message)));
    assert_eq!(played.since(43, "DisruptionTarget"), 40);
    assert_eq!(why(played.end()), ("Failed".into(), "", ""), "the mark says why, not the reason");
    assert_eq!(ended(played.end(), "api"), (143, "Error"));
    assert_eq!(played.removed_at(), Some(43));
}

#[test]
fn the_eviction_api_sets_disruption_target_and_deletes_the_pod_without_an_event() {
    let played = PlayedScenario::of("eviction-api");
    let marked = condition(played.at(40), "DisruptionTarget").unwrap();
    assert_eq!((&*marked.reason, &*marked.message), ("EvictionByEvictionAPI", "Eviction API: evicting"));
    assert_eq!(marked.observed_generation, 0, "it does not say which generation it has seen");
    assert!(played.events("Evicted").is_empty());
    assert_eq!(why(played.end()), ("Succeeded".into(), "", ""));
    assert!(shown(played.end(), "DisruptionTarget").unwrap().0, "the mark stays");
    assert_eq!(played.removed_at(), Some(43));
}

#[test]
fn the_scheduler_sets_disruption_target_on_a_preempted_pod() {
    let played = PlayedScenario::of("scheduler-preemption");
    let message = "default-scheduler: preempting to accommodate a higher priority pod";
    assert_eq!(shown(played.end(), "DisruptionTarget"), Some((true, "PreemptionByScheduler", message)));
    assert_eq!(played.removed_at(), Some(22));
}

#[test]
fn the_kubelets_disruption_target_replaces_another_one() {
    let played = PlayedScenario::varied("eviction-hard", |scenario| {
        let reason = pod_lifecycle::state::ConditionReason::EvictionByEvictionApi;
        let kind = ScriptActionKind::Disrupt { reason, message: String::new() };
        scenario.script.actions.insert(0, ScriptAction { at: Duration::from_secs(30), kind });
    });
    assert_eq!(shown(played.at(31), "DisruptionTarget").unwrap().1, "EvictionByEvictionAPI");
    assert_eq!(shown(played.end(), "DisruptionTarget").unwrap().1, "TerminationByKubelet");
    assert_eq!(played.since(40, "DisruptionTarget"), 30, "it has been a target all the time");
}

#[test]
fn a_script_cannot_set_the_kubelets_disruption_reasons() {
    let text = r#"{"pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}},
        "script": {"actions": [{"t": 5, "op": "disrupt", "reason": "TerminationByKubelet"}]}}"#;
    let scenario: pod_lifecycle::sim::Scenario = serde_json::from_str(text).unwrap();
    assert_eq!(
        scenario.play().unwrap_err().to_string(),
        "script.actions[0] (at 5 s): TerminationByKubelet: not a reason for which others than the kubelet disrupt a Pod"
    );
}
