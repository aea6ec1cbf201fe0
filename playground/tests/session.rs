//! Session: the page's data.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may stop")]

use playground::{Answer, ExampleScenario, Session, Severity, Source, gallery};

const POD: &str = "\
metadata:
  name: web
spec:
  containers:
    - name: app
      image: nginx:1.27
";

fn example(name: &str) -> ExampleScenario {
    gallery().into_iter().find(|example| example.name == name).unwrap()
}

fn session(name: &str) -> (Session, Answer) {
    let (mut session, example) = (Session::default(), example(name));
    let answer = session.play(&example.manifest, &example.script, 0, 1_000);
    (session, answer)
}

#[test]
fn every_example_plays_and_has_a_state_at_any_time() {
    for example in gallery() {
        let (mut session, answer) = session(example.name);
        let life = answer.life.unwrap_or_else(|| panic!("{}: {:?}", example.name, answer.problems));
        assert!(life.drawing.left < life.drawing.right && life.drawing.svg.starts_with("<svg "), "{}", example.name);
        assert!(life.drawing.moments.len() >= 2 && life.drawing.moments.is_sorted(), "{}", example.name);
        for seconds in [life.drawing.length, life.drawing.length / 2.0, 0.0] {
            let instant = session.at(seconds).unwrap();
            assert_eq!(instant.moment.seconds, seconds, "{}", example.name);
            assert!(!instant.moment.explanation.is_empty(), "{}", example.name);
            assert_eq!(instant.moment.row.is_none(), instant.moment.describe.is_empty(), "{}", example.name);
        }
    }
}

#[test]
fn a_crash_loop_has_its_status_and_next_start_at_each_time() {
    let (mut session, _) = session("crash-loop");
    let instant = session.at(750.0).unwrap();
    let row = instant.moment.row.unwrap();
    assert_eq!((&*row.ready, &*row.status, &*row.restarts), ("0/1", "CrashLoopBackOff", "7 (100s ago)"));
    assert_eq!((&*instant.moment.upcoming[0].what, &*instant.moment.upcoming[0].when), ("api starts", "in 3m20s"));
    assert_eq!(instant.moment.upcoming[0].seconds, Some(950.0));
    assert!(instant.status.contains("reason: CrashLoopBackOff"), "{}", instant.status);
    assert!(instant.moment.describe.contains("Restart Count:"), "{}", instant.moment.describe);
    assert!(instant.moment.events.iter().any(|event| event.reason == "BackOff" && event.count > 5));
    let earlier = session.at(5.0).unwrap();
    assert_eq!(earlier.moment.row.unwrap().restarts, "1 (0s ago)", "an earlier time again");
}

#[test]
fn positions_in_the_picture_are_times() {
    let (session, answer) = session("crash-loop");
    let life = answer.life.unwrap();
    assert_eq!((session.seconds_at(life.drawing.left, 1_000), session.x(0.0, 1_000)), (0.0, life.drawing.left));
    assert_eq!(session.seconds_at(life.drawing.right + 50.0, 1_000), life.drawing.length);
    assert!((session.seconds_at(session.x(750.0, 1_000), 1_000) - 750.0).abs() < 1e-3);
}

#[test]
fn an_invalid_manifest_is_marked_and_the_previous_life_stays() {
    let mut session = Session::default();
    assert!(session.play(POD, "", 0, 800).life.is_some());
    let answer =
        session.play(&POD.replace("      image: nginx:1.27\n", "      ports: [{containerPort: 0}]\n"), "", 0, 800);
    assert!(answer.life.is_none());
    let marks: Vec<_> = answer.problems.iter().map(|it| (it.source, it.severity, it.line)).collect();
    assert!(marks.contains(&(Source::Manifest, Severity::Error, 6)), "{:?}", answer.problems);
    assert_eq!(session.at(0.0).unwrap().moment.row.unwrap().name, "web");
}

#[test]
fn a_likely_mistake_is_a_warning_at_its_line() {
    let probe =
        "      readinessProbe:\n        tcpSocket: {port: 80}\n        periodSeconds: 5\n        timeoutSeconds: 8\n";
    let answer = Session::default().play(&format!("{POD}{probe}"), "", 0, 800);
    let [problem] = &*answer.problems else { panic!("{:?}", answer.problems) };
    assert_eq!((problem.severity, problem.line), (Severity::Warning, 10), "{}", problem.message);
    assert!(problem.message.starts_with("PL005") && problem.see.is_some());
}

#[test]
fn scripts_of_unknown_containers_are_ignored_with_a_warning() {
    let mut session = Session::default();
    let script = "script:\n  containers:\n    app: {runs: [{exitsAfterSeconds: 5}]}\n    gone: {}\n";
    let answer = session.play(POD, script, 0, 800);
    assert!(answer.life.is_some());
    assert_eq!((answer.problems[0].source, answer.problems[0].line), (Source::Script, 4));
    let exported = session.as_scenario().unwrap();
    assert!(exported.contains("exitsAfterSeconds: 5") && !exported.contains("gone"), "{exported}");
}

#[test]
fn a_scenario_with_too_many_entries_is_cut() {
    let probes = "      livenessProbe: {tcpSocket: {port: 80}, periodSeconds: 1}\n";
    let script = "script: {endSeconds: 3000000000}";
    let life = Session::default().play(&format!("{POD}{probes}"), script, 0, 800).life.unwrap();
    assert!(
        life.drawing.notice.is_some() && life.drawing.length < 1e7,
        "{:?} {}",
        life.drawing.notice,
        life.drawing.length
    );
}

/// Tests exported by the page.
#[allow(clippy::too_many_lines, reason = "an exported test is as long as its scenario")]
mod copied {
    include!("copied/crash-loop.rs");
    include!("copied/rolling-stop.rs");
}

#[test]
fn exported_tests_compile_and_pass() {
    for (name, seconds, text) in [
        ("crash-loop", 750.0, include_str!("copied/crash-loop.rs")),
        ("rolling-stop", 70.5, include_str!("copied/rolling-stop.rs")),
    ] {
        let written = session(name).0.as_test(seconds).unwrap();
        if std::env::var_os("WRITE_COPIED").is_some() {
            std::fs::write(format!("{}/tests/copied/{name}.rs", env!("CARGO_MANIFEST_DIR")), &written).unwrap();
        }
        assert_eq!(
            written, text,
            "{name} is not current; write it anew with WRITE_COPIED=1 cargo test -p pod-lifecycle-playground"
        );
    }
}
