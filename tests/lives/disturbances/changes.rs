//! Changes of a running Pod's spec: images, ephemeral containers, generations.

use std::time::Duration;

use pod_lifecycle::{
    api::PodStatus,
    sim::{ScriptAction, ScriptActionKind},
};

use super::played_scenario::{PlayedScenario, condition, container, why};

fn set_image(at: u64, image: &str) -> ScriptAction {
    let kind = ScriptActionKind::SetImage { container: "web".into(), image: image.into() };
    ScriptAction { at: Duration::from_secs(at), kind }
}

#[test]
fn a_container_whose_image_changed_is_restarted_whatever_the_policy() {
    let played = PlayedScenario::of("image-change");
    let message = "Container web definition changed, will be restarted";
    assert_eq!(played.events("Killing"), [(60, "Normal".into(), message)]);
    assert_eq!(played.stops(), [(60, 30)]);
    assert_eq!(played.exits(), [(62, 0)]);
    let web = container(played.end(), "web");
    assert_eq!((web.restart_count, &*web.image), (1, "nginx:1.28"));
    assert_eq!(web.last_state.terminated.as_ref().unwrap().exit_code, 0);
    assert_eq!(container(played.end(), "logs").restart_count, 0);
    assert_eq!(why(played.end()).0, "Running");
}

#[test]
fn a_status_shows_the_image_that_its_instance_runs() {
    let played = PlayedScenario::of("image-change");
    assert_eq!(played.at(60).observed_generation, 2, "the change has been seen");
    assert_eq!(container(played.at(60), "web").image, "nginx:1.27", "and the old instance still runs");
    assert_eq!(container(played.at(62), "web").image, "nginx:1.28");
}

#[test]
fn an_image_changed_back_during_a_sync_restarts_nothing() {
    let played = PlayedScenario::varied("observed-generation", |scenario| {
        scenario.script.actions.push(set_image(20, "nginx:1.27"));
    });
    assert!(played.events("Killing").is_empty());
    assert_eq!(played.end().observed_generation, 3);
}

#[test]
fn two_changes_in_a_row_are_two_transitions() {
    let played =
        PlayedScenario::varied("image-change", |scenario| scenario.script.actions.push(set_image(90, "nginx:1.29")));
    let images = [60, 62, 90, 92].map(|second| container(played.at(second), "web").image.clone());
    assert_eq!(images, ["nginx:1.27", "nginx:1.28", "nginx:1.28", "nginx:1.29"]);
}

#[test]
fn a_restarted_kubelet_still_sees_which_image_an_instance_runs() {
    let played = PlayedScenario::varied("image-change", |scenario| {
        scenario.script.containers.get_mut("web").unwrap().runs[0].sigterm_exit_after = Duration::from_secs(20);
        scenario
            .script
            .actions
            .push(ScriptAction { at: Duration::from_secs(70), kind: ScriptActionKind::KubeletRestart });
    });
    assert_eq!(container(played.at(79), "web").image, "nginx:1.27");
    assert_eq!(container(played.end(), "web").image, "nginx:1.28");
}

#[test]
fn only_images_deadlines_gates_and_ephemeral_containers_may_change() {
    let played = r#"{"pod": {"metadata": {"name": "web"}, "spec": {"activeDeadlineSeconds": 600,
        "containers": [{"name": "app", "image": "nginx:1"}]}}}"#;
    let manifest = |change: fn(&mut pod_lifecycle::api::PodManifestSpec)| {
        let scenario: pod_lifecycle::sim::Scenario = serde_json::from_str(played).unwrap();
        let mut pod = scenario.pod.with_defaults();
        change(&mut pod.spec);
        std::sync::Arc::new(pod_lifecycle::spec::PodSpec::from_admitted(&pod).unwrap())
    };
    let config = std::sync::Arc::new(pod_lifecycle::config::KubeletConfig::default());
    let now = pod_lifecycle::Timestamp::UNIX_EPOCH;
    let pod = pod_lifecycle::PodMachine::new(manifest(|_| {}), config, now, &mut pod_lifecycle::NoSink);
    let changed = |change| {
        let event = pod_lifecycle::event::ApiEvent::SpecChanged(manifest(change));
        let mut pod = pod.clone();
        let result = pod.handle_event(now, pod_lifecycle::event::Event::Api(event), &mut pod_lifecycle::NoSink);
        result.err().map(|error| error.to_string())
    };
    let refused = |field: &str| Some(format!("{field}: cannot be changed in an existing Pod"));
    assert_eq!(changed(|spec| spec.active_deadline_seconds = Some(60)), None);
    assert_eq!(changed(|spec| spec.active_deadline_seconds = None), refused("spec.activeDeadlineSeconds"));
    assert_eq!(changed(|spec| spec.containers[0].name = "other".into()), refused("spec.containers"));
    assert_eq!(changed(|spec| spec.host_network = true), refused("spec"));
}

#[test]
fn an_ephemeral_container_starts_at_once_in_a_running_pod() {
    let played = PlayedScenario::of("ephemeral-container");
    let debugger = |status: &PodStatus| status.ephemeral_container_statuses.first().cloned();
    assert_eq!(debugger(played.at(59)), None);
    let waiting = debugger(played.at(60)).unwrap().state.waiting.unwrap();
    assert_eq!(waiting.reason, "ContainerCreating");
    let running = debugger(played.at(63)).unwrap();
    assert!(running.state.running.is_some());
    assert_eq!((&*running.name, &*running.image), ("debugger", "busybox:1.37"));
    assert_eq!(played.at(63).container_statuses.len(), 1, "it has a list of its own");
}

#[test]
fn an_ephemeral_container_is_never_restarted() {
    let played = PlayedScenario::of("ephemeral-container");
    assert_eq!(played.exits(), [(103, 0)]);
    let debugger = &played.end().ephemeral_container_statuses[0];
    assert_eq!(debugger.state.terminated.as_ref().unwrap().reason, "Completed");
    assert_eq!(debugger.restart_count, 0);
    assert_eq!(played.events("Started").len(), 2);
    let container_ready = condition(played.end(), "ContainersReady").unwrap();
    assert_eq!(container_ready.status.to_string(), "True", "readiness does not wait for it");
}

#[test]
fn a_status_is_about_the_generation_that_the_kubelet_has_acted_upon() {
    let played = PlayedScenario::of("observed-generation");
    let generations = |second| {
        let status = played.at(second);
        let of = |condition_type| condition(status, condition_type).unwrap().observed_generation;
        (status.observed_generation, of("PodScheduled"), of("Ready"))
    };
    assert_eq!(generations(29), (1, 1, 1), "the hook holds up the whole Pod");
    assert_eq!(generations(30), (2, 2, 2));
    assert_eq!(played.events("Killing")[0].0, 30);
}

#[test]
fn a_deletion_increments_the_generation() {
    let played = PlayedScenario::of("delete");
    assert_eq!(played.at(59).observed_generation, 1);
    assert_eq!(played.at(60).observed_generation, 2);
    assert_eq!(played.timeline.pod.metadata.generation, 2);
}
