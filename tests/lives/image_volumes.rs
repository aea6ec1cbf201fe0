//! Image volumes: pulled after the sandbox and before any container; a container without its volume's image waits.

use std::{sync::Arc, time::Duration};

use pod_lifecycle::{
    Action, KubernetesEvent, NoSink, PodMachine, Timestamp,
    api::PodManifest,
    config::KubeletConfig,
    event::{Event, RuntimeEvent},
    sim::{EntryKind, Scenario, StatusMatcher, Timeline, VolumeScript},
    spec::PodSpec,
};
use serde_json::json;

/// A Pod with an image volume that `app` mounts and `log` does not.
fn pod(image: &serde_json::Value) -> PodManifest {
    let spec = json!({
        "volumes": [{"name": "model", "image": image}],
        "containers": [
            {"name": "app", "image": "app:1", "volumeMounts": [{"name": "model", "mountPath": "/model"}]},
            {"name": "log", "image": "log:1"},
        ],
    });
    serde_json::from_value(json!({"metadata": {"name": "web", "uid": "uid-1"}, "spec": spec})).unwrap()
}

fn model() -> PodManifest {
    pod(&json!({"reference": "model:1"}))
}

fn scenario(script: impl FnOnce(VolumeScript) -> VolumeScript) -> Scenario {
    Scenario::of(model()).volume("model", script).until(60)
}

fn events(timeline: &Timeline) -> Vec<String> {
    let of = |container| timeline.container_name(container).unwrap().to_owned();
    let text = |event: &KubernetesEvent| {
        format!("{}: {}: {}", event.container.map_or("the Pod".into(), of), event.reason, event.message)
    };
    timeline.events().map(text).collect()
}

#[test]
fn the_image_of_a_volume_is_looked_for_in_each_sync_before_the_containers_start() {
    let events = events(&scenario(|model| model).play().unwrap());
    let pulled =
        "the Pod: Pulled: Container image \"model:1\" already present on machine and can be accessed by the pod";
    assert_eq!(events[0], pulled);
    assert!(events[1].starts_with("app: Pulled"), "{events:?}");
    assert_eq!(events.iter().filter(|event| *event == pulled).count(), 2, "the sync after the start looks again");
}

#[test]
fn only_the_containers_that_mount_a_missing_image_wait_for_it() {
    let timeline = scenario(|model| model.pull_fails(1, "no such tag")).play().unwrap();
    let waits = timeline.first(StatusMatcher::waiting("app", "ErrImagePull")).unwrap();
    let status = timeline.status_at(waits).unwrap();
    assert!(status.container_statuses.iter().any(|it| it.name == "log" && it.state.running.is_some()));
    let events = events(&timeline);
    let failed = events.iter().filter(|event| event.starts_with("app: Failed")).collect::<Vec<_>>();
    assert_eq!(failed, ["app: Failed: Error: ErrImagePull", "app: Failed: Error: ImagePullBackOff"]);
    assert!(events.contains(&"the Pod: BackOff: Back-off pulling image \"model:1\"".to_owned()), "{events:?}");
    let pulls = |it: &EntryKind| matches!(it, EntryKind::Action(Action::PullVolumeImage { .. }));
    let at = timeline.entries.iter().filter(|entry| pulls(&entry.kind)).map(|entry| entry.at.since(timeline.start));
    let at: Vec<Duration> = at.collect();
    assert_eq!(at.len(), 2);
    assert!(at[1] - at[0] >= Duration::from_secs(10), "{at:?}");
}

#[test]
fn a_volume_whose_image_is_never_pulled_or_has_no_valid_name_fails_its_containers() {
    let waits = |image, reason| {
        let timeline = Scenario::of(pod(&image)).volume("model", |it| it.pulled_in(1)).until(5).play().unwrap();
        timeline.first(StatusMatcher::waiting("app", reason)).is_some()
    };
    assert!(waits(json!({"reference": "model:1", "pullPolicy": "Never"}), "ErrImageNeverPull"));
    assert!(waits(json!({"reference": "MODEL:1"}), "InvalidImageName"));
}

#[test]
fn an_image_volume_is_pulled_by_the_rules_of_a_containers_image() {
    let pulls = |image| {
        let timeline = Scenario::of(pod(&image)).until(5).play().unwrap();
        let is_pull = |kind: &EntryKind| matches!(kind, EntryKind::Action(Action::PullVolumeImage { .. }));
        timeline.entries.iter().any(|entry| is_pull(&entry.kind))
    };
    assert!(pulls(json!({"reference": "model:latest"})), "latest is always pulled");
    assert!(!pulls(json!({"reference": "model:latest", "pullPolicy": "IfNotPresent"})), "it is present");
    assert!(!pulls(json!({"reference": "model:1"})), "it is present");
}

#[test]
fn before_1_35_the_api_server_drops_image_volumes_with_their_mounts() {
    let played = |version: &str| {
        let mut scenario = scenario(|model| model.pulled_in(1));
        scenario.script.volumes.clear();
        scenario.config.kubernetes = version.parse().unwrap();
        let timeline = scenario.play().unwrap();
        let asked = |kind: &EntryKind| matches!(kind, EntryKind::Action(Action::InspectVolumeImage { .. }));
        let spec = &timeline.pod.spec;
        let has_mount = !spec.containers[0].volume_mounts.is_empty();
        (spec.volumes.len(), has_mount, timeline.entries.iter().any(|entry| asked(&entry.kind)))
    };
    assert_eq!(played("1.34"), (0, false, false));
    assert_eq!(played("1.35"), (1, true, true));
}

#[test]
fn an_image_without_a_reference_is_refused_by_its_field() {
    let error = Scenario::of(pod(&json!({}))).play().unwrap_err().to_string();
    assert!(error.contains("spec.volumes[0].image.reference: Required value"), "{error}");
    let error =
        Scenario::of(pod(&json!({"reference": "a", "pullPolicy": "Sometimes"}))).play().unwrap_err().to_string();
    assert!(error.contains("spec.volumes[0].image.pullPolicy"), "{error}");
}

#[test]
fn an_explanation_names_the_image_of_the_volume() {
    let mut simulation = scenario(|model| model.pull_fails(9, "no such tag")).simulate().unwrap();
    simulation.advance(Duration::from_secs(20)).unwrap();
    let text = simulation.explain(simulation.now()).to_string();
    assert!(text.contains("model:1") && text.contains("no such tag"), "{text}");
    assert!(!text.contains("app:1"), "{text}");
}

#[test]
fn answers_about_images_that_nobody_asked_for_are_refused_and_change_nothing() {
    let pod = PodMachine::new(
        Arc::new(PodSpec::from_manifest(model()).unwrap()),
        Arc::new(KubeletConfig::default()),
        Timestamp::UNIX_EPOCH,
        &mut NoSink,
    );
    let mut after = pod.clone();
    for (event, expected) in [
        (RuntimeEvent::VolumeImageInspected { volume: 0.into(), result: Ok(true) }, "no pending action"),
        (RuntimeEvent::VolumeImagePulled { volume: 0.into(), result: Ok(1) }, "no pending action"),
        (RuntimeEvent::VolumeImagePulled { volume: 7.into(), result: Ok(1) }, "no volume"),
    ] {
        let mut out = Vec::new();
        let error = after.handle_event(Timestamp::UNIX_EPOCH, Event::Runtime(event), &mut out).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(after, pod);
    }
}
