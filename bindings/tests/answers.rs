//! Agreement of the languages: questions and their answers, which Rust, Node and Python have to give byte by byte.
//!
//! `UPDATE=1 cargo test -p pod-lifecycle-bindings --test answers` writes them anew.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may stop")]
#![allow(clippy::arithmetic_side_effects, reason = "a test may stop")]

use std::{
    env, fs,
    io::{Read, Write},
};

use bindings::{Options, Simulation, ask};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/answers.jsonl.gz");
const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");

const STATUSES: usize = 100;
const SCENARIOS: usize = 40;

/// A question with its answer.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Asked {
    /// Name of a function, or `simulation`.
    function: String,
    input: Value,
    options: Value,
    /// Calls of a simulation: each a method's name and perhaps an argument.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    calls: Vec<(String, Value)>,
    /// Answer as JSON; of a simulation a line for each call that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
    /// Problems of an input that cannot be used, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Asked {
    fn new(function: &str, input: &Value, options: Value) -> Asked {
        Asked { function: function.into(), input: input.clone(), options, calls: Vec::new(), answer: None, error: None }
            .answered()
    }

    fn simulation(scenario: &Value, calls: Value) -> Asked {
        let calls = serde_json::from_value(calls).unwrap();
        let asked = Asked { calls, ..Asked::new("versions", &Value::Null, json!({})) };
        Asked { function: "simulation".into(), input: scenario.clone(), ..asked }.answered()
    }

    fn answered(self) -> Asked {
        let (input, options) = (self.input.to_string(), self.options.to_string());
        let answer = if self.function == "simulation" {
            simulate(&input, &self.calls)
        } else {
            ask(&self.function, &input, &options)
        };
        let (answer, error) = match answer {
            Ok(answer) => (Some(answer), None),
            Err(error) => (None, Some(serde_json::to_string(&error.problems).unwrap())),
        };
        Asked { answer, error, ..self }
    }
}

fn simulate(scenario: &str, calls: &[(String, Value)]) -> Result<String, bindings::InputError> {
    let mut simulation = Simulation::new(scenario, &Options::default())?;
    let mut lines = Vec::new();
    for (call, argument) in calls {
        match call.as_str() {
            "advance" => simulation.advance(argument.as_f64().unwrap())?,
            "act" => simulation.act(&argument.to_string())?,
            "picture" => lines.push(simulation.picture(argument.as_str().unwrap(), None)?),
            "step" => lines.push(serde_json::to_string(&simulation.step()?).unwrap()),
            what => lines.push(simulation.ask(what)?),
        }
    }
    Ok(lines.join("\n"))
}

// --- Questions ---

fn files(folder: &str, extension: &str) -> Vec<String> {
    let entries = fs::read_dir(format!("{EXAMPLES}/{folder}")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|it| it == extension)).collect();
    files.sort();
    files.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// Every example, and some of them on a node that polls its runtime or has an older kubelet.
fn scenarios() -> Vec<Value> {
    let examples = files("scenarios", "yaml");
    let examples: Vec<Value> = examples.iter().map(|text| podlife::yaml::read(text, "a scenario").unwrap()).collect();
    let others = [json!({"pleg": "generic"}), json!({"kubernetes": "1.33"})];
    let changed = others.iter().flat_map(|config| {
        examples.iter().filter(|it| it.get("config").is_none()).map(move |example| {
            let mut changed = example.clone();
            changed["config"] = config.clone();
            changed
        })
    });
    examples.iter().cloned().chain(changed).take(SCENARIOS).collect()
}

/// The examples, Pods of the scenarios at several times, and those with a phase that is not theirs.
fn pods(scenarios: &[Value]) -> Vec<Value> {
    let mut pods: Vec<Value> = files("pods", "json").iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    for scenario in scenarios {
        let mut simulation = Simulation::new(&scenario.to_string(), &Options::default()).unwrap();
        let end = bindings::life(&scenario.to_string(), &Options::default()).unwrap().timeline().length().as_secs_f64();
        for part in [0.02, 0.3, 0.75] {
            simulation.advance_to((end * part).max(simulation.now())).unwrap();
            pods.extend(simulation.pod().map(|pod| serde_json::to_value(pod).unwrap()));
        }
    }
    let phases = ["Running", "Succeeded", "Pending", "Strange"].iter().cycle();
    let wrong: Vec<Value> = pods
        .iter()
        .step_by(5)
        .zip(phases)
        .map(|(pod, phase)| {
            let mut wrong = pod.clone();
            wrong["status"]["phase"] = json!(phase);
            wrong
        })
        .take(STATUSES / 5)
        .collect();
    pods.truncate(STATUSES - wrong.len());
    pods.extend(wrong);
    pods
}

fn questions() -> Vec<Asked> {
    let scenarios = scenarios();
    let pods = pods(&scenarios);
    assert_eq!((pods.len(), scenarios.len()), (STATUSES, SCENARIOS));
    let at = || json!({"at": "2026-03-01T12:30:00Z"});
    let mut asked = vec![Asked::new("versions", &json!(null), json!({}))];
    for pod in &pods {
        asked.extend([
            Asked::new("status", pod, json!({})),
            Asked::new("row", pod, at()),
            Asked::new("why", pod, at()),
        ]);
    }
    asked.push(Asked::new("why", &json!({"kind": "List", "items": pods}), at()));
    for scenario in &scenarios {
        asked.extend([
            Asked::new("play", scenario, json!({})),
            Asked::new("picture", scenario, json!({"format": "svg", "width": 800})),
            Asked::new("lint", &scenario["pod"], json!({})),
            Asked::new("validate", &scenario["pod"], json!({"kubernetes": "1.32"})),
            Asked::new("defaults", &scenario["pod"], json!({})),
            Asked::simulation(
                scenario,
                json!([["advance", 7.5], ["moment", null], ["act", {"op": "delete", "graceSeconds": 2}], ["step", null],
                    ["advance", 20], ["pod", null], ["picture", "lanes"], ["timeline", null]]),
            ),
        ]);
    }
    let long = json!({"metadata": {"name": "é😀"}, "spec": {"containers": [{"name": "app", "image": "a\u{1}b"}]}});
    for (function, input) in [
        ("validate", long.clone()),
        ("play", long),
        ("play", json!({"pod": {"spec": {"containers": 1}}})),
        ("status", json!([])),
        ("row", json!({})),
        ("lint", json!("text")),
        ("explain", json!({})),
    ] {
        asked.push(Asked::new(function, &input, json!({})));
    }
    asked
}

#[test]
fn the_answers_are_those_that_every_language_gives() {
    let asked = questions();
    if env::var_os("UPDATE").is_some() {
        let mut file = GzEncoder::new(Vec::new(), Compression::best());
        for asked in &asked {
            writeln!(file, "{}", serde_json::to_string(asked).unwrap()).unwrap();
        }
        fs::write(FILE, file.finish().unwrap()).unwrap();
    }
    let mut text = String::new();
    GzDecoder::new(fs::File::open(FILE).unwrap()).read_to_string(&mut text).unwrap();
    let written: Vec<Asked> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(written.len(), asked.len(), "UPDATE=1 writes the questions anew");
    for (index, (asked, written)) in asked.iter().zip(&written).enumerate() {
        assert!(
            asked == written,
            "line {}: {} is not as written; UPDATE=1 writes it:\n{asked:?}\n{written:?}",
            index + 1,
            asked.function
        );
    }
}
