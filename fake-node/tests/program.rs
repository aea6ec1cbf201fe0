//! The program `fake-node` on the command line.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::process::{Command, Output};

/// Starts the program where there is no cluster.
fn fake_node(options: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_fake-node"));
    program.env_clear().env("HOME", "/nonexistent").args(options).output().unwrap()
}

/// Starts the program with a file, and returns its exit code and standard error.
fn with_file(option: &str, name: &str, text: &str) -> (Option<i32>, String) {
    let file = std::env::temp_dir().join(format!("fake-node-{}-{name}", std::process::id()));
    std::fs::write(&file, text).unwrap();
    let output = fake_node(&[option, file.to_str().unwrap()]);
    std::fs::remove_file(&file).unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn an_invalid_file_is_reported_before_the_cluster_is_contacted() {
    let bad = [
        ("--setup", "capacities: {cpu: 8}", "capacities"),
        ("--setup", "capacity: {cpu: much}", "is no quantity"),
        ("--setup", "taints: [{key: example.com/fake, effect: Never}]", "Never"),
        ("--setup", "nodeAddress: here", "nodeAddress"),
        ("--script", "script: {actions: [{t: 30, op: delete}]}", "delete is not an action of a node"),
        ("--script", "scripts: {}", "scripts"),
    ];
    for (index, (option, text, message)) in bad.into_iter().enumerate() {
        let (code, says) = with_file(option, &format!("{index}.yaml"), text);
        assert_eq!(code, Some(2), "{says}");
        assert!(says.contains(message) && says.contains(option) && says.matches("error:").count() == 1, "{says}");
    }
}

#[test]
fn a_missing_file_is_reported_before_the_cluster_is_contacted() {
    let output = fake_node(&["--setup", "/nonexistent/setup.yaml"]);
    let says = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{says}");
    assert!(says.contains("/nonexistent/setup.yaml") && says.contains("No such file"), "{says}");
}

#[test]
fn a_valid_file_is_accepted() {
    let (code, says) = with_file("--setup", "good.yaml", "capacity: {cpu: 8, memory: 1.5Gi}\nlabels: {pool: blue}\n");
    assert_eq!(code, Some(1), "{says}");
}

#[test]
fn help_names_the_defaults() {
    let output = fake_node(&["--help"]);
    let says = String::from_utf8(output.stdout).unwrap();
    assert!(says.contains("[default: 10.200.0.1]") && says.contains("[default: 10.64.0.0]"), "{says}");
}
