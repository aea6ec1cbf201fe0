//! `podlife play` as users meet it: a program, run on files.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test may stop"
)]

mod diagram;
mod kubectl_why;
mod lint;
#[cfg(feature = "mdbook")]
mod mdbook;
mod mistakes;
mod releases;
mod reports;
mod stories;
mod why;
mod workloads;

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;

/// The scenarios of the crate.
fn scenarios() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/scenarios");
    let mut files: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    files
}

fn scenario(name: &str) -> String {
    format!("{}/../examples/scenarios/{name}.yaml", env!("CARGO_MANIFEST_DIR"))
}

/// The program with one of its subcommands.
fn podlife(subcommand: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_podlife"));
    command.arg(subcommand);
    command
}

fn simulate(arguments: &[&str]) -> Output {
    podlife("play").args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// What it prints of something that can be played.
fn printed(arguments: &[&str]) -> String {
    let output = simulate(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty());
    String::from_utf8(output.stdout).unwrap()
}

fn life(arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--output", "json"]].concat();
    serde_json::from_str(&printed(&arguments)).unwrap()
}

/// What it says of a file that cannot be played.
fn refused(flags: &[&str], name: &str, content: impl AsRef<[u8]>) -> String {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&file, content).unwrap();
    let output = simulate(&[flags, &[file.to_str().unwrap()]].concat());
    fs::remove_file(&file).unwrap();
    complaint(&output, file.to_str().unwrap())
}

/// The message of a program that gave up as it should: code 2, nothing printed, one message that begins with the file.
fn complaint(output: &Output, file: &str) -> String {
    let message = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(output.stdout.is_empty());
    assert_eq!(message.matches("error:").count(), 1, "{message}");
    let message = message.strip_prefix(&format!("error: {file}: ")).unwrap_or_else(|| panic!("{message}"));
    message.trim_end().to_owned()
}

fn moments(life: &Value) -> impl Iterator<Item = (f64, &Value)> {
    life["moments"].as_array().unwrap().iter().map(|moment| (moment["at"]["seconds"].as_f64().unwrap(), moment))
}

fn items<'a>(moment: &'a Value, field: &str) -> &'a [Value] {
    moment[field].as_array().map_or(&[], Vec::as_slice)
}

#[test]
fn a_crashing_container_is_restarted_at_once_and_then_ever_later() {
    let life = life(&[&scenario("crash-loop")]);
    let at = |wanted: fn(&Value) -> bool| -> Vec<f64> {
        moments(&life).filter(|(_, moment)| wanted(moment)).map(|(at, _)| at).collect()
    };
    let starts = at(|moment| items(moment, "events").iter().any(|event| event["reason"] == "Started"));
    let exits = at(|moment| items(moment, "changes").iter().any(|change| change["exitCode"] == 1));
    let waits: Vec<f64> = starts.iter().skip(1).zip(&exits).map(|(start, exit)| start - exit).collect();
    assert_eq!(waits, [0.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0, 300.0]);
    assert!(moments(&life).any(|(_, moment)| moment["row"]["status"] == "CrashLoopBackOff"));
}

#[test]
fn there_are_at_least_eight_scenarios_and_each_says_what_it_shows() {
    let files = scenarios();
    assert!(files.len() >= 8);
    for file in files {
        let life = life(&[file.to_str().unwrap()]);
        assert!(!life["description"].as_str().unwrap().is_empty(), "{}", file.display());
        assert!(moments(&life).count() > 0, "{}", file.display());
    }
}

#[test]
fn each_scenario_ends_as_its_description_says() {
    let last = |name: &str| {
        let life = life(&[&scenario(name)]);
        let phase = life["pod"]["status"]["phase"].as_str().unwrap().to_owned();
        (phase, life["end"]["finished"].as_bool().unwrap())
    };
    let running = || ("Running".to_owned(), false);
    assert_eq!(last("web-server"), running());
    assert_eq!(last("crash-loop"), running());
    assert_eq!(last("init-containers"), running());
    assert_eq!(last("image-pull"), running());
    for job in ["job-with-retries", "sidecar", "restart-all"] {
        assert_eq!(last(job), ("Succeeded".to_owned(), true), "{job}");
    }
    assert_eq!(last("graceful-stop"), ("Failed".to_owned(), true));
}

#[test]
fn the_same_scenario_gives_the_same_bytes_in_every_process() {
    for file in scenarios() {
        for output in ["text", "json", "yaml"] {
            let arguments = [file.to_str().unwrap(), "--output", output, "--budget"];
            assert_eq!(printed(&arguments), printed(&arguments), "{}", file.display());
        }
    }
}

#[test]
fn json_and_yaml_say_the_same() {
    for file in scenarios() {
        let file = file.to_str().unwrap();
        let yaml: Value = serde_saphyr::from_str(&printed(&[file, "--output", "yaml"])).unwrap();
        assert_eq!(yaml, life(&[file]), "{file}");
    }
}

#[test]
fn a_watch_prints_a_row_whenever_one_changes() {
    let table = printed(&[&scenario("graceful-stop"), "--watch"]);
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        rows,
        [
            ["NAME", "READY", "STATUS", "RESTARTS", "AGE"],
            ["chat-0", "0/2", "Pending", "0", "0s"],
            ["chat-0", "0/2", "ContainerCreating", "0", "0s"],
            ["chat-0", "1/2", "Running", "0", "0s"],
            ["chat-0", "2/2", "Running", "0", "0s"],
            ["chat-0", "2/2", "Terminating", "0", "60s"],
            ["chat-0", "0/2", "Terminating", "0", "90s"],
            ["chat-0", "0/2", "Error", "0", "90s"],
            ["chat-0", "0/2", "Error", "0", "90s"],
        ]
    );
}

#[test]
fn a_life_is_drawn_into_a_file_and_told_as_well() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("life.svg");
    let steps = printed(&[&scenario("crash-loop"), "--svg", file.to_str().unwrap()]);
    let svg = fs::read_to_string(&file).unwrap();
    fs::remove_file(&file).unwrap();
    assert_eq!(steps, printed(&[&scenario("crash-loop")]));
    let shown = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/pictures/crash-loop.svg")).unwrap();
    assert!(svg == shown, "the documentation shows another picture");
}

#[test]
fn a_picture_that_cannot_be_written_is_said_so() {
    let output = simulate(&[&scenario("crash-loop"), "--svg", "/no/such/directory/life.svg"]);
    let message = complaint(&output, "/no/such/directory/life.svg");
    assert!(message.starts_with("cannot be written: "), "{message}");
}

#[test]
fn lanes_and_a_gantt_take_the_place_of_the_story() {
    assert!(printed(&[&scenario("crash-loop"), "--lanes"]).starts_with("Pod shop/billing-api\n"));
    assert!(printed(&[&scenario("crash-loop"), "--mermaid"]).starts_with("gantt\n"));
    for flags in
        [["--lanes", "--mermaid"], ["--lanes", "--watch"], ["--mermaid", "--output=json"], ["--watch", "-ojson"]]
    {
        let output = simulate(&[&[scenario("crash-loop").as_str()], &flags[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
    }
}

#[test]
fn a_description_ends_with_the_events() {
    let text = printed(&[&scenario("image-pull"), "--describe"]);
    let description = text.split_once("\nName:").unwrap().1;
    assert!(description.contains("Events:\n"));
    assert!(description.lines().any(|line| line.contains("Warning") && line.contains("ErrImagePull")));
}

#[test]
fn the_readme_shows_what_is_printed() {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let mut seen = BTreeSet::new();
    // A block of output stands below a comment such as `<!-- play: crash-loop --watch -->`.
    for excerpt in readme.split("<!-- ").skip(1) {
        let Some((comment, rest)) = excerpt.split_once(" -->\n```text\n") else { continue };
        let (subcommand, arguments) = comment.split_once(": ").unwrap();
        let (name, flags) = arguments.split_once(' ').unwrap_or((arguments, ""));
        let (file, at): (String, &[&str]) = match subcommand {
            "play" => (scenario(name), &[]),
            "why" => (why::pod(name), &["--at", why::AT]),
            other => panic!("{other} is no subcommand"),
        };
        let output = podlife(subcommand).arg(&file).args(at).args(flags.split_whitespace()).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.contains(rest.split_once("```").unwrap().0), "{comment}: {printed}");
        seen.insert(subcommand);
    }
    assert_eq!(seen, ["play", "why"].into());
}

#[test]
fn output_has_no_colours_unless_it_goes_to_a_terminal() {
    assert!(!printed(&[&scenario("crash-loop")]).contains('\u{1b}'));
}

#[test]
fn until_overrides_the_end_of_the_script() {
    let end = |until: &str| life(&[&scenario("crash-loop"), "--until", until])["end"]["seconds"].as_f64().unwrap();
    assert_eq!(end("20m"), 1200.0);
    assert_eq!(end("1h30m"), 5400.0);
    assert_eq!(end("1.5s"), 1.5);
    assert_eq!(end("0"), 0.0);
}

#[test]
fn a_duration_that_is_none_is_explained() {
    for until in ["5", "", "abc", "5x", "-3s", "1..5s", "99999999h", "5 m"] {
        let output = simulate(&[&scenario("crash-loop"), &format!("--until={until}")]);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{until}: {message}");
        assert!(message.contains("--until") && message.contains("expected"), "{message}");
    }
}

const POD: &str = r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#;

#[test]
fn standard_input_is_read_for_scenarios_and_bare_manifests() {
    for (flags, text) in [(vec!["-"], format!("{{\"pod\": {POD}}}")), (vec!["--pod", "-"], POD.to_owned())] {
        let mut command = podlife("play");
        let command = command.args(&flags).args(["--watch"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        assert!(String::from_utf8(output.stdout).unwrap().contains("web    1/1     Running"));
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    let mut command = podlife("play");
    let command = command.arg(scenario("crash-loop")).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), [].as_slice()));
}
