//! Containers of Kubernetes' own tests: times, signals, shared files, probes' commands, servers.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test may stop, and its numbers are small"
)]

use std::{collections::BTreeMap, time::Duration};

use fake_image::{Container, ExecState, GrpcHealth, Host, HttpRequest, Mount, Program, Signal, Volume};

const START: Duration = Duration::from_secs(1_800_000_000);

fn at(seconds: u64) -> Duration {
    START + Duration::from_secs(seconds)
}

fn words(line: &[&str]) -> Vec<String> {
    line.iter().map(|word| (*word).to_owned()).collect()
}

fn run(image: &str, argv: &[&str], mounts: Vec<Mount>) -> Container {
    // As args, so that the image's entry point stays where it has one.
    let (command, args) = if image == "agnhost" { (vec![], words(argv)) } else { (words(argv), vec![]) };
    let program = Program::new(image, &command, &args, BTreeMap::new());
    let host = Host { name: "web-0".into(), ..Host::default() };
    Container::start(&program, host, Volume::new(), mounts, START).unwrap()
}

fn exec(container: &mut Container, argv: &[&str], now: Duration) -> ExecState {
    let exec = container.exec(&words(argv), b"", now).unwrap();
    container.exec_state(exec)
}

#[test]
fn output_comes_when_it_is_written() {
    let mut container = run("busybox", &["sh", "-c", "echo a; sleep 2; echo b >&2; sleep 1; exit 4"], vec![]);
    container.run_until(at(60));
    let output: Vec<(u64, Vec<u8>)> =
        container.take_output().into_iter().map(|output| ((output.at - START).as_secs(), output.bytes)).collect();
    assert_eq!(output, [(0, b"a\n".to_vec()), (2, b"b\n".to_vec())]);
    assert_eq!((container.exit_code(), container.exited_at()), (Some(4), Some(at(3))));
}

#[test]
fn pid_1_ignores_sigterm_without_a_trap() {
    let mut container = run("busybox", &["sleep", "600"], vec![]);
    container.signal(Signal::Term, at(1));
    assert_eq!(container.exit_code(), None);
    container.signal(Signal::Kill, at(31));
    assert_eq!((container.exit_code(), container.exited_at()), (Some(137), Some(at(31))));
}

#[test]
fn a_trap_waits_for_the_command_in_the_foreground() {
    let script = "_term() {\n\trm -f /tmp/ready\n\tsleep 30\n\texit 0\n}\ntrap _term SIGTERM\n\ntouch /tmp/ready\n\nwhile true; do\n  echo hello\n  sleep 10\ndone";
    let mut container = run("agnhost-like/bash", &["/bin/bash", "-c", script], vec![]);
    assert_eq!(exec(&mut container, &["cat", "/tmp/ready"], at(1)), ExecState::Exited(0));
    container.signal(Signal::Term, at(12));
    assert_eq!(exec(&mut container, &["cat", "/tmp/ready"], at(19)), ExecState::Exited(0));
    assert_eq!(exec(&mut container, &["cat", "/tmp/ready"], at(21)), ExecState::Exited(1));
    container.run_until(at(100));
    assert_eq!((container.exit_code(), container.exited_at()), (Some(0), Some(at(50))));
}

#[test]
fn pause_exits_at_once_on_sigterm() {
    let mut pause = run("registry.k8s.io/pause:3.10", &[], vec![]);
    pause.signal(Signal::Term, at(5));
    assert_eq!(pause.exit_code(), Some(0));
    let mut agnhost = run("agnhost", &[], vec![]);
    agnhost.signal(Signal::Term, at(5));
    assert_eq!(agnhost.exit_code(), Some(2));
    assert_eq!(agnhost.read_file("/dev/termination-log").unwrap(), b"exiting because of signal \"terminated\"\n");
}

#[test]
fn containers_of_a_pod_share_a_volume_over_restarts() {
    let volume = Volume::new();
    let mounts =
        || vec![Mount { path: "/mnt".into(), volume: volume.clone(), sub_path: String::new(), read_only: false }];
    let script = "if [ -f /mnt/done ]; then sleep 10000; else touch /mnt/done; exit 42; fi";
    assert_eq!(run("busybox", &["/bin/sh", "-c", script], mounts()).exit_code(), Some(42));
    assert_eq!(run("busybox", &["/bin/sh", "-c", script], mounts()).exit_code(), None);
    assert_eq!(run("busybox", &["cat", "/mnt/done"], mounts()).exit_code(), Some(0));
}

#[test]
fn servers_answer_as_their_age_and_flags_say() {
    let mut liveness = run("agnhost", &["liveness"], vec![]);
    let mut status = |now| liveness.respond(&HttpRequest::get(8080, "/healthz"), now).unwrap().status;
    assert_eq!((status(at(1)), status(at(10)), status(at(11))), (200, 200, 500));
    let mut grpc = run("agnhost", &["grpc-health-checking", "--delay-unhealthy-sec=5"], vec![]);
    assert_eq!(grpc.grpc_health(5000, "", at(1)), GrpcHealth::Serving);
    assert_eq!(grpc.grpc_health(5000, "other", at(1)), GrpcHealth::UnknownService);
    assert_eq!(grpc.grpc_health(5000, "", at(5)), GrpcHealth::NotServing);
    let mut netexec = run("agnhost", &["netexec", "--http-port=80"], vec![]);
    assert!(netexec.accepts(80) && !netexec.accepts(8080));
    assert_eq!(netexec.respond(&HttpRequest::get(80, "/echo?msg=hi+you"), at(1)).unwrap().body, b"hi you");
    assert_eq!(netexec.respond(&HttpRequest::get(80, "/hostname"), at(1)).unwrap().body, b"web-0");
    assert!(netexec.respond(&HttpRequest::get(80, "/exit?code=7"), at(2)).is_err());
    assert_eq!(netexec.exit_code(), Some(7));
}

#[test]
fn what_cannot_be_read_runs_for_ever_and_is_named_once() {
    let mut container = run("example.com/shop:1", &["/app/server"], vec![]);
    assert!(container.take_unreadable().unwrap().contains("/app/server"));
    assert_eq!((container.take_unreadable(), container.exit_code(), container.next_wake()), (None, None, None));
    let program = Program::new("busybox", &words(&["nosuch"]), &[], BTreeMap::new());
    let error = Container::start(&program, Host::default(), Volume::new(), vec![], START).unwrap_err();
    assert!(error.to_string().ends_with("exec: \"nosuch\": executable file not found in $PATH"), "{error}");
}
