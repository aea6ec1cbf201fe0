//! `podlife why` on what `kubectl get -o json` prints.

use std::{io::Write, process::Stdio};

use super::{complaint, podlife};

/// The time at which the Pods of `examples/pods` are explained.
pub(super) const AT: &str = "2026-03-01T12:10:00Z";

pub(super) fn pod(name: &str) -> String {
    format!("{}/../examples/pods/{name}.json", env!("CARGO_MANIFEST_DIR"))
}

/// The text that explains Pods, which are read from standard input or a file.
fn explained(arguments: &[&str], input: &str) -> String {
    let mut command = podlife("why");
    command.args(arguments).args(["--at", AT]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_pod_is_explained_for_the_version_of_its_kubelet() {
    let next = |arguments: &[&str]| {
        let text = explained(&[&[pod("crash-loop").as_str()], arguments].concat(), "");
        text.lines().find(|line| line.starts_with("Next: ")).unwrap().to_owned()
    };
    assert_ne!(next(&["--kubernetes", "1.34"]), next(&[]), "1.34 looks every 10 s");
    assert_eq!(next(&["--kubernetes", "1.36"]), next(&[]));
}

#[test]
fn a_pod_is_shown_as_its_row_and_explained() {
    let file = pod("crash-loop");
    let text = explained(&[&file], "");
    let mut lines = text.lines();
    assert!(lines.next().unwrap().starts_with("NAME "), "{text}");
    assert!(lines.next().unwrap().contains("CrashLoopBackOff"), "{text}");
    assert!(lines.any(|line| line.starts_with("Next: ")), "{text}");
    let json = std::fs::read_to_string(&file).unwrap();
    assert_eq!(explained(&[], &json), text, "without a file standard input is read");
    assert_eq!(explained(&["-"], &json), text);
}

#[test]
fn every_pod_of_a_list_is_explained() {
    let [first, second] = ["evicted", "unschedulable"].map(|name| std::fs::read_to_string(pod(name)).unwrap());
    let list = format!("{{\"kind\": \"List\", \"items\": [{first}, {second}]}}");
    let text = explained(&["-"], &list);
    assert_eq!(text.lines().take_while(|line| !line.is_empty()).count(), 3, "a header and two rows: {text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("Pod ")).count(), 2, "{text}");
}

#[test]
fn a_contradiction_is_marked() {
    let text = explained(&[&pod("odd")], "");
    assert!(text.lines().any(|line| line.starts_with("! ")), "{text}");
}

#[test]
fn what_cannot_be_read_is_one_message_and_exit_code_2() {
    let missing = podlife("why").arg("no-such-file.json").output().unwrap();
    assert!(complaint(&missing, "no-such-file.json").contains("No such file"));
    for arguments in [&["--at", "soon"][..], &["--wrong"]] {
        let output = podlife("why").args(arguments).stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}
