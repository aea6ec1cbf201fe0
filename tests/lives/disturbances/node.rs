//! Disruptions by the node: eviction, preemption, shutdown, active deadline, admission failure.

use std::{sync::Arc, time::Duration};

use pod_lifecycle::{
    Action, NoSink, PodMachine, Timestamp, api,
    config::KubeletConfig,
    event::{Event, EventError, NodeEvent},
    sim::{ContainerScript, EntryKind, ScriptActionKind},
    spec::PodSpec,
};
use serde_json::json;

use super::played_scenario::{PlayedScenario, condition, ended, shown, why};

#[test]
fn a_hard_eviction_has_no_grace_period_and_fails_the_pod_with_reason_evicted() {
    let played = PlayedScenario::of("eviction-hard");
    let message = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 87Mi. \
                   Container redis was using 412Mi, request is 64Mi, has larger consumption of memory.";
    assert_eq!(played.events("Evicted"), [(30, "Warning".into(), message)]);
    assert_eq!(played.events("Killing"), [(30, "Normal".into(), "Stopping container redis")]);
    assert_eq!(played.stops(), [(30, 2)], "the least between SIGTERM and SIGKILL, not the Pod's 60 s");
    assert_eq!(why(played.end()), ("Failed".into(), "Evicted", message));
    assert_eq!(ended(played.end(), "redis"), (137, "Error"));
    assert_eq!(shown(played.end(), "DisruptionTarget"), Some((true, "TerminationByKubelet", message)));
    assert_eq!(shown(played.end(), "Ready"), Some((false, "PodFailed", "")));
    assert_eq!(played.removed_at(), None, "an evicted Pod stays for people to see");
}

#[test]
fn the_terminal_phase_of_an_evicted_pod_is_published_when_no_container_runs() {
    let played = PlayedScenario::of("eviction-hard");
    assert_eq!(played.phases(), [(0, "Pending".into()), (0, "Running".into()), (32, "Failed".into())]);
    assert_eq!(condition(played.at(31), "DisruptionTarget"), None);
    assert_eq!(why(played.at(31)).1, "", "the reason comes with the phase");
    assert_eq!(played.since(32, "DisruptionTarget"), 32);
}

#[test]
fn a_soft_eviction_is_limited_by_its_own_grace_period() {
    let played = PlayedScenario::of("eviction-soft");
    assert_eq!(played.stops(), [(30, 15)]);
    assert_eq!(played.exits(), [(45, 137)]);
    assert_eq!(why(played.end()).1, "Evicted");
}

#[test]
fn a_soft_eviction_is_limited_by_the_pods_grace_period() {
    let played = PlayedScenario::varied("eviction-soft", |scenario| {
        scenario.pod.spec.termination_grace_period_seconds = Some(5);
    });
    assert_eq!(played.stops(), [(30, 5)]);
}

#[test]
fn a_pod_evicted_for_its_own_disk_usage_has_no_disruption_target() {
    let played = PlayedScenario::of("eviction-over-limit");
    let message = "Usage of EmptyDir volume \"scratch\" exceeds the limit \"1Gi\". ";
    assert_eq!(why(played.end()), ("Failed".into(), "Evicted", message));
    assert_eq!(condition(played.end(), "DisruptionTarget"), None);
}

/// The kubelet looks at the containers once more when all are gone, and forgets why it stopped them.
#[test]
fn an_evicted_pod_whose_containers_all_exit_with_0_succeeds() {
    let played = PlayedScenario::varied("eviction-hard", |scenario| {
        let run = &mut scenario.script.containers.get_mut("redis").unwrap().runs[0];
        (run.sigterm_exit_after, run.sigterm_exit_code) = (Duration::ZERO, Some(0));
    });
    assert_eq!(why(played.end()), ("Succeeded".into(), "", ""));
    assert!(shown(played.end(), "DisruptionTarget").unwrap().0);
}

#[test]
fn a_container_that_died_with_its_sandbox_is_removed_if_its_pod_is_evicted_but_not_if_it_is_preempted() {
    let removals = |end: ScriptActionKind| {
        let played = PlayedScenario::varied("eviction-hard", |scenario| {
            let run = &mut scenario.script.containers.get_mut("redis").unwrap().runs[0];
            (run.exits_after, run.exit_code) = (Some(Duration::from_secs(5)), 1);
            let mut slow = scenario.pod.spec.containers[0].clone();
            slow.name = "slow".into();
            scenario.pod.spec.containers.push(slow);
            scenario.script.containers.insert("slow".into(), ContainerScript::default().pulled_in(60));
            scenario.script.sandbox_deaths = vec![Duration::from_secs(20)];
            scenario.script.actions[0].kind = end;
        });
        let asked = played.timeline.entries.iter();
        asked.filter(|entry| matches!(entry.kind, EntryKind::Action(Action::RemoveContainer { .. }))).count()
    };
    assert_eq!(removals(ScriptActionKind::Evict { message: None, grace: None }), 1);
    assert_eq!(removals(ScriptActionKind::Preempt), 0);
}

#[test]
fn a_restart_of_the_kubelet_does_not_delay_garbage_collection() {
    let removals = |restarts: &[u64]| {
        let played = PlayedScenario::varied("eviction-hard", |scenario| {
            scenario.config.garbage_collection_period = Some(Duration::from_secs(60));
            let run = &mut scenario.script.containers.get_mut("redis").unwrap().runs[0];
            run.exits_after = Some(Duration::from_secs(30));
            let again = vec![run.clone(), run.clone(), pod_lifecycle::sim::Run::default()];
            scenario.script.containers.get_mut("redis").unwrap().runs = again;
            scenario.script.sandbox_deaths = vec![Duration::from_secs(10)];
            scenario.script.end = Some(Duration::from_secs(200));
            let kind = ScriptActionKind::KubeletRestart;
            let at = |at: &u64| Duration::from_secs(*at);
            let restarts = restarts.iter().map(|t| pod_lifecycle::sim::ScriptAction { at: at(t), kind: kind.clone() });
            scenario.script.actions = restarts.collect();
        });
        let start = played.timeline.start;
        let asked = played.timeline.entries.iter().filter_map(|entry| {
            let EntryKind::Action(Action::RemovePodSandbox { .. }) = entry.kind else { return None };
            Some(entry.at.since(start).as_secs())
        });
        asked.collect::<Vec<_>>()
    };
    assert_eq!(removals(&[]), [100], "a minute after the sandbox held nothing any more");
    assert_eq!(removals(&[70]), [100]);
}

#[test]
fn a_preempted_pod_keeps_its_own_grace_period() {
    let played = PlayedScenario::of("preemption");
    let message = "Preempted in order to admit critical pod";
    assert_eq!(played.events("Preempting"), [(20, "Warning".into(), message)]);
    assert_eq!(played.stops(), [(20, 10)]);
    assert_eq!(why(played.end()), ("Failed".into(), "Preempting", message));
    let said = "Pod was preempted by Kubelet to accommodate a critical pod.";
    assert_eq!(shown(played.end(), "DisruptionTarget"), Some((true, "TerminationByKubelet", said)));
}

#[test]
fn at_a_node_shutdown_each_pod_has_its_grace_period_and_sidecars_stop_last() {
    let played = PlayedScenario::of("node-shutdown");
    assert_eq!(played.stops(), [(60, 20), (66, 14)], "20 s instead of the Pod's 45, of which the front end takes 6");
    assert_eq!(played.exits(), [(66, 143), (67, 0)]);
    assert!(played.events("Terminated").is_empty(), "no event says why");
}

#[test]
fn a_pod_terminated_by_a_node_shutdown_is_failed() {
    let played = PlayedScenario::of("node-shutdown");
    let message = "Pod was terminated in response to imminent node shutdown.";
    assert_eq!(why(played.end()), ("Failed".into(), "Terminated", message));
    assert_eq!(shown(played.end(), "DisruptionTarget"), Some((true, "TerminationByKubelet", message)));
    assert_eq!(played.phases().last(), Some(&(67, "Failed".into())));
}

#[test]
fn a_pod_past_its_active_deadline_fails_although_its_policy_is_always() {
    let played = PlayedScenario::of("deadline");
    let message = "Pod was active on the node longer than the specified deadline";
    assert_eq!(played.events("DeadlineExceeded")[0], (30, "Normal".into(), message));
    assert_eq!(played.stops(), [(30, 10)]);
    assert_eq!(played.exits(), [(32, 0)]);
    assert_eq!(why(played.end()), ("Failed".into(), "DeadlineExceeded", message));
    assert_eq!(played.phases().last(), Some(&(32, "Failed".into())));
    assert_eq!(condition(played.end(), "DisruptionTarget"), None);
}

#[test]
fn a_pod_rejected_by_its_node_fails_at_once_and_starts_nothing() {
    let played = PlayedScenario::of("rejected");
    let message = "Allocate failed due to no healthy devices present; cannot allocate unhealthy devices nvidia.com/gpu, \
                   which is unexpected";
    let reason = "UnexpectedAdmissionError";
    assert_eq!(played.events(reason), [(2, "Warning".into(), message)]);
    assert_eq!(why(played.end()), ("Failed".into(), reason, &*format!("Pod was rejected: {message}")));
    assert_eq!(played.phases(), [(0, "Pending".into()), (2, "Failed".into())]);
    assert!(!played.anything_ran());
    assert!(played.end().conditions.is_empty() && played.end().container_statuses.is_empty());
    assert_eq!(played.end().start_time, Some(played.timeline.start + std::time::Duration::from_secs(2)));
}

#[test]
fn a_terminating_pod_keeps_its_phase_when_it_is_evicted() {
    let played = PlayedScenario::varied("eviction-soft", |scenario| {
        let first = scenario.script.actions[0].clone();
        let again = ScriptActionKind::Evict { message: Some("again".into()), grace: None };
        scenario
            .script
            .actions
            .push(pod_lifecycle::sim::ScriptAction { at: first.at + Duration::from_secs(5), kind: again });
    });
    assert_eq!(played.events("Evicted").len(), 2, "the kubelet records it all the same");
    assert_eq!(played.exits(), [(45, 137)], "a stop under way is not shortened");
    assert_eq!(why(played.end()).2, "The node was low on resource: ephemeral-storage. ");
}

#[test]
fn a_static_pod_is_critical_and_stays() {
    let manifest: api::PodManifest = serde_json::from_value(json!({
        "metadata": {"name": "kube-proxy", "annotations": {"kubernetes.io/config.source": "file"}},
        "spec": {"containers": [{"name": "proxy", "image": "kube-proxy:1"}]},
    }))
    .unwrap();
    let spec = Arc::new(PodSpec::from_admitted(&manifest).unwrap());
    let mut pod = PodMachine::new(spec, Arc::new(KubeletConfig::default()), Timestamp::UNIX_EPOCH, &mut NoSink);
    let mut handle = |event| pod.handle_event(Timestamp::UNIX_EPOCH, Event::Node(event), &mut NoSink);
    assert_eq!(handle(NodeEvent::Preempted).map_err(EventError::from), Err(EventError::Critical));
    assert_eq!(handle(NodeEvent::ShutDown { grace_seconds: Some(5) }), Ok(()), "a shutdown spares no Pod");
}
