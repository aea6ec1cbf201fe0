//! The program `fake-node` on the command line.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::{Child, Command, Output},
    time::Duration,
};

use serde_json::{Value, json};

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

#[test]
fn serve_ends_with_the_exit_code_of_its_command() {
    let code = |command: &str| fake_node(&["serve", "--exec", command]).status.code();
    assert_eq!(code("test -s \"$KUBECONFIG\""), Some(0));
    assert_eq!(code("exit 7"), Some(7));
    assert_eq!(code("kill -9 $$"), Some(137));
    assert_eq!(code("/nonexistent"), Some(127));
}

#[test]
fn serve_refuses_what_contradicts_itself() {
    assert_eq!(fake_node(&["serve", "--paused", "--speed", "2"]).status.code(), Some(2));
    assert_eq!(fake_node(&["serve", "--speed", "0"]).status.code(), Some(2));
    let output = fake_node(&["serve", "--listen", "nowhere"]);
    let says = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && says.contains("--listen nowhere"), "{says}");
}

/// A cluster of `fake-node serve`, killed at the end.
struct Cluster {
    program: Child,
    address: String,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.program.kill().unwrap();
        self.program.wait().unwrap();
    }
}

impl Cluster {
    fn start(name: &str, options: &[&str]) -> Cluster {
        let file = std::env::temp_dir().join(format!("fake-node-{}-{name}.json", std::process::id()));
        let mut command = Command::new(env!("CARGO_BIN_EXE_fake-node"));
        let command = command.env_clear().env("RUST_LOG", "warn").args(["serve", "--ready-file"]).arg(&file);
        let program = command.args(options).stdout(std::process::Stdio::null()).spawn().unwrap();
        let line = loop {
            match std::fs::read(&file) {
                Ok(line) => break line,
                Err(_) => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        std::fs::remove_file(&file).unwrap();
        let ready: Value = serde_json::from_slice(&line).unwrap();
        let address =
            ready.pointer("/server").and_then(Value::as_str).unwrap().strip_prefix("http://").unwrap().to_owned();
        Cluster { program, address }
    }

    /// Sends a request, and returns the code and the body of the answer.
    fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

#[test]
fn a_stopped_clock_moves_only_when_it_is_told_to() {
    let cluster = Cluster::start("paused", &["--paused"]);
    let pod = json!({
        "metadata": {"name": "web", "annotations": {"fake/exit": "app=1:1"}},
        "spec": {"containers": [{"name": "app", "image": "nginx"}]},
    });
    assert_eq!(cluster.ask("POST", "/api/v1/namespaces/default/pods", &pod.to_string()).0, 201);
    let status = || -> Value {
        let pod = cluster.ask("GET", "/api/v1/namespaces/default/pods/web", "").1;
        serde_json::from_str::<Value>(&pod).unwrap()["status"]["containerStatuses"][0].clone()
    };
    std::thread::sleep(Duration::from_millis(1500));
    assert!(status()["restartCount"].as_i64().unwrap_or(0) == 0, "{}", status());
    assert_eq!(cluster.ask("POST", "/clock/advance?seconds=300", "").0, 200);
    assert_eq!(status()["restartCount"], 5);
    assert_eq!(status()["state"]["waiting"]["reason"], "CrashLoopBackOff");
}

#[test]
fn a_clock_is_moved_by_a_post_with_seconds_and_only_if_it_is_stopped() {
    let stopped = Cluster::start("stopped", &["--paused"]);
    for bad in ["", "?seconds=", "?seconds=x", "?seconds=-1", "?seconds=NaN", "?seconds=1e300"] {
        assert_eq!(stopped.ask("POST", &format!("/clock/advance{bad}"), "").0, 400, "{bad}");
    }
    assert_eq!(stopped.ask("GET", "/clock/advance?seconds=1", "").0, 405);
    let running = Cluster::start("running", &[]);
    assert_eq!(running.ask("POST", "/clock/advance?seconds=1", "").0, 409);
}
