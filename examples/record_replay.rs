//! Records a Pod's events and outputs line by line, and replays them in a test: the same events at the same times lead to
//! the same outputs.
//!
//! `cargo run --example record_replay`. In production the lines go to a file; here the runtime is fake.

use std::{
    collections::VecDeque,
    error::Error,
    io::{self, Write},
    sync::Arc,
};

use pod_lifecycle::{
    Action, Output, PodMachine, Timestamp,
    api::PodManifest,
    config::KubeletConfig,
    event::{ContainerExit, Event, RuntimeEvent},
    spec::PodSpec,
};
use serde::{Deserialize, Serialize};

/// Head of a recording: the Pod, its node's settings, and the start time.
#[derive(Serialize, Deserialize)]
struct Beginning {
    pod: PodManifest,
    config: KubeletConfig,
    at_micros: i64,
}

/// One step: its time, its event (none if only time passed), and the outputs.
#[derive(Serialize, Deserialize)]
struct Line {
    at_micros: i64,
    event: Option<Event>,
    out: Vec<Output>,
}

/// Records each step of a running Pod.
struct Recorder {
    pod: PodMachine,
    lines: Vec<String>,
}

impl Recorder {
    fn begin(beginning: &Beginning) -> Result<(Recorder, Vec<Output>), Box<dyn Error>> {
        let (pod, out) = begin(beginning)?;
        Ok((Recorder { pod, lines: vec![serde_json::to_string(beginning)?] }, out))
    }

    fn step(&mut self, now: Timestamp, event: Option<Event>) -> Result<Vec<Output>, Box<dyn Error>> {
        let out = step(&mut self.pod, now, event.clone());
        let line = Line { at_micros: now.unix_micros(), event, out };
        self.lines.push(serde_json::to_string(&line)?);
        Ok(line.out)
    }
}

fn begin(beginning: &Beginning) -> Result<(PodMachine, Vec<Output>), Box<dyn Error>> {
    let spec = Arc::new(PodSpec::from_admitted(&beginning.pod)?);
    let mut out = Vec::new();
    let now = Timestamp::from_unix_micros(beginning.at_micros);
    Ok((PodMachine::new(spec, Arc::new(beginning.config.clone()), now, &mut out), out))
}

fn step(pod: &mut PodMachine, now: Timestamp, event: Option<Event>) -> Vec<Output> {
    let mut out = Vec::new();
    match event {
        // Refused events are refused again.
        Some(event) => drop(pod.handle_event(now, event, &mut out)),
        None => pod.handle_timeout(now, &mut out),
    }
    out
}

/// Replays a recording; returns the number of its steps.
fn replay(lines: &[String]) -> Result<usize, Box<dyn Error>> {
    let (first, rest) = lines.split_first().ok_or("an empty recording")?;
    let (mut pod, _) = begin(&serde_json::from_str(first)?)?;
    for line in rest {
        let Line { at_micros, event, out } = serde_json::from_str(line)?;
        let ours = step(&mut pod, Timestamp::from_unix_micros(at_micros), event);
        if ours != out {
            return Err(format!("{line}: now {ours:?} comes out").into());
        }
    }
    Ok(rest.len())
}

fn main() -> Result<(), Box<dyn Error>> {
    let lines = record()?;
    let mut out = io::stdout();
    for line in lines.iter().take(6) {
        writeln!(out, "{line}")?;
    }
    writeln!(out, "… and so on, {} steps in all: each leads to the same again", replay(&lines)?)?;
    Ok(())
}

/// Records the first 40 steps of a Pod.
fn record() -> Result<Vec<String>, Box<dyn Error>> {
    let pod = serde_json::from_str(
        r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}}"#,
    )?;
    let mut now = Timestamp::from_unix_seconds(1_772_366_400);
    let beginning = Beginning { pod, config: KubeletConfig::default(), at_micros: now.unix_micros() };
    let (mut recorder, out) = Recorder::begin(&beginning)?;
    let mut events: VecDeque<RuntimeEvent> = out.iter().flat_map(answers).collect();
    for _ in 0..40 {
        let event = events.pop_front().map(Event::Runtime);
        if event.is_none() {
            now = now.max(recorder.pod.poll_timeout().ok_or("nothing will ever happen")?);
        }
        events.extend(recorder.step(now, event)?.iter().flat_map(answers));
    }
    Ok(recorder.lines)
}

#[test]
fn every_recorded_step_is_replayed() {
    assert_eq!(replay(&record().unwrap()).unwrap(), 40);
}

/// Answers of a runtime whose containers start and exit at once.
fn answers(output: &Output) -> Vec<RuntimeEvent> {
    let Output::Action(action) = output else { return Vec::new() };
    let result = Ok(());
    match *action {
        Action::RunPodSandbox { sandbox } => vec![RuntimeEvent::SandboxCreated { sandbox, has_ip: Some(true) }],
        Action::InspectImage { container } => vec![RuntimeEvent::ImageInspected { container, result: Ok(true) }],
        Action::InspectVolumeImage { volume } => {
            vec![RuntimeEvent::VolumeImageInspected { volume, result: Ok(true) }]
        }
        Action::PullVolumeImage { volume } => vec![RuntimeEvent::VolumeImagePulled { volume, result: Ok(4_261_502) }],
        Action::PullImage { container } => vec![RuntimeEvent::ImagePulled { container, result: Ok(4_261_502) }],
        Action::CreateContainer { container, instance, .. } => {
            vec![RuntimeEvent::ContainerCreated { container, instance, result }]
        }
        Action::StartContainer { container, instance } => {
            let exit = ContainerExit::with_code(1);
            vec![
                RuntimeEvent::ContainerStarted { container, instance, started_at: None, result },
                RuntimeEvent::ContainerExited { container, instance, exit },
            ]
        }
        Action::StopPodSandbox { .. }
        | Action::RemovePodSandbox { .. }
        | Action::StopContainer { .. }
        | Action::RemoveContainer { .. }
        | Action::RunHook { .. }
        | Action::Probe { .. }
        | Action::FetchClaim { .. }
        | Action::SetUpVolume { .. }
        | Action::TearDownVolume { .. } => Vec::new(),
        Action::UpdateContainerResources { .. }
        | Action::UpdatePodSandboxResources { .. }
        | Action::SetPodCgroup { .. }
        | Action::MeasureMemory
        | _ => Vec::new(),
    }
}
