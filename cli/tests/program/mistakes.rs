//! What is said of a file that cannot be played.

use std::time::{Duration, Instant};

use super::{complaint, refused, simulate};

#[test]
fn a_mistake_in_a_scenario_is_named_with_its_field() {
    let container = |more: &str| {
        format!("pod:\n  metadata: {{name: web}}\n  spec:\n    containers:\n    - {{name: app, image: nginx{more}}}\n")
    };
    let cases = [
        ("script: {endSeconds: soon}\n", "script.endSeconds: expected a number, found \"soon\" (line 6, column 22)"),
        ("script: {endSeconds: -1}\n", "script.endSeconds: -1 is not a number of seconds"),
        ("script: {endSeconds: .nan}\n", "script.endSeconds: NaN is not a number of seconds"),
        ("script: {containers: {ap: {}}}\n", "script.containers.ap: the Pod has no container \"ap\", it has app"),
        ("script: {containers: {app: {run: []}}}\n", "script.containers.app.run: unknown field, expected one of runs"),
        (
            "script: {actions: [{t: 1, op: delte}]}\n",
            "script.actions[0].op: unknown variant `delte`, expected one of delete",
        ),
        (
            "script: {endSeconds: 20, actions: [{t: 30, op: delete}]}\n",
            "script.actions[0].t: 30 s comes after the end of the simulation, at 20 s (script.endSeconds)",
        ),
        (
            "script: {containers: {app: {preStop: {durationSeconds: 5}}}}\n",
            "script.containers.app.preStop: container \"app\" has no lifecycle.preStop",
        ),
        (
            "script: {containers: {app: {runs: [{}, {probes: {readiness: [{from: 0, result: failure}]}}]}}}\n",
            "script.containers.app.runs[1].probes.readiness: container \"app\" has no readinessProbe",
        ),
        (
            "script: {containers: {app: {random: {probes: {liveness: {failure: 0.1}}}}}}\n",
            "script.containers.app.random.probes.liveness: container \"app\" has no livenessProbe",
        ),
        ("script: {actions: {t: 1}}\n", "script.actions: expected a list"),
        ("script: {actions: [{t: 1, op: bind}, {t: 2, op: bind}]}\n", "script.actions[1] (at 2 s): the Pod is bound"),
        ("pot: 1\n", "pot: unknown field, expected one of description, pod, script, config"),
    ];
    for (more, expected) in cases {
        let message = refused(&[], "mistake.yaml", container("") + more);
        assert!(message.starts_with(expected), "{more}{message}");
    }
    let no_handler = refused(&[], "probe.yaml", container(", livenessProbe: {periodSeconds: 5}"));
    assert!(no_handler.starts_with("pod.spec.containers[0].livenessProbe: Required value"), "{no_handler}");
}

#[test]
fn a_mistake_in_a_manifest_is_named_with_its_field() {
    let manifest = |spec: &str| format!("metadata: {{name: web}}\nspec:\n  {spec}\n");
    let app = "containers: [{name: app, image: nginx}]";
    let cases = [
        (manifest("containers: nginx"), "spec.containers: expected a list, found \"nginx\" (line 3, column 15)"),
        (
            manifest("containers: [{name: app, image: 5}]"),
            "spec.containers[0].image: expected a string; it needs quotes",
        ),
        (
            manifest(&format!("terminationGracePeriodSeconds: long\n  {app}")),
            "spec.terminationGracePeriodSeconds: expected a whole number, found \"long\"",
        ),
        (
            manifest(&format!("restartPolicy: Sometimes\n  {app}")),
            "spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"OnFailure\", \"Never\"",
        ),
        (
            manifest("containers: [{name: app, image: nginx}, {name: app, image: nginx}]"),
            "spec.containers[1].name: Duplicate value: \"app\"",
        ),
        (format!("apiVersion: v2\n{}", manifest(app)), "apiVersion: expected \"v1\", found \"v2\""),
        (format!("kind: Deployment\n{}", manifest(app)), "Deployment \"web\": spec.template: Required value"),
        (format!("kind: Service\n{}", manifest(app)), "no document makes Pods, there is only Service/web"),
        (
            format!("kind: Job\n{}", manifest("template: {spec: {containers: nginx}}")),
            "spec.template.spec.containers: expected a list, found \"nginx\" (line 4, column",
        ),
        (
            format!("kind: DaemonSet\n{}", manifest("template: {spec: {containers: [{name: app}]}}")),
            "spec.template.spec.containers[0].image: Required value",
        ),
        (
            format!("{0}---\n{0}", manifest(app)),
            "several documents make Pods, and one has to be chosen: Pod/web, Pod/web; choose with --name",
        ),
        (
            format!("{}---\nkind: Job\nspec: {{template: {{spec: []}}}}\n", manifest(app)),
            "several documents make Pods, and one has to be chosen: Pod/web, Job/; choose with --name",
        ),
        (String::new(), "the document: is empty; expected a Pod's manifest"),
        ("# nothing\n".into(), "the document: is empty; expected a Pod's manifest"),
        ("[1, 2]".into(), "the document: expected a mapping"),
        ("spec: [".into(), "the document: unclosed bracket '[' (line 1, column 7)"),
    ];
    for (content, expected) in cases {
        let message = refused(&["--pod"], "manifest.yaml", &content);
        assert!(message.starts_with(expected), "{content}\n{message}");
    }
}

#[test]
fn all_mistakes_of_a_manifest_are_shown_at_once_sorted_by_path() {
    let message = refused(
        &[],
        "six.yaml",
        "pod:
  metadata: {name: Web_Server}
  spec:
    restartPolicy: Sometimes
    activeDeadlineSeconds: 0
    containers:
    - name: app
      image: nginx
      readinessProbe: {periodSeconds: 5}
    - name: app
      image: ''
",
    );
    let fields: Vec<&str> = message.lines().skip(1).map(|line| line.trim().split(": ").next().unwrap()).collect();
    assert_eq!(message.lines().next(), Some("6 problems:"));
    assert_eq!(
        fields,
        [
            "pod.metadata.name",
            "pod.spec.activeDeadlineSeconds",
            "pod.spec.containers[0].readinessProbe",
            "pod.spec.containers[1].image",
            "pod.spec.containers[1].name",
            "pod.spec.restartPolicy",
        ]
    );
    assert!(fields.is_sorted());
}

#[test]
fn what_is_no_text_or_no_file_is_said_so() {
    let message = refused(&[], "latin1.yaml", b"pod: {metadata: {name: caf\xe9}}");
    assert!(message.starts_with("the document: expected UTF-8 text, found something else at byte 26"), "{message}");
    let message = complaint(&simulate(&["/no/such/file.yaml"]), "/no/such/file.yaml");
    assert!(message.starts_with("cannot be read: "), "{message}");
}

/// Far more than it takes on a busy machine, far less than anybody would wait.
#[expect(clippy::disallowed_methods, reason = "a program that hangs is noticed by a real clock")]
fn in_half_a_minute<T>(does: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = does();
    assert!(began.elapsed() < Duration::from_secs(30));
    done
}

#[test]
fn fifty_megabytes_of_garbage_are_refused_quickly() {
    let seed = b"a: [ {b: &c *d !e | >\n\t- ? \"'%@`\x00\x7f".repeat(1_600_000);
    assert!(seed.len() > 50_000_000);
    let message = in_half_a_minute(|| refused(&[], "garbage.yaml", seed));
    assert!(message.starts_with("the document: unexpected character"), "{message}");
}

#[test]
fn as_much_garbage_as_is_read_is_refused_quickly() {
    let size = 1_500_000;
    for piece in ["[", "a: ", "- ", "? ", "!a ", "&a [*a, ", "{name: a}\n", "pod:\n ", "\"", "a\n", "|\n"] {
        let message = in_half_a_minute(|| refused(&[], "piece.yaml", piece.repeat(size / piece.len())));
        assert!(!message.is_empty(), "{piece:?}");
    }
}
