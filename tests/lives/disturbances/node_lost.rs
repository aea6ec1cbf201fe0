//! Lost nodes: the node is unreachable, and comes back or not.

use std::time::Duration;

use pod_lifecycle::{
    Change, ContainerStateKind,
    api::{ConditionStatus, PodPhase},
    object::NodeLossReport,
    sim::{EntryKind, Scenario, ScriptActionKind},
    state::ConditionType,
};

use super::played_scenario::{PlayedScenario, container, shown, why};

#[test]
fn a_pod_on_a_lost_node_is_no_longer_ready_and_keeps_its_phase() {
    let played = PlayedScenario::of("node-lost");
    assert_eq!(why(played.at(60)), ("Running".into(), "", ""));
    assert_eq!(shown(played.at(60), "Ready"), Some((false, "", "")), "the node controller says no word why");
    assert_eq!(played.since(60, "Ready"), 60);
    assert!(shown(played.at(60), "ContainersReady").unwrap().0, "that one stays as it was");
    assert_eq!(played.events("NodeNotReady"), [(60, "Warning".into(), "Node is not ready")]);
    assert!(container(played.at(60), "collector").state.running.is_some());
}

#[test]
fn what_happens_on_a_lost_node_is_not_seen() {
    let played = PlayedScenario::of("node-lost");
    assert_eq!(played.exits(), [(90, 2)], "the container crashes meanwhile, and is started again");
    assert_eq!(played.events("Started").len(), 2);
    assert_eq!(container(played.at(179), "collector").restart_count, 0);
    assert_eq!(why(played.at(179)).0, "Running");
}

#[test]
fn the_kubelets_status_is_published_when_the_node_is_back() {
    let played = PlayedScenario::of("node-lost");
    assert_eq!(why(played.at(180)), ("Running".into(), "", ""));
    assert_eq!(container(played.at(180), "collector").restart_count, 1);
    assert_eq!(shown(played.at(180), "Ready"), Some((true, "", "")));
    assert_eq!(played.since(180, "Ready"), 90, "to the kubelet it has been ready since the restart");
    let phases = [(0, "Pending"), (0, "Running")];
    assert_eq!(played.phases(), phases.map(|(at, phase)| (at, phase.to_owned())));
}

#[test]
fn a_pod_that_finished_on_a_lost_node_is_published_when_the_node_is_back() {
    let played = PlayedScenario::varied("node-lost", |scenario| {
        scenario.pod.spec.restart_policy = Some(pod_lifecycle::api::RestartPolicy::Never.into());
    });
    assert_eq!(why(played.at(179)).0, "Running");
    assert_eq!(why(played.at(180)), ("Failed".into(), "", ""));
    assert_eq!(played.end().container_statuses[0].state.terminated.as_ref().unwrap().exit_code, 2);
}

#[test]
fn a_pod_that_has_ended_stays_as_it_is() {
    let played = PlayedScenario::varied("node-lost", |scenario| {
        scenario.pod.spec.restart_policy = Some(pod_lifecycle::api::RestartPolicy::Never.into());
        scenario.script.actions[0].at = Duration::from_secs(90);
        scenario.script.actions[1].at = Duration::from_secs(90);
    });
    assert_eq!(played.phases().last(), Some(&(90, "Failed".into())));
    assert!(played.events("NodeNotReady").is_empty());
}

/// Returns the life of a Pod whose node is lost after 60 s, and back `away` seconds later.
fn lost_for(away: u64, vary: impl FnOnce(&mut Scenario)) -> PlayedScenario {
    PlayedScenario::varied("node-lost", |scenario| {
        scenario.script.actions[1].at = Duration::from_secs(60 + away);
        scenario.script.end = Some(Duration::from_secs(600));
        vary(scenario);
    })
}

#[test]
fn the_taint_manager_deletes_a_pod_whose_node_is_away_for_five_minutes() {
    let played = lost_for(400, |_| ());
    assert_eq!(played.deleted_at(), Some(360));
    let target = shown(played.at(361), "DisruptionTarget").unwrap();
    assert_eq!(target, (true, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint"));
    assert_eq!(played.events("TaintManagerEviction").len(), 1);
    assert_eq!(played.removed_at(), Some(460), "its kubelet knows nothing of it before");
}

#[test]
fn a_pod_whose_node_is_back_in_time_is_not_deleted() {
    let played = lost_for(299, |_| ());
    assert_eq!(played.deleted_at(), None);
    assert!(played.events("TaintManagerEviction").is_empty());
}

#[test]
fn a_pod_is_deleted_after_its_own_toleration_or_never() {
    let with = |toleration: serde_json::Value| {
        lost_for(400, move |scenario| {
            scenario.pod.spec.other.insert("tolerations".into(), serde_json::json!([toleration]));
        })
    };
    let key = "node.kubernetes.io/unreachable";
    let short = with(serde_json::json!({"key": key, "operator": "Exists", "tolerationSeconds": 30}));
    assert_eq!(short.deleted_at(), Some(90));
    let for_ever = with(serde_json::json!({"key": key, "operator": "Exists"}));
    assert_eq!(for_ever.deleted_at(), None);
}

#[test]
fn the_documentations_phase_unknown_is_a_mode_of_its_own() {
    let played = lost_for(120, |scenario| scenario.config.node_loss = NodeLossReport::UnknownPhase);
    let (phase, reason, _) = why(played.at(61));
    assert_eq!((phase.as_str(), reason), ("Unknown", "NodeLost"));
    assert_eq!(why(played.at(181)), ("Running".into(), "", ""), "the kubelet's next status has its own again");
}

#[test]
fn a_pod_deleted_on_a_lost_node_stays_until_the_node_is_back() {
    let played = PlayedScenario::of("node-lost-while-deleting");
    assert_eq!(played.column(100), "Terminating");
    assert_eq!(why(played.at(199)).0, "Running");
    assert_eq!(played.stops(), [(200, 30)], "not stopped before");
    assert_eq!(played.exits(), [(205, 0)]);
    assert_eq!(played.column(201), "Terminating");
    assert_eq!(why(played.end()).0, "Succeeded");
    assert_eq!(played.removed_at(), Some(205));
}

#[test]
fn a_pod_force_deleted_on_a_lost_node_runs_on_until_the_node_is_back() {
    let played = PlayedScenario::varied("node-lost-while-deleting", |scenario| {
        scenario.script.actions[1].kind = ScriptActionKind::ForceDelete;
    });
    assert_eq!(played.removed_at(), Some(100));
    assert_eq!(played.stops(), [(200, 30)]);
    assert_eq!(played.exits(), [(205, 0)]);
    assert_eq!(why(played.end()).0, "Running", "its end is not observed");
}

#[test]
fn an_image_changed_on_a_lost_node_restarts_its_container_when_the_node_is_back() {
    let played = PlayedScenario::varied("node-lost", |scenario| {
        scenario.script.containers.get_mut("collector").unwrap().runs.clear();
        let image = "registry.example.com/edge/collector:0.8".to_owned();
        let kind = ScriptActionKind::SetImage { container: "collector".into(), image };
        scenario.script.actions.insert(1, pod_lifecycle::sim::ScriptAction { at: Duration::from_secs(100), kind });
    });
    let message = "Container collector definition changed, will be restarted";
    assert_eq!(played.events("Killing"), [(180, "Normal".into(), message)]);
    assert_eq!(played.at(179).observed_generation, 1);
    assert_eq!(played.at(180).observed_generation, 2);
}

#[test]
fn a_pod_whose_node_is_gone_is_failed_and_removed_by_the_garbage_collector() {
    let played = PlayedScenario::of("node-gone");
    assert_eq!(why(played.at(119)).0, "Running");
    assert_eq!(why(played.at(120)).0, "Failed");
    let message = "PodGC: node no longer exists";
    assert_eq!(shown(played.at(120), "DisruptionTarget"), Some((true, "DeletionByPodGC", message)));
    assert_eq!(played.removed_at(), Some(120));
    assert!(played.stops().is_empty(), "there is no kubelet to stop anything");
}

#[test]
fn a_lost_node_makes_its_pods_not_ready_with_a_transition() {
    let played = PlayedScenario::of("node-lost");
    let ready = played.timeline.entries.iter().filter_map(|entry| {
        let EntryKind::Transition(transition) = &entry.kind else { return None };
        let Change::Condition { condition: ConditionType::Ready, to, .. } = transition.change else { return None };
        Some((entry.at.since(played.timeline.start).as_secs(), to))
    });
    assert!(ready.clone().any(|change| change == (60, ConditionStatus::False)), "{:?}", ready.collect::<Vec<_>>());
}

#[test]
fn exits_on_a_lost_node_are_published_when_the_node_is_back() {
    let played = PlayedScenario::varied("node-lost", |scenario| {
        scenario.pod.spec.restart_policy = Some(pod_lifecycle::api::RestartPolicy::Never.into());
    });
    let change = played.timeline.entries.iter().filter_map(|entry| {
        let EntryKind::Transition(transition) = &entry.kind else { return None };
        let Change::Container { from, to, .. } = transition.change else { return None };
        (entry.at.since(played.timeline.start).as_secs() > 0).then_some((entry.at, from, to))
    });
    let at = played.timeline.start + std::time::Duration::from_secs(180);
    let (from, to) = (Some(ContainerStateKind::Running), ContainerStateKind::Terminated);
    assert_eq!(change.collect::<Vec<_>>(), [(at, from, to)]);
}

#[test]
fn a_pod_failed_by_the_garbage_collector_is_published_as_failed_once() {
    let played = PlayedScenario::varied("node-gone", |scenario| {
        scenario.script.actions.truncate(2);
        let kind = ScriptActionKind::NodeRecovered;
        scenario.script.actions.push(pod_lifecycle::sim::ScriptAction { at: Duration::from_secs(180), kind });
    });
    let failed = played.timeline.entries.iter().filter_map(|entry| {
        let EntryKind::Transition(transition) = &entry.kind else { return None };
        let is_it = matches!(transition.change, Change::Phase { to: PodPhase::Failed, .. });
        is_it.then(|| entry.at.since(played.timeline.start).as_secs())
    });
    assert_eq!(failed.collect::<Vec<_>>(), [120]);
    assert!(!played.stops().is_empty(), "the kubelet ends it when it sees the deletion");
}
