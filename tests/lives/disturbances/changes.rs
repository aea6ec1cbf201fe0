//! A spec that changes while the Pod runs: images, ephemeral containers, generations.

use pod_lifecycle::{
    api::PodStatus,
    sim::{ScriptAction, ScriptActionKind},
};

use super::story::{Story, condition, container, why};

fn set_image(t: f64, image: &str) -> ScriptAction {
    let kind = ScriptActionKind::SetImage { container: "web".into(), image: image.into() };
    ScriptAction { t, kind }
}

#[test]
fn a_container_whose_image_changed_is_restarted_whatever_the_policy() {
    let story = Story::of("image-change");
    let message = "Container web definition changed, will be restarted";
    assert_eq!(story.told("Killing"), [(60, "Normal".into(), message)]);
    assert_eq!(story.stops(), [(60, 30)]);
    assert_eq!(story.exits(), [(62, 0)]);
    let web = container(story.end(), "web");
    assert_eq!((web.restart_count, &*web.image), (1, "nginx:1.28"));
    assert_eq!(web.last_state.terminated.as_ref().unwrap().exit_code, 0);
    assert_eq!(container(story.end(), "logs").restart_count, 0);
    assert_eq!(why(story.end()).0, "Running");
}

#[test]
fn a_status_shows_the_image_that_its_instance_runs() {
    let story = Story::of("image-change");
    assert_eq!(story.at(60).observed_generation, 2, "the change has been seen");
    assert_eq!(container(story.at(60), "web").image, "nginx:1.27", "and the old instance still runs");
    assert_eq!(container(story.at(62), "web").image, "nginx:1.28");
}

#[test]
fn an_image_that_is_changed_back_while_the_kubelet_is_busy_restarts_nothing() {
    let story = Story::varied("observed-generation", |scenario| {
        scenario.script.actions.push(set_image(20.0, "nginx:1.27"));
    });
    assert!(story.told("Killing").is_empty());
    assert_eq!(story.end().observed_generation, 3);
}

#[test]
fn two_changes_in_a_row_are_told_apart() {
    let story = Story::varied("image-change", |scenario| scenario.script.actions.push(set_image(90.0, "nginx:1.29")));
    let images = [60, 62, 90, 92].map(|second| container(story.at(second), "web").image.clone());
    assert_eq!(images, ["nginx:1.27", "nginx:1.28", "nginx:1.28", "nginx:1.29"]);
}

#[test]
fn a_restarted_kubelet_still_sees_which_image_an_instance_runs() {
    let story = Story::varied("image-change", |scenario| {
        scenario.script.containers.get_mut("web").unwrap().runs[0].sigterm_exit_after_seconds = 20.0;
        scenario.script.actions.push(ScriptAction { t: 70.0, kind: ScriptActionKind::KubeletRestart });
    });
    assert_eq!(container(story.at(79), "web").image, "nginx:1.27");
    assert_eq!(container(story.end(), "web").image, "nginx:1.28");
}

#[test]
fn nothing_but_images_deadlines_gates_and_ephemeral_containers_may_change() {
    let story = r#"{"pod": {"metadata": {"name": "web"}, "spec": {"activeDeadlineSeconds": 600,
        "containers": [{"name": "app", "image": "nginx:1"}]}}}"#;
    let manifest = |change: fn(&mut pod_lifecycle::api::PodManifestSpec)| {
        let scenario: pod_lifecycle::sim::Scenario = serde_json::from_str(story).unwrap();
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
    let refused = |field: &str| Some(format!("{field}: cannot be changed in a Pod that exists"));
    assert_eq!(changed(|spec| spec.active_deadline_seconds = Some(60)), None);
    assert_eq!(changed(|spec| spec.active_deadline_seconds = None), refused("spec.activeDeadlineSeconds"));
    assert_eq!(changed(|spec| spec.containers[0].name = "other".into()), refused("spec.containers"));
    assert_eq!(changed(|spec| spec.host_network = true), refused("spec"));
}

#[test]
fn an_ephemeral_container_starts_at_once_in_a_running_pod() {
    let story = Story::of("ephemeral-container");
    let debugger = |status: &PodStatus| status.ephemeral_container_statuses.first().cloned();
    assert_eq!(debugger(story.at(59)), None);
    let waiting = debugger(story.at(60)).unwrap().state.waiting.unwrap();
    assert_eq!(waiting.reason, "ContainerCreating");
    let running = debugger(story.at(63)).unwrap();
    assert!(running.state.running.is_some());
    assert_eq!((&*running.name, &*running.image), ("debugger", "busybox:1.37"));
    assert_eq!(story.at(63).container_statuses.len(), 1, "it has a list of its own");
}

#[test]
fn an_ephemeral_container_is_never_started_again() {
    let story = Story::of("ephemeral-container");
    assert_eq!(story.exits(), [(103, 0)]);
    let debugger = &story.end().ephemeral_container_statuses[0];
    assert_eq!(debugger.state.terminated.as_ref().unwrap().reason, "Completed");
    assert_eq!(debugger.restart_count, 0);
    assert_eq!(story.told("Started").len(), 2);
    let container_ready = condition(story.end(), "ContainersReady").unwrap();
    assert_eq!(container_ready.status.to_string(), "True", "nobody waits for it");
}

#[test]
fn a_status_is_about_the_generation_that_the_kubelet_has_acted_upon() {
    let story = Story::of("observed-generation");
    let generations = |second| {
        let status = story.at(second);
        let of = |condition_type| condition(status, condition_type).unwrap().observed_generation;
        (status.observed_generation, of("PodScheduled"), of("Ready"))
    };
    assert_eq!(generations(29), (1, 1, 1), "the hook holds up the whole Pod");
    assert_eq!(generations(30), (2, 2, 2));
    assert_eq!(story.told("Killing")[0].0, 30);
}

#[test]
fn a_deletion_is_a_generation_of_its_own() {
    let story = Story::of("delete");
    assert_eq!(story.at(59).observed_generation, 1);
    assert_eq!(story.at(60).observed_generation, 2);
    assert_eq!(story.timeline.pod.metadata.generation, 2);
}
