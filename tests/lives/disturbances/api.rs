//! What others do to a Pod through the API: deletion, eviction, the taint manager, the scheduler.

use pod_lifecycle::{
    object::{Deletion, PodObject},
    sim::{ScriptAction, ScriptActionKind},
};

use super::story::{Story, condition, container, ended, shown, why};

#[test]
fn a_deleted_pod_stops_with_its_grace_and_only_then_the_object_goes() {
    let story = Story::of("delete");
    assert_eq!(story.stops(), [(60, 30)]);
    assert_eq!(story.exits(), [(64, 0)]);
    assert_eq!(story.column(60), "Terminating");
    assert_eq!(story.phases().last(), Some(&(64, "Succeeded".into())));
    assert_eq!(story.removed_at(), Some(64));
    assert!(story.told("Evicted").is_empty());
}

#[test]
fn a_second_delete_is_news_only_if_it_shortens_the_grace() {
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
fn a_force_deleted_object_goes_at_once_and_its_containers_stop_unseen() {
    let story = Story::of("force-delete");
    assert_eq!(story.removed_at(), Some(60));
    assert_eq!(story.stops(), [(60, 20)], "the kubelet keeps to the Pod's own grace");
    assert_eq!(story.exits(), [(80, 137)]);
    assert_eq!(story.phases().last(), Some(&(0, "Running".into())));
    assert!(container(story.end(), "worker").state.running.is_some());
}

#[test]
fn the_taint_manager_marks_a_pod_and_deletes_it() {
    let story = Story::of("taint");
    let message = "Taint manager: deleting due to NoExecute taint";
    let said = "Marking for deletion Pod prod/api-5c9f";
    assert_eq!(story.told("TaintManagerEviction"), [(40, "Normal".into(), said)]);
    assert_eq!(shown(story.at(40), "DisruptionTarget"), Some((true, "DeletionByTaintManager", message)));
    assert_eq!(story.since(43, "DisruptionTarget"), 40);
    assert_eq!(why(story.end()), ("Failed".into(), "", ""), "the mark says why, not the reason");
    assert_eq!(ended(story.end(), "api"), (143, "Error"));
    assert_eq!(story.removed_at(), Some(43));
}

#[test]
fn the_eviction_api_marks_a_pod_and_deletes_it_without_an_event() {
    let story = Story::of("eviction-api");
    let marked = condition(story.at(40), "DisruptionTarget").unwrap();
    assert_eq!((&*marked.reason, &*marked.message), ("EvictionByEvictionAPI", "Eviction API: evicting"));
    assert_eq!(marked.observed_generation, 0, "it does not say which generation it has seen");
    assert!(story.told("Evicted").is_empty());
    assert_eq!(why(story.end()), ("Succeeded".into(), "", ""));
    assert!(shown(story.end(), "DisruptionTarget").unwrap().0, "the mark stays");
    assert_eq!(story.removed_at(), Some(43));
}

#[test]
fn the_scheduler_marks_a_pod_that_makes_room_for_another() {
    let story = Story::of("scheduler-preemption");
    let message = "default-scheduler: preempting to accommodate a higher priority pod";
    assert_eq!(shown(story.end(), "DisruptionTarget"), Some((true, "PreemptionByScheduler", message)));
    assert_eq!(story.removed_at(), Some(22));
}

#[test]
fn the_kubelets_own_mark_replaces_that_of_another() {
    let story = Story::varied("eviction-hard", |scenario| {
        let reason = pod_lifecycle::state::ConditionReason::EvictionByEvictionApi;
        let kind = ScriptActionKind::Disrupt { reason, message: String::new() };
        scenario.script.actions.insert(0, ScriptAction { t: 30.0, kind });
    });
    assert_eq!(shown(story.at(31), "DisruptionTarget").unwrap().1, "EvictionByEvictionAPI");
    assert_eq!(shown(story.end(), "DisruptionTarget").unwrap().1, "TerminationByKubelet");
    assert_eq!(story.since(40, "DisruptionTarget"), 30, "it has been a target all the time");
}

#[test]
fn nobody_but_the_kubelet_disrupts_in_the_kubelets_name() {
    let text = r#"{"pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}},
        "script": {"actions": [{"t": 5, "op": "disrupt", "reason": "TerminationByKubelet"}]}}"#;
    let scenario: pod_lifecycle::sim::Scenario = serde_json::from_str(text).unwrap();
    assert_eq!(
        scenario.play().unwrap_err().to_string(),
        "script.actions[0] (at 5 s): TerminationByKubelet: not a reason for which others than the kubelet disrupt a Pod"
    );
}
