//! `podlife fleet` over threads and processes: however the Pods are spread, they have the same lives.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]

use std::{
    net::TcpListener,
    process::{Command, Stdio},
};

fn fleet(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_podlife"));
    command.arg("fleet").args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn scenario(name: &str) -> String {
    format!("{}/../examples/fleet/{name}.yaml", env!("CARGO_MANIFEST_DIR"))
}

/// The page without the lines about wall time and about processes that wait for one another.
fn page_of(page: &[u8]) -> Vec<String> {
    const OTHERS: [&str; 4] = ["of virtual time in", "million a second", "awaiting connections", "connected to"];
    let page = String::from_utf8(page.to_vec()).unwrap();
    let is_other = |line: &&str| OTHERS.iter().any(|words| line.contains(words));
    page.lines().filter(|line| !is_other(line)).map(String::from).collect()
}

fn run(arguments: &[&str]) -> Vec<String> {
    let output = fleet(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    page_of(&output.stdout)
}

#[test]
fn threads_and_processes_make_no_difference() {
    let file = scenario("bad-rollout");
    let usual = ["--pods", "2000", "--for", "5m", "--every", "20s", &file];
    let alone = run(&usual);
    assert!(alone.iter().any(|line| line.starts_with("digest ")), "{alone:?}");
    assert!(alone.iter().any(|line| line.starts_with("CrashLoopBackOff ")), "{alone:?}");
    assert_eq!(alone, run(&[&usual[..], &["-w", "2"]].concat()), "two threads");

    let ports = [TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap()];
    let hosts = ports.iter().map(|port| format!("{}\n", port.local_addr().unwrap())).collect::<String>();
    let file_of_hosts = std::env::temp_dir().join(format!("fleet-hosts-{}", std::process::id()));
    std::fs::write(&file_of_hosts, hosts).unwrap();
    drop(ports);
    let of_process = |process: &'static str| {
        let hosts = file_of_hosts.to_str().unwrap();
        fleet(&[&usual[..], &["-n", "2", "-p", process, "--hosts", hosts]].concat()).spawn().unwrap()
    };
    let (first, second) = (of_process("0"), of_process("1"));
    let (first, second) = (first.wait_with_output().unwrap(), second.wait_with_output().unwrap());
    std::fs::remove_file(&file_of_hosts).unwrap();
    assert!(second.status.success(), "{}", String::from_utf8_lossy(&second.stderr));
    assert_eq!(alone, page_of(&first.stdout), "two processes: {}", String::from_utf8_lossy(&first.stderr));
}

#[test]
fn bad_input_is_one_message_and_exit_code_2() {
    let broken = std::env::temp_dir().join(format!("fleet-broken-{}.yaml", std::process::id()));
    let healthy = std::fs::read_to_string(scenario("healthy")).unwrap();
    std::fs::write(&broken, healthy.replace("{min: 0, max: 60}", "{min: 0}")).unwrap();
    let healthy = scenario("healthy");
    let chart = std::env::temp_dir().join(format!("fleet-same-{}.svg", std::process::id()));
    let chart = chart.to_str().unwrap();
    let cases: [(&[&str], &str); 7] = [
        (&["--svg", "/no/such/folder/chart.svg", &healthy], "/no/such/folder/chart.svg: cannot be written: "),
        (&["--json", "/", &healthy], "/: cannot be written: "),
        (&["--svg", chart, "--csv", chart, &healthy], "expected another file for each output"),
        (&[broken.to_str().unwrap()], "missing field `max`"),
        (&["no-such-file.yaml"], "no-such-file.yaml: No such file"),
        (&["--pods", "1000000000000", &healthy], "1000000000000 Pods need about"),
        (&["-p", "3", &healthy], "--process: 3: there are 1 processes"),
    ];
    for (arguments, expected) in cases {
        let output = fleet(arguments).output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
        assert!(message.starts_with("error: ") && message.contains(expected), "{arguments:?}: {message}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    std::fs::remove_file(broken).unwrap();
    assert!(!std::path::Path::new(chart).exists(), "nothing is left behind");
}

#[test]
fn a_chart_is_printed_instead_of_the_page() {
    let output = fleet(&["--pods", "50", "--for", "2m", "--svg", "-", &scenario("bad-rollout")]).output().unwrap();
    let chart = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && chart.starts_with("<svg ") && chart.ends_with("</svg>\n"), "{chart}");
    assert!(chart.contains("A bad rollout") && chart.contains("CrashLoopBackOff"), "{chart}");
}
