//! The example `embed_tokio` as its users meet it: a program of its own, whose containers are real processes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test may stop"
)]

mod program;

use program::{Pods, row};

#[test]
fn a_job_runs_once_and_succeeds() {
    let pods = Pods::of(
        "job",
        r#"
kind: Pod
metadata: {name: job}
spec:
  restartPolicy: Never
  containers:
    - {name: main, image: none, command: [sh, -c, "echo $GREETING from $HOSTNAME; sleep 1"], env: [{name: GREETING, value: hello}]}
"#,
    );
    let printed = pods.run(&[]);
    let shown: Vec<&str> = printed.lines().filter(|line| line.starts_with("job ")).collect();
    assert!(shown.iter().any(|line| row(line) == ["job", "1/1", "Running", "0"]), "{printed}");
    assert!(shown.iter().any(|line| row(line) == ["job", "0/1", "Completed", "0"]), "{printed}");
    assert!(printed.contains("Pod job has Succeeded"), "{printed}");
    assert_eq!(pods.log("job/main/0.log"), "hello from job\n");
}

#[test]
fn a_container_that_crashes_is_started_again_and_then_held_back() {
    let pods = Pods::of(
        "crash",
        r#"
kind: Pod
metadata: {name: crash}
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - {name: main, image: none, command: [sh, -c, "echo no configuration; exit 3"], terminationMessagePolicy: FallbackToLogsOnError}
"#,
    );
    let printed = pods.run(&["--for", "5"]);
    assert!(printed.lines().any(|line| row(line) == ["crash", "0/1", "Error", "1"]), "{printed}");
    let why = "`main` exited with code 3 (Error)";
    assert!(printed.contains(why) && printed.contains(r#"its 2nd exit, saying "no configuration""#), "{printed}");
    assert!(printed.contains("restartPolicy Always restarts it 10 s after that exit"), "{printed}");
    assert_eq!(pods.log("crash/main/1.log"), "no configuration\n");
}

#[test]
fn a_pod_that_is_stopped_hears_sigterm_and_says_goodbye() {
    let pods = Pods::of(
        "stop",
        r#"
kind: Pod
metadata: {name: stop}
spec:
  containers:
    - name: main
      image: none
      command: [sh, -c, "trap 'sleep 1; echo goodbye; exit 0' TERM; echo up; while :; do sleep 0.1; done"]
      lifecycle:
        preStop: {exec: {command: [sh, -c, "echo closing > $CLOSED"]}}
      env: [{name: CLOSED, value: FOLDER/closed}]
"#,
    );
    let printed = pods.run(&["--for", "3"]);
    assert!(printed.lines().any(|line| row(line) == ["stop", "1/1", "Terminating", "0"]), "{printed}");
    assert_eq!(pods.log("stop/main/0.log"), "up\ngoodbye\n");
    assert_eq!(pods.log("closed"), "closing\n");
}

#[test]
fn a_container_that_does_not_stop_is_killed_with_its_children_when_its_grace_is_over() {
    let pods = Pods::of(
        "deaf",
        r#"
kind: Pod
metadata: {name: deaf}
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - {name: main, image: none, command: [sh, -c, "trap '' TERM; sleep 600 & echo $!; wait"]}
"#,
    );
    pods.run(&["--for", "2"]);
    let child = pods.log("deaf/main/0.log");
    assert!(!std::path::Path::new("/proc").join(child.trim()).join("exe").exists(), "process {child} still runs");
}

#[test]
fn a_container_that_never_becomes_ready_says_which_probe_failed() {
    let pods = Pods::of(
        "unready",
        r#"
kind: Pod
metadata: {name: unready}
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: main
      image: none
      command: [sleep, "600"]
      readinessProbe: {exec: {command: ["false"]}, periodSeconds: 1, failureThreshold: 1}
"#,
    );
    let printed = pods.run(&["--for", "4"]);
    assert!(printed.lines().any(|line| row(line) == ["unready", "0/1", "Running", "0"]), "{printed}");
    assert!(!printed.lines().any(|line| row(line) == ["unready", "1/1", "Running", "0"]), "{printed}");
    assert!(printed.contains("readiness probe"), "{printed}");
}

#[test]
fn a_manifest_that_is_wrong_is_refused_with_its_field() {
    let pods = Pods::of("wrong", "kind: Pod\nmetadata: {name: wrong}\nspec: {containers: [{name: A, image: none}]}\n");
    let complaint = pods.refused();
    assert!(complaint.contains("spec.containers[0].name"), "{complaint}");
}
