//! Pictures: their content, and that they are valid SVG, Mermaid and text.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may stop")]

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use pod_lifecycle::{
    CONTAINER_MOVES, PHASE_MOVES, WORKER_MOVES,
    api::Name,
    render::{Appearance, AxisSegment, Gantt, Lanes, Picture, PodAction, StateDiagram, Svg, TaskKind, TaskOutcome},
    rule::probe::ProbeOutcome,
    sim::{ExitCause, Scenario},
    spec::ProbeKind,
};
use roxmltree::Document;

fn scenarios() -> Vec<(String, Picture)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/scenarios");
    let mut files: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let named = files.iter().map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned());
    named.map(|name| (name.clone(), scenario(&name))).collect()
}

fn scenario(name: &str) -> Picture {
    let file = format!("{}/examples/scenarios/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    picture(&fs::read_to_string(file).unwrap())
}

fn picture(yaml: &str) -> Picture {
    let scenario: Scenario = serde_saphyr::from_str(yaml).unwrap();
    Picture::of(&scenario.play().unwrap())
}

/// Returns a Pod with names, messages and conditions that must be escaped.
fn hostile() -> Picture {
    picture(
        r#"
pod:
  metadata: {name: web, namespace: shop}
  spec:
    containers: [{name: app, image: "nginx:1"}]
    readinessGates: [{conditionType: example.com/gate}]
config: {admitted: true}
script:
  endSeconds: 60
  containers: {app: {runs: [{exitsAfterSeconds: 5, exitCode: 1, reason: "<b>&\"']]>\u0007\u202e;:,#%%"}]}}
  actions:
  - {t: 10, op: setCondition, condition: "a<b>&\"c\"--></svg>", status: "True"}
  - {t: 20, op: evictOverLimit, message: "<script>alert(1)</script> & ]]> \u0000"}
"#,
    )
}

/// Returns a Pod that runs for two hours without changes.
fn quiet() -> Picture {
    picture(
        "pod: {metadata: {name: web}, spec: {containers: [{name: app, image: app}]}}\n\
         script: {endSeconds: 7260, actions: [{t: 7230, op: delete, graceSeconds: 5}, {t: 30, op: kubeletRestart}]}",
    )
}

/// Seconds since the start.
fn second(picture: &Picture, at: pod_lifecycle::Timestamp) -> f64 {
    at.since(picture.start).as_secs_f64()
}

#[test]
fn a_state_diagram_has_exactly_the_moves_of_its_table() {
    fn moves<T: Name>(table: &[(T, T)]) -> Vec<String> {
        table.iter().map(|(from, to)| format!("{} --> {}", from.name(), to.name())).collect()
    }
    let diagrams = [
        (StateDiagram::Container, moves(CONTAINER_MOVES)),
        (StateDiagram::Phase, moves(PHASE_MOVES)),
        (StateDiagram::Worker, moves(WORKER_MOVES)),
    ];
    for (diagram, moves) in diagrams {
        let text = diagram.to_string();
        let lines: Vec<&str> = text.lines().skip(1).map(str::trim).filter(|line| !line.contains("[*]")).collect();
        let drawn: Vec<&str> = lines.iter().map(|line| line.split_once(": ").map_or(*line, |(edge, _)| edge)).collect();
        assert_eq!(drawn, moves, "{diagram:?}");
        assert!(lines.iter().all(|line| line.contains(": ")), "an edge of {diagram:?} has no cause: {lines:?}");
    }
}

#[test]
fn final_states_of_a_diagram_are_those_that_no_move_leaves() {
    assert!(!StateDiagram::Container.to_string().contains("--> [*]"));
    let phases = StateDiagram::Phase.to_string();
    let ends: Vec<&str> = phases.lines().map(str::trim).filter(|line| line.ends_with("[*]")).collect();
    assert_eq!(ends, ["Succeeded --> [*]", "Failed --> [*]"]);
    assert_eq!(phases.lines().nth(1).map(str::trim), Some("[*] --> Pending: created"));
}

#[test]
fn every_picture_is_well_formed_and_has_a_description() {
    for (name, picture) in scenarios().into_iter().chain([("hostile".into(), hostile())]) {
        let svg = Svg::of(&picture).to_string();
        let document = Document::parse(&svg).unwrap_or_else(|error| panic!("{name}: {error}"));
        let root = document.root_element();
        assert_eq!((root.tag_name().name(), root.attribute("role")), ("svg", Some("img")), "{name}");
        assert!(root.attribute("aria-label").unwrap().contains(&picture.name), "{name}");
        let description = root.children().find(|node| node.tag_name().name() == "desc").and_then(|node| node.text());
        let description = description.unwrap();
        for lane in &picture.lanes {
            assert!(description.contains(&lane.name), "the description of {name} lacks {}", lane.name);
        }
    }
}

#[test]
fn a_picture_loads_and_runs_nothing() {
    let allowed = ["svg", "title", "desc", "style", "defs", "pattern", "rect", "path", "circle", "text"];
    for (name, picture) in scenarios().into_iter().chain([("hostile".into(), hostile())]) {
        let svg = Svg::of(&picture).to_string();
        for node in Document::parse(&svg).unwrap().descendants().filter(roxmltree::Node::is_element) {
            assert!(allowed.contains(&node.tag_name().name()), "{name}: {}", node.tag_name().name());
            assert!(node.attributes().all(|it| !it.name().starts_with("on") && it.name() != "href"), "{name}");
        }
        assert!(!svg.contains("url(http") && !svg.contains("@import"), "{name}");
    }
}

#[test]
fn a_picture_can_be_embedded_in_markdown() {
    // A blank line would end the HTML block in Markdown.
    for (name, picture) in scenarios().into_iter().chain([("hostile".into(), hostile())]) {
        let svg = Svg::of(&picture).to_string();
        assert!(svg.starts_with("<svg ") && svg.lines().all(|line| !line.trim().is_empty()), "{name}");
    }
}

#[test]
fn a_crash_loop_has_growing_delays() {
    let picture = scenario("crash-loop");
    let api = picture.lane("api").unwrap();
    assert_eq!(api.restarts(), 9);
    let waits: Vec<f64> = api.runs.windows(2).map(|pair| pair[1].from.since(pair[0].to).as_secs_f64()).collect();
    assert_eq!(waits, [0.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0, 300.0]);
    let after_failure = api.states.iter().filter(|span| span.what.appearance() == Appearance::WaitingAfterFailure);
    assert!(after_failure.clone().all(|span| span.what.to_string() == "CrashLoopBackOff"));
    assert!(after_failure.count() >= 6);
    assert!(picture.axis.segments.iter().all(|segment| matches!(segment, AxisSegment::Shown { .. })));
}

#[test]
fn a_sidecar_gets_sigterm_when_the_other_containers_have_exited() {
    let picture = scenario("rolling-stop");
    let (web, proxy) = (picture.lane("web").unwrap(), picture.lane("proxy").unwrap());
    let hook = web.tasks.iter().find(|task| task.what.kind == TaskKind::PreStop).unwrap();
    assert_eq!((second(&picture, hook.from), second(&picture, hook.to)), (60.0, 65.0));
    assert_eq!(hook.what.outcome, TaskOutcome::Succeeded);
    assert_eq!((web.stops[0].from, web.stops[0].what.timeout), (hook.to, Duration::from_secs(40)));
    assert_eq!(proxy.stops[0].from, web.runs[0].to);
    assert_eq!(proxy.stops[0].what.timeout, Duration::from_secs(28));
    assert_eq!(picture.removed_at, Some(picture.end));
}

#[test]
fn a_container_that_ignores_sigterm_is_killed_when_its_grace_period_ends() {
    let picture = scenario("web-server");
    let web = picture.lane("web").unwrap();
    let stop = &web.stops[0];
    assert_eq!((stop.what.timeout, stop.to.since(stop.from)), (Duration::from_secs(30), Duration::from_secs(30)));
    let exit = web.runs[0].what.exit.unwrap();
    assert_eq!((exit.code, exit.cause, web.runs[0].to), (137, ExitCause::Sigkill, stop.to));
    let kinds: Vec<ProbeKind> = web.probes.iter().map(|row| row.kind).collect();
    assert_eq!(kinds, [ProbeKind::Startup, ProbeKind::Readiness, ProbeKind::Liveness]);
    let dead = web.probes[2].results.iter().filter(|result| result.what == Some(ProbeOutcome::Failure));
    assert_eq!(dead.map(|result| second(&picture, result.at)).collect::<Vec<_>>(), [190.0, 200.0, 210.0]);
}

#[test]
fn published_state_and_process_are_drawn_apart() {
    let picture = scenario("graceful-stop");
    let server = picture.lane("server").unwrap();
    let ended = server.runs[0].to;
    assert_eq!(second(&picture, ended), 75.0);
    let published = server.states.iter().find(|span| span.contains(ended)).unwrap();
    assert_eq!(
        published.what.appearance(),
        Appearance::Ready,
        "its exit is published when the last container has exited"
    );
}

#[test]
fn actions_on_a_pod_are_marked() {
    let actions = |name: &str| -> Vec<String> {
        let picture = scenario(name);
        picture.actions.iter().map(|it| format!("{} at {}", it.what, second(&picture, it.at))).collect()
    };
    assert_eq!(actions("node-lost"), ["node lost at 60", "node recovered at 180"]);
    assert_eq!(actions("eviction-soft"), ["evict at 30", "kubelet stops the Pod, 15s grace at 30"]);
    let removed = scenario("force-delete");
    assert!(removed.actions.iter().any(|mark| mark.what == PodAction::Removed));
}

#[test]
fn only_a_deleted_pod_is_terminating() {
    for (name, picture) in scenarios() {
        let terminating = picture.actions.iter().find(|it| matches!(it.what, PodAction::Terminating { .. }));
        let deletes = ["delete", "forceDelete", "disrupt", "nodeLost"];
        let deleted = picture.actions.iter().position(
            |it| matches!(&it.what, PodAction::Scripted(op) if deletes.iter().any(|known| op.starts_with(known))),
        );
        assert!(terminating.is_none() || deleted.is_some(), "{name}: {:?}", picture.actions);
    }
    let done = scenario("job-with-retries");
    let stops = |it: &pod_lifecycle::render::Timed<PodAction>| matches!(it.what, PodAction::Stopping { .. });
    assert!(!done.actions.iter().any(stops), "there is nothing to stop: {:?}", done.actions);
}

#[test]
fn delays_of_restarts_are_those_that_the_kubelet_publishes() {
    let picture = scenario("crash-loop");
    let delays: Vec<u64> = picture.lane("api").unwrap().back_offs.iter().map(|span| span.what.as_secs()).collect();
    assert_eq!(delays, [10, 20, 40, 80, 160, 300, 300, 300, 300]);
    assert!(Svg::of(&picture).width(1_600).to_string().contains(">back-off 80 s<"));
    let svg = Svg::of(&picture).width(600).to_string();
    for text in [">80 s<", ">160 s<", ">300 s<"] {
        assert!(svg.contains(text), "{text}");
    }
}

#[test]
fn a_start_that_fails_is_no_process() {
    let picture = picture(
        "
pod: {metadata: {name: web}, spec: {containers: [{name: app, image: app}]}}
script:
  endSeconds: 60
  containers: {app: {start: [{error: no such file}, {error: no such file}]}}
",
    );
    let app = picture.lane("app").unwrap();
    let first = app.runs.first().unwrap();
    assert!(second(&picture, first.from) > 0.0 && app.runs.len() == 1, "{:?}", app.runs);
}

#[test]
fn events_are_counted_by_message() {
    let picture = scenario("crash-loop");
    let back_off: Vec<usize> =
        picture.events.iter().filter(|flag| flag.reason == "BackOff").map(|flag| flag.times.len()).collect();
    assert_eq!(back_off, [28]);
}

#[test]
fn values_at_the_end_last_to_the_end_of_the_picture() {
    for (name, picture) in scenarios() {
        let end = picture.axis.end();
        assert!(end >= picture.end, "{name}");
        let phase = picture.phase.last().unwrap();
        assert_eq!(phase.to, end, "{name}");
        assert_eq!(picture.is_finished, end > picture.end, "{name}: a little of the time after the end is drawn");
        for spans in picture.conditions.iter().map(|track| &track.spans) {
            assert!(spans.windows(2).all(|pair| pair[0].to <= pair[1].from), "{name}");
        }
    }
}

#[test]
fn the_pull_of_an_image_volume_stands_in_the_lanes_of_the_containers_that_wait_for_it() {
    let picture = picture(
        r#"{"pod": {"metadata": {"name": "web"}, "spec": {
            "volumes": [{"name": "model", "image": {"reference": "model:1"}}],
            "containers": [
                {"name": "app", "image": "app:1", "volumeMounts": [{"name": "model", "mountPath": "/model"}]},
                {"name": "log", "image": "log:1"}
            ]
        }}, "script": {"endSeconds": 60, "volumes": {"model": {"image": {"present": false, "pullSeconds": 20}}}}}"#,
    );
    let pulls = |name: &str| {
        let lane = picture.lanes.iter().find(|lane| lane.name == name).unwrap();
        let pulls = lane.tasks.iter().filter(|task| task.what.kind == TaskKind::Pull);
        pulls.map(|pull| pull.to.since(pull.from)).collect::<Vec<_>>()
    };
    assert_eq!((pulls("app"), pulls("log")), (vec![Duration::from_secs(20)], vec![]));
}

#[test]
fn lanes_fit_their_columns() {
    for (name, picture) in scenarios().into_iter().chain([("hostile".into(), hostile())]) {
        for columns in [40, 80, 120, 200] {
            let lanes = Lanes::of(&picture).columns(columns).to_string();
            let longest = lanes.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(longest <= columns, "{name}: {longest} of {columns}\n{lanes}");
        }
    }
}

#[test]
fn lanes_show_a_life_in_a_terminal() {
    insta::assert_snapshot!("lanes_of_a_crash_loop", Lanes::of(&scenario("crash-loop")).columns(100));
    insta::assert_snapshot!("lanes_of_a_graceful_stop", Lanes::of(&scenario("graceful-stop")).columns(80));
    insta::assert_snapshot!("lanes_in_ascii", Lanes::of(&scenario("sidecar")).columns(60).ascii());
}

#[test]
fn lanes_mark_skipped_time() {
    insta::assert_snapshot!("lanes_of_a_long_quiet_life", Lanes::of(&quiet()).columns(72));
}

#[test]
fn ascii_lanes_are_ascii() {
    for (name, picture) in scenarios() {
        let lanes = Lanes::of(&picture).ascii().to_string();
        assert!(lanes.is_ascii(), "{name}\n{lanes}");
    }
}

#[test]
fn a_gantt_has_a_section_for_each_container_and_valid_tasks() {
    for (name, picture) in scenarios().into_iter().chain([("hostile".into(), hostile())]) {
        let gantt = Gantt::of(&picture).to_string();
        for lane in &picture.lanes {
            assert!(gantt.contains(&format!("    section {}\n", lane.name)), "{name}");
        }
        let tasks = gantt.lines().skip(4).filter(|line| !line.trim().starts_with("section"));
        for task in tasks {
            let (says, when) = task.split_once(" :").unwrap_or_else(|| panic!("{name}: {task}"));
            assert!(!says.contains([':', ';', '#', '%', '<', ',']), "{name}: {task}");
            assert!(when.matches("-").count() >= 2, "{name}: {task}");
        }
    }
}

#[test]
fn a_long_life_is_a_short_gantt() {
    let picture = picture(
        "
pod: {metadata: {name: web}, spec: {containers: [{name: app, image: 'nginx:1'}]}}
script: {endSeconds: 86400, containers: {app: {runs: [{exitsAfterSeconds: 20, exitCode: 1}]}}}
",
    );
    assert!(picture.restarts() > 200);
    assert!(Gantt::of(&picture).to_string().len() < 50_000, "Mermaid refuses longer diagrams");
}

#[test]
fn spans_that_begin_at_the_very_end_are_not_drawn() {
    let ends = "{endSeconds: 60, containers: {app: {runs: [{exitsAfterSeconds: 60, exitCode: 1}]}}}";
    let picture = picture(&format!(
        "pod: {{metadata: {{name: web}}, spec: {{containers: [{{name: app, image: app}}]}}}}\nscript: {ends}"
    ));
    let states: Vec<_> =
        picture.lanes[0].states.iter().map(|span| (second(&picture, span.from), second(&picture, span.to))).collect();
    assert_eq!(states, [(0.0, 60.0)], "it runs to the end");
    assert!(picture.phase.iter().all(|span| span.from < span.to));
    assert!(picture.conditions.iter().flat_map(|track| &track.spans).all(|span| span.from < span.to));
}

#[test]
fn a_skipped_segment_is_a_gap_through_all_rows_with_its_duration() {
    let svg = Svg::of(&quiet()).to_string();
    let document = Document::parse(&svg).unwrap();
    // The first of the class is a sample in the legend, which is a bar of its own layer.
    let of_class = |class: &str| {
        let mut all = document.descendants().filter(|node| node.attribute("class") == Some(class));
        all.next_back().unwrap_or_else(|| panic!("{svg}"))
    };
    let (gap, edges) = (of_class("cu"), of_class("ce"));
    let number = |name: &str| gap.attribute(name).unwrap().parse::<f64>().unwrap();
    let (x, y, width, height) = (number("x"), number("y"), number("width"), number("height"));
    let edges = edges.attribute("d").unwrap();
    let teeth = "l2 2l-4 4l2 2".repeat((height / 8.0).floor() as usize);
    assert_eq!(edges, format!("M{x} {y}{teeth}M{} {y}{teeth}", x + width));
    let rows: f64 = document.root_element().attribute("height").unwrap().parse().unwrap();
    assert!(height > 20.0 && y + height < rows, "from {y} by {height} of {rows}");
    let title = gap.descendants().find(|node| node.has_tag_name("title")).and_then(|node| node.text());
    assert!(title.is_some_and(|title| title.ends_with("without changes are not shown")), "{title:?}");
}

#[test]
fn a_shortened_name_has_its_full_text_as_title() {
    let (long, short) = ("x".repeat(60), "app");
    let picture = picture(&format!(
        "pod: {{metadata: {{name: web}}, spec: {{containers: [{{name: {short}, image: app}}, {{name: {long}, image: app}}]}}}}\n\
         script: {{endSeconds: 60}}"
    ));
    let svg = Svg::of(&picture).to_string();
    let document = Document::parse(&svg).unwrap();
    let titles: Vec<_> = document.descendants().filter(|node| node.has_tag_name("title")).collect();
    let has = |name: &str| titles.iter().any(|title| title.text() == Some(name));
    assert!(has(&long) && !has(short));
}

#[test]
fn a_pre_stop_hook_that_sleeps_is_drawn_while_it_sleeps() {
    let picture = picture(
        "
pod: {metadata: {name: web}, spec: {containers: [
  {name: app, image: app, lifecycle: {preStop: {sleep: {seconds: 10}}}}]}}
script: {endSeconds: 90, actions: [{t: 30, op: delete, graceSeconds: 20}]}
",
    );
    let hooks = picture.lanes[0].tasks.iter().filter(|task| task.what.kind == TaskKind::PreStop);
    let hooks: Vec<_> = hooks.map(|task| (second(&picture, task.from), second(&picture, task.to))).collect();
    assert_eq!(hooks, [(30.0, 40.0)]);
}
