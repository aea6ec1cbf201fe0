//! The examples that take no arguments come to their end.

use std::{
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use super::built;

/// How often it is looked whether one has ended: for far longer than any of them takes.
const LOOKS: usize = 6_000;

/// What an example prints.
fn printed(name: &str) -> String {
    let mut command = Command::new(built::example(name));
    let mut running = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let has_ended = (0..LOOKS).any(|_| {
        thread::sleep(Duration::from_millis(20));
        running.try_wait().unwrap().is_some()
    });
    if !has_ended {
        running.kill().unwrap();
        panic!("{name} does not come to its end");
    }
    let output = running.wait_with_output().unwrap();
    assert!(output.status.success(), "{name}: {}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_recorded_life_is_replayed_to_its_end() {
    let printed = printed("record_replay");
    assert!(printed.ends_with("40 steps in all: each leads to the same again\n"), "{printed}");
}

#[test]
fn the_loop_of_an_embedder_sees_its_pod_to_the_end() {
    let printed = printed("embed");
    assert!(printed.contains("Phase { from: Some(Running), to: Succeeded }"), "{printed}");
}
