//! `podlife diagram`: state diagrams for Mermaid.

use std::{fs, path::Path, process::Stdio};

use crate::podlife;

#[test]
fn each_diagram_has_its_states_with_the_causes_between_them() {
    for (of, edge) in [
        ("container", "Waiting --> Running: started"),
        ("phase", "Pending --> Running: init containers are done, and a container runs"),
        ("worker", "Terminating --> Terminated: all containers have stopped"),
    ] {
        let output = podlife("diagram").arg(of).stdin(Stdio::null()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.starts_with("stateDiagram-v2\n") && text.contains(edge), "{of}: {text}");
    }
}

#[test]
fn a_diagram_is_written_into_a_file_and_a_bad_path_is_an_error() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("phase.mmd");
    let output = podlife("diagram").args(["phase", "-o", file.to_str().unwrap()]).output().unwrap();
    assert!(output.status.success() && output.stdout.is_empty());
    assert!(fs::read_to_string(&file).unwrap().starts_with("stateDiagram-v2"));
    fs::remove_file(&file).unwrap();
    let output = podlife("diagram").args(["phase", "-o", "/nowhere/phase.mmd"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/nowhere/phase.mmd: cannot be written"));
}
