//! Stories that the command line says.

use super::{podlife, refused, reports::played, scenario};

const WEB: &str = "
kind: Pod
metadata: {name: web}
spec:
  containers:
  - name: app
    image: 'a:1'
    readinessProbe: {httpGet: {port: 80}, periodSeconds: 1}
    livenessProbe: {httpGet: {port: 80}, periodSeconds: 5, failureThreshold: 1}
    startupProbe: {httpGet: {port: 80}, periodSeconds: 1, failureThreshold: 100}
  - {name: log, image: 'a:1'}
";

fn story(arguments: &[&str]) -> String {
    played(WEB, arguments).0
}

#[test]
fn ends_of_runs_can_be_said() {
    let text = story(&["--exit", "app=5:3/-"]);
    assert!(text.contains("app exits by itself with code 3") && text.contains("Restarts  app 1"), "{text}");
    let text = story(&["--oom", "log=1m"]);
    assert!(text.contains("OOMKilled"), "{text}");
    let text = story(&["--exit", "*=7:0,log=-", "--until", "30s"]);
    assert!(text.contains("app exits by itself with code 0") && !text.contains("log exits"), "{text}");
}

#[test]
fn probes_can_be_said() {
    let ready = |arguments: &[&str]| {
        let text = story(arguments);
        text.lines().find(|line| line.starts_with("Ready")).unwrap().to_owned()
    };
    assert!(ready(&[]).contains("after 0s"));
    assert!(ready(&["--ready-after", "app=20"]).contains("after 20s"));
    assert!(ready(&["--started-after", "app=30s"]).contains("after 30s"));
    assert!(ready(&["--ready-after", "app=never"]).contains("never"));
    assert!(story(&["--live-until", "app=40"]).contains("Liveness probe failed"));
}

#[test]
fn what_happens_to_the_pod_can_be_said() {
    let text = story(&["--delete-at", "1m", "--stop", "app=10:0,log=3:0"]);
    assert!(text.contains("removed at +1m10s") || text.contains("done with the Pod at +1m10s"), "{text}");
    assert!(story(&["--evict-at", "60"]).contains("Evicted"));
    assert!(story(&["--shutdown-at", "60s"]).contains("Pod was terminated in response to imminent node shutdown."));
    assert!(story(&["--restart-kubelet-at", "60s"]).contains("the kubelet restarts"));
    assert!(story(&["--pull-fails", "app"]).contains("ErrImagePull"));
    assert!(story(&["--pull-fails", "log=manifest unknown"]).contains("manifest unknown"));
}

#[test]
fn a_kubelet_that_was_away_finds_what_has_happened() {
    let text = story(&["--exit", "app=70:1/-", "--kubelet-away", "1m+30s"]);
    let moments: Vec<&str> = text.lines().filter(|line| line.starts_with("+1m")).collect();
    assert!(moments.iter().any(|line| line.starts_with("+1m30s")), "the restart waits for the kubelet: {text}");
    assert!(text.contains("Restarts  app 1"), "{text}");
}

#[test]
fn the_only_container_needs_no_name() {
    let crash = podlife("play").args([&scenario("crash-loop"), "--exit", "30:0", "--until", "40s"]).output().unwrap();
    assert!(String::from_utf8(crash.stdout).unwrap().contains("api exits by itself with code 0"));
}

#[test]
fn the_simulation_goes_on_until_what_was_said_has_happened() {
    let text = story(&["--delete-at", "15m"]);
    assert!(text.contains("script: delete"), "{text}");
    assert!(!story(&["--delete-at", "15m", "--until", "5m"]).contains("script: delete"), "unless the end is said, too");
}

#[test]
fn a_story_that_cannot_be_told_is_explained() {
    for (arguments, message) in [
        (["--exit", "ap=5:1"], "--exit: the Pod has no container \"ap\""),
        (["--ready-after", "log=5"], "--ready-after: container \"log\" has no readinessProbe"),
        (["--stop", "app=soon"], "--stop: app=\"soon\": wanted SECONDS:CODE"),
    ] {
        assert_eq!(refused(&arguments, "story.yaml", WEB), message);
    }
    let output = podlife("play").args(["-", "--delete-at", "soon"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_real_node_sees_an_exit_at_its_next_relist() {
    let second_exit = |node: &str| {
        let text = played(WEB, &["--exit", "log=5:1", "--watch", "--node", node]).0;
        let mut exits = text.lines().filter(|line| line.contains("Error")).map(str::to_owned);
        exits.nth(1).unwrap_or(text)
    };
    let (ideal, real) = (second_exit("ideal"), second_exit("real"));
    assert!(ideal.ends_with(" 10s") && real.ends_with(" 11s"), "{ideal}, and {real}");
}

#[test]
fn repeated_events_are_counted_and_no_uid_is_shown_unless_all_is_asked_for() {
    let [short, all] = [&[][..], &["--all"]].map(|more| {
        let output = podlife("play").arg(scenario("crash-loop")).args(more).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    });
    assert!(!short.contains("5f0c6e6e") && all.contains("5f0c6e6e"));
    assert_eq!(
        short.matches("Back-off restarting failed container").count(),
        2,
        "in its place and in the list: {short}"
    );
    assert!(all.matches("Back-off restarting failed container").count() > 20);
    assert!(short.lines().count() * 4 < all.lines().count() * 3);
    for line in ["Ready     first after 0s", "Restarts  api 9", "Exits     api 10 times with code 1", "End       0/1"] {
        assert!(short.lines().any(|it| it.starts_with(line)), "{line}: {short}");
    }
}

#[test]
fn a_long_life_is_cut_in_the_middle() {
    let text = played(WEB, &["--exit", "log=60:1", "--until", "240h"]).0;
    assert!(text.contains("steps are left out; --all prints them"), "{}", text.lines().count());
    assert!(text.lines().count() < 3000);
}

#[test]
fn each_output_goes_where_it_is_asked_to() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let [svg, json] = ["outputs.svg", "outputs.json"].map(|name| folder.join(name));
    let svg_file = format!("svg={}", svg.display());
    let file = scenario("crash-loop");
    let arguments = [&*file, "-o", &svg_file, "-o", json.to_str().unwrap(), "-o", "mermaid"];
    let output = podlife("play").args(arguments).output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("gantt"));
    assert!(std::fs::read_to_string(&svg).unwrap().starts_with("<svg"));
    assert!(std::fs::read_to_string(&json).unwrap().starts_with('{'));
    for file in [svg, json] {
        std::fs::remove_file(file).unwrap();
    }
    let lanes = podlife("play").args([&file, "-o", "lanes"]).env("COLUMNS", "120").output().unwrap();
    let widest = String::from_utf8(lanes.stdout).unwrap().lines().map(|line| line.chars().count()).max();
    assert!((100..=120).contains(&widest.unwrap()), "{widest:?}");
    assert_eq!(podlife("play").args([&file, "-o", "png"]).output().unwrap().status.code(), Some(2));
}

#[test]
fn objects_are_chosen_by_kind_name_and_namespace() {
    let shop = "
kind: Deployment
apiVersion: apps/v1
metadata: {name: shop}
spec: {template: {spec: {containers: [{name: app, image: 'a:1'}]}}}
---
kind: Pod
metadata: {name: shop, namespace: test}
spec: {containers: [{name: app, image: 'a:1'}]}
";
    let name = |arguments: &[&str]| {
        let text = played(shop, &[arguments, &["-o", "json"]].concat()).0;
        let life: serde_json::Value = serde_json::from_str(&text).unwrap();
        let metadata = &life["pod"]["metadata"];
        (metadata["name"].as_str().unwrap().to_owned(), metadata["namespace"].as_str().unwrap().to_owned())
    };
    for kind in ["deploy", "deployment", "deployments", "Deployment", "deployments.apps"] {
        assert!(name(&["--name", &format!("{kind}/shop")]).0.starts_with("shop-"), "{kind}");
    }
    assert_eq!(name(&["--name", "po/shop"]), ("shop".into(), "test".into()));
    assert_eq!(name(&["-n", "prod"]).1, "prod", "one without a namespace gets it; others are left out");
    let message = refused(&[], "shop-twice.yaml", shop);
    assert!(message.ends_with("Deployment/shop, Pod/shop in test; choose with --name"), "{message}");
}

#[test]
fn a_mount_that_fails_holds_the_start_back() {
    let pod = WEB
        .replace("  containers:", "  volumes: [{name: data, secret: {secretName: keys}}]\n  containers:")
        .replace("image: 'a:1'}", "image: 'a:1', volumeMounts: [{name: data, mountPath: /data}]}");
    let text = played(&pod, &["--mount-fails", "data=20s"]).0;
    assert!(text.contains("MountVolume.SetUp failed for volume \"data\""), "{text}");
    assert!(text.contains("after 32.4s"), "the seventh try is at 32.3 s: {text}");
    let message = "--mount-fails: dat=5: the Pod has no volume \"dat\"";
    assert_eq!(refused(&["--mount-fails", "dat=5"], "story.yaml", &pod), message);
}

#[test]
fn a_container_can_be_resized() {
    let pod = WEB.replace("image: 'a:1'}", "image: 'a:1', resources: {requests: {cpu: 100m}}}");
    let text = played(&pod, &["--resize-at", "1m=log:cpu=500m"]).0;
    assert!(text.contains("ResizeCompleted"), "{text}");
    let text = played(&pod, &["--resize-at", "1m=log:cpu=500"]).0;
    assert!(text.contains("ResizeDeferred") && text.contains("capacity: 64000"), "{text}");
    for (word, why) in [
        ("1m=lo:cpu=1", "the Pod has no container \"lo\""),
        ("1m=log:cpu=much", "\"much\" is no amount, such as 500m or 1Gi"),
        ("1m", "wanted TIME=CONTAINER:RESOURCE=REQUEST/LIMIT"),
    ] {
        let message = format!("--resize-at: {word}: {why}");
        assert_eq!(refused(&["--resize-at", word], "story.yaml", &pod), message);
    }
}
