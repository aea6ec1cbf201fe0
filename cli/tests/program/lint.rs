//! `podlife lint`.

use std::{fs, path::Path};

use serde_json::Value;

use super::podlife;

const WEB: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
      - name: app
        image: 'a:1'
        readinessProbe: {httpGet: {port: 80}}
        livenessProbe: {httpGet: {port: 80}}
---
kind: Pod
metadata: {name: p}
spec:
  containers:
  - {name: c, image: 'a:1', readinessProbe: {tcpSocket: {port: web}}, livenesProbe: {}}
";

/// Exit code and output.
fn lint(name: &str, text: &str, arguments: &[&str]) -> (i32, String) {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&file, text).unwrap();
    let output = podlife("lint").arg(&file).args(arguments).output().unwrap();
    fs::remove_file(&file).unwrap();
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), text.replace(file.to_str().unwrap(), "FILE"))
}

#[test]
fn findings_have_file_line_rule_and_object() {
    let (code, text) = lint("findings.yaml", WEB, &[]);
    assert_eq!(code, 0, "nothing is denied unless one says so");
    for begin in [
        "FILE:12:9: advice PL003: Deployment/web: liveness runs the same check",
        "FILE:18:29: mistake PL008: Pod/p: the readiness probe of `c` asks the port \"web\"",
        "FILE:18:71: mistake PL100: Pod/p: unknown field \"spec.containers[0].livenesProbe\"; did you mean",
    ] {
        assert!(text.lines().any(|line| line.starts_with(begin)), "{begin}\n{text}");
    }
    assert!(text.ends_with("2 objects: 0 errors, 2 mistakes, 1 pieces of advice\n"), "{text}");
}

#[test]
fn the_exit_code_says_if_a_finding_is_denied() {
    let code = |arguments: &[&str]| lint("denied.yaml", WEB, arguments).0;
    assert_eq!(code(&["--deny", "mistakes"]), 1);
    assert_eq!(code(&["--deny", "pl003"]), 1);
    assert_eq!(code(&["--deny", "PL001,PL002"]), 0);
    assert_eq!(code(&["--deny", "all", "--allow", "PL003,PL008,PL100"]), 0);
    assert_eq!(code(&["--deny", "PL999"]), 2);
    assert_eq!(
        lint("invalid.yaml", "kind: Pod\nmetadata: {name: P}\nspec: {}\n", &[]).0,
        1,
        "an error is always denied"
    );
    assert_eq!(lint("broken.yaml", "kind: [", &[]).0, 2);
    assert_eq!(podlife("lint").arg("no-such-file").output().unwrap().status.code(), Some(2));
}

#[test]
fn programs_read_json_and_sarif() {
    let (_, json) = lint("json.yaml", WEB, &["-o", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["objects"], 2);
    assert_eq!(json["findings"][0]["field"], "spec.template.spec.containers[0].livenessProbe");
    let (_, sarif) = lint("sarif.yaml", WEB, &["-o", "sarif"]);
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    let run = &sarif["runs"][0];
    for result in run["results"].as_array().unwrap() {
        let rule = &run["tool"]["driver"]["rules"][usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert_eq!(rule["defaultConfiguration"]["level"], result["level"]);
        assert!(result["locations"][0]["physicalLocation"]["region"]["startLine"].as_u64().unwrap() > 1);
    }
    assert_eq!(run["results"].as_array().unwrap().len(), 3);
}

#[test]
fn each_rule_has_a_page() {
    let output = podlife("lint").args(["--explain", "PL003"]).output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().contains("Readiness and liveness run the same check"));
    assert_eq!(podlife("lint").args(["--explain", "PL999"]).output().unwrap().status.code(), Some(2));
}

#[test]
fn the_pod_of_a_scenario_is_looked_at() {
    let file = super::scenario("crash-loop");
    let output = podlife("lint").arg(file).output().unwrap();
    assert!(
        String::from_utf8(output.stdout).unwrap().ends_with("1 object: 0 errors, 0 mistakes, 0 pieces of advice\n")
    );
}

#[test]
fn completions_and_man_pages_are_printed() {
    for (arguments, part) in [
        (&["completions", "bash"][..], "complete"),
        (&["completions", "zsh"], "#compdef podlife"),
        (&["completions", "fish"], "complete -c podlife"),
        (&["man"], ".TH podlife"),
        (&["--version"], "podlife 0."),
    ] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_podlife")).args(arguments).output().unwrap();
        assert!(String::from_utf8(output.stdout).unwrap().contains(part), "{arguments:?}");
    }
}
