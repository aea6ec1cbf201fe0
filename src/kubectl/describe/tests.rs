use serde_json::{Value, json};

use super::*;
use crate::status::EventType;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn described(pod: Value, events: &[RecordedEvent]) -> String {
    describe(&serde_json::from_value(pod).unwrap(), events, at("2026-03-01T12:10:00Z"))
}

fn crashing_pod() -> Value {
    json!({
        "metadata": {"name": "web", "namespace": "prod", "labels": {"app": "web", "tier": "front"}},
        "spec": {
            "nodeName": "node-1",
            "readinessGates": [{"conditionType": "example.com/lb"}],
            "initContainers": [{"name": "proxy", "image": "envoy:1", "restartPolicy": "Always"}],
            "containers": [{
                "name": "app", "image": "app:1", "command": ["sh", "-c", "run\nrest"],
                "ports": [{"containerPort": 80, "protocol": "TCP", "name": "http"}, {"containerPort": 443}],
                "livenessProbe": {"exec": {"command": ["check"]}, "periodSeconds": 10, "failureThreshold": 3},
                "volumeMounts": [{"name": "b", "mountPath": "/b"}, {"name": "a", "mountPath": "/a", "readOnly": true}],
            }],
        },
        "status": {
            "phase": "Running", "startTime": "2026-03-01T12:00:00Z",
            "hostIP": "192.168.0.5", "podIP": "10.0.0.7", "podIPs": [{"ip": "10.0.0.7"}],
            "conditions": [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "False"}],
            "initContainerStatuses": [{
                "name": "proxy", "ready": true, "started": true, "containerID": "fake://1",
                "state": {"running": {"startedAt": "2026-03-01T12:00:02Z"}},
            }],
            "containerStatuses": [{
                "name": "app", "restartCount": 2, "containerID": "fake://4",
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 20s"}},
                "lastState": {"terminated": {
                    "exitCode": 1, "reason": "Error", "message": "boom",
                    "startedAt": "2026-03-01T12:09:02Z", "finishedAt": "2026-03-01T12:09:05Z",
                }},
            }],
        },
    })
}

#[test]
fn a_crashing_pod_is_described_in_full() {
    let started = RecordedEvent {
        count: 3,
        last_seen: at("2026-03-01T12:09:02Z"),
        ..RecordedEvent::once(
            EventType::Normal,
            "Started",
            Some("app"),
            "Started container app",
            at("2026-03-01T12:00:05Z"),
        )
    };
    let changed =
        RecordedEvent::once(EventType::Normal, "SandboxChanged", None, " It changed. ", at("2026-03-01T12:00:00Z"));
    let text = described(crashing_pod(), &[started, changed]);
    assert_eq!(text.lines().map(str::trim_end).collect::<Vec<_>>(), CRASHING.lines().skip(1).collect::<Vec<_>>());
}

#[test]
fn a_pod_being_deleted_is_terminating_until_it_has_ended() {
    let status = |phase: &str, deleted_at: &str| {
        let metadata = json!({"deletionTimestamp": deleted_at, "deletionGracePeriodSeconds": 30});
        let text = described(json!({"metadata": metadata, "status": {"phase": phase}}), &[]);
        text.lines().filter(|line| line.starts_with("Status") || line.starts_with("Termination")).collect::<String>()
    };
    let terminating = |lasts: &str| {
        alloc::format!("Status:                    Terminating (lasts {lasts})Termination Grace Period:  30s")
    };
    assert_eq!(status("Running", "2026-03-01T12:05:00Z"), terminating("5m"));
    assert_eq!(status("Running", "2026-03-01T12:10:20Z"), terminating("<invalid>"));
    assert_eq!(status("Failed", "2026-03-01T12:05:00Z"), "Status:       Failed");
}

#[test]
fn ephemeral_containers_follow_the_regular_ones() {
    let pod = json!({
        "spec": {"ephemeralContainers": [{"name": "debugger", "image": "busybox"}]},
        "status": {"ephemeralContainerStatuses": [{"name": "debugger", "state": {"terminated": {"exitCode": 137}}}]},
    });
    let text = described(pod, &[]);
    let (_, ephemeral) = text.split_once("Containers: <none>\nEphemeral Containers:\n  debugger:\n").unwrap();
    assert!(ephemeral.contains("    State:          Terminated\n      Exit Code:    137\n"), "{text}");
    assert!(ephemeral.contains("      Finished:     Mon, 01 Jan 0001 00:00:00 +0000\n"), "{text}");
}

#[test]
fn an_event_names_the_field_path_of_its_container() {
    let event = |container| {
        RecordedEvent::once(EventType::Warning, "BackOff", container, "Back-off", at("2026-03-01T12:09:00Z"))
    };
    let about = |container| {
        let text = described(crashing_pod(), &[event(container)]);
        text.split_once("kubelet  ").unwrap().1.trim_end().to_owned()
    };
    assert_eq!(about(Some("app")), "spec.containers{app}: Back-off");
    assert_eq!(about(Some("proxy")), "spec.initContainers{proxy}: Back-off");
    assert_eq!(about(Some("ghost")), "implicitly required container ghost: Back-off");
    assert_eq!((about(Some("")), about(None)), ("Back-off".into(), "Back-off".into()));
}

#[test]
fn long_annotations_are_written_below_their_key_and_cut() {
    let annotations = json!({"a": "1", "b": "ä".repeat(100), "c": "x\ny\n", LAST_APPLIED: "{}"});
    let text = described(json!({"metadata": {"annotations": annotations}}), &[]);
    let shown = alloc::format!(
        "Annotations:  a: 1\n              b:\n                {}...\n              c:\n                x\n                y\n",
        "ä".repeat(69)
    );
    assert!(text.contains(&shown), "{text}");
    assert!(!text.contains(LAST_APPLIED));
}

#[test]
fn control_sequences_do_not_reach_the_terminal() {
    let text = described(json!({"status": {"message": "\u{1b}[31mred\r\u{1b}"}}), &[]);
    assert!(text.contains("Message:      ^[[31mred\\r^[\n"), "{text}");
}

const CRASHING: &str = "
Name:         web
Namespace:    prod
Node:         node-1/192.168.0.5
Start Time:   Sun, 01 Mar 2026 12:00:00 +0000
Labels:       app=web
              tier=front
Annotations:  <none>
Status:       Running
IP:           10.0.0.7
IPs:
  IP:  10.0.0.7
Init Containers:
  proxy:
    Container ID:   fake://1
    Image:          envoy:1
    Image ID:
    Port:           <none>
    Host Port:      <none>
    State:          Running
      Started:      Sun, 01 Mar 2026 12:00:02 +0000
    Ready:          True
    Restart Count:  0
    Mounts:         <none>
Containers:
  app:
    Container ID:  fake://4
    Image:         app:1
    Image ID:
    Ports:         80/TCP (http), 443/
    Host Ports:    0/TCP (http), 0/
    Command:
      sh
      -c
      run
      rest
    State:          Waiting
      Reason:       CrashLoopBackOff
    Last State:     Terminated
      Reason:       Error
      Message:      boom
      Exit Code:    1
      Started:      Sun, 01 Mar 2026 12:09:02 +0000
      Finished:     Sun, 01 Mar 2026 12:09:05 +0000
    Ready:          False
    Restart Count:  2
    Liveness:       exec [check] delay=0s timeout=0s period=10s #success=0 #failure=3
    Mounts:
      /a from a (ro)
      /b from b (rw)
Readiness Gates:
  Type             Status
  example.com/lb   <none>
Conditions:
  Type           Status
  PodScheduled   True
  Ready          False
Events:
  Type    Reason          Age                  From     Message
  ----    ------          ----                 ----     -------
  Normal  SandboxChanged  10m                  kubelet  It changed.
  Normal  Started         58s (x3 over 9m55s)  kubelet  spec.containers{app}: Started container app";
