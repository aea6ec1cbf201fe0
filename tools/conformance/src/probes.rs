//! What does a probe worker make of a container, tick by tick?

use pod_lifecycle::{
    Timestamp,
    api::{Name, PodPhase},
    rule::{
        probe::{MAX_PROBE_RETRIES, ProbeDecision, ProbeInputs, ProbeOutcome, ProbeWorker},
        restart,
        started_and_ready::KubeletStart,
    },
    spec::{ContainerIndex, ContainerSpec, ProbeKind, ProbeSpec},
    state::{ContainerRecord, RecordedState, Termination, TerminationReason, Waiting},
};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::{
    Difference,
    compare::{Extent, compare},
    lower::{Ids, Lowered, PodMachine, named, read, second},
};

/// A lowered script.
pub struct Script {
    pod: PodMachine,
    index: ContainerIndex,
    kind: ProbeKind,
    kubelet: KubeletStart,
    steps: Vec<Step>,
}

struct Step {
    now: Timestamp,
    phase: PodPhase,
    /// The records of all containers, of which only the worker's own is ever known.
    records: Vec<Option<ContainerRecord>>,
    is_deleting: bool,
    is_restarting_all: bool,
    outcome: ProbeOutcome,
    errors_first: u8,
}

/// What a worker did in a step.
pub struct Answer {
    probed: u8,
    keep_going: bool,
    worker: ProbeWorker,
}

impl Script {
    /// Reads `in`.
    pub fn of(question: &Value) -> Lowered<Script> {
        let pod = PodMachine::of(question)?;
        let index = pod.index_of(question["container"].as_str().unwrap_or_default())?;
        let kind = match question["kind"].as_str() {
            Some("startup") => ProbeKind::Startup,
            Some("readiness") => ProbeKind::Readiness,
            Some("liveness") => ProbeKind::Liveness,
            other => return Err(format!("unknown kind of probe {other:?}")),
        };
        let at = second(&question["kubeletStart"]).ok_or("no kubeletStart")?;
        let mut ids = Ids::default();
        let steps = question["steps"].as_array().ok_or("no steps")?;
        let steps = steps.iter().map(|step| Step::of(step, &pod, index, &mut ids)).collect::<Lowered<_>>()?;
        Ok(Script { pod, index, kind, kubelet: KubeletStart { at, pod_was_ready: false }, steps })
    }

    fn specs(&self) -> Lowered<(&ContainerSpec, &ProbeSpec)> {
        let container = self.pod.spec.container(self.index).ok_or("no such container")?;
        Ok((container, container.probe(self.kind).ok_or("no such probe")?))
    }

    /// How many steps the worker lives to see.
    pub fn ticks(&self) -> usize {
        let mut ticks = 0;
        self.run(|_| ticks += 1).unwrap();
        ticks
    }

    /// Goes through the steps until the worker ends, and hands over the answer of each.
    pub fn run(&self, mut hand_over: impl FnMut(Answer)) -> Lowered<()> {
        let (container, probe) = self.specs()?;
        let mut worker = ProbeWorker::default();
        for step in &self.steps {
            let record = step.records[self.index.get()].as_ref();
            let mut view = ProbeInputs::new(&self.pod.spec, step.phase, record, step.now);
            view.is_deleting = step.is_deleting;
            view.is_restarting_all = step.is_restarting_all;
            view.kubelet = self.kubelet;
            let decision = worker.do_probe(self.kind, probe, container, &view);
            let mut probed = 0;
            if decision == ProbeDecision::Run {
                let fails = step.outcome == ProbeOutcome::Error || step.errors_first >= MAX_PROBE_RETRIES;
                probed = if fails { MAX_PROBE_RETRIES } else { step.errors_first + 1 };
                worker.record(self.kind, probe, if fails { ProbeOutcome::Error } else { step.outcome });
            }
            hand_over(Answer { probed, keep_going: decision != ProbeDecision::End, worker });
            if decision == ProbeDecision::End {
                break;
            }
        }
        Ok(())
    }
}

impl Step {
    fn of(step: &Value, pod: &PodMachine, index: ContainerIndex, ids: &mut Ids) -> Lowered<Step> {
        let status = &step["podStatus"];
        let mut records = vec![None; pod.spec.container_count()];
        if status["container"].is_object() {
            records[index.get()] = Some(record(index, &status["container"], ids)?);
        }
        Ok(Step {
            now: second(&step["at"]).ok_or("a step without a time")?,
            // Without a status there is no container to look at, whatever the phase.
            phase: status["phase"].as_str().map_or(Ok(PodPhase::Pending), named)?,
            is_restarting_all: restart::should_restart_all_containers(&pod.spec, None, &records, false),
            records,
            is_deleting: read(&step["deletionRequested"], "deletionRequested")?,
            outcome: match step["outcome"].as_str() {
                Some("success") => ProbeOutcome::Success,
                Some("warning") => ProbeOutcome::Warning,
                Some("failure") => ProbeOutcome::Failure,
                Some("unknown") => ProbeOutcome::Unknown,
                Some("error") => ProbeOutcome::Error,
                other => return Err(format!("unknown outcome {other:?}")),
            },
            errors_first: read(&step["errorsFirst"], "errorsFirst")?,
        })
    }
}

fn record(index: ContainerIndex, container: &Value, ids: &mut Ids) -> Lowered<ContainerRecord> {
    let instance = ids.instance(index, container["containerID"].as_str().unwrap_or_default());
    let state = match container["state"].as_str() {
        Some("waiting") => Some(RecordedState::Waiting(Waiting::WithoutReason)),
        Some("running") => Some(RecordedState::Running { started_at: second(&container["startedAt"]) }),
        Some("terminated") => {
            let exit_code = container["exitCode"].as_i64().and_then(|code| i32::try_from(code).ok()).unwrap_or(0);
            Some(RecordedState::Terminated(Arc::new(Termination {
                exit_code,
                reason: TerminationReason::of_exit(exit_code),
                message: None,
                signal: None,
                started_at: None,
                finished_at: None,
                instance,
            })))
        }
        Some("noState") => None,
        other => return Err(format!("unknown container state {other:?}")),
    };
    Ok(ContainerRecord {
        state,
        last_state: None,
        restart_count: 0,
        instance,
        started: container["started"].as_bool(),
        ready: false,
    })
}

/// Asks one line again.
pub fn check(line: &Value) -> Result<(), Difference> {
    compare(line, answer(&line["in"]), Extent::Partial)
}

fn answer(question: &Value) -> Lowered<Value> {
    let mut steps = Vec::new();
    Script::of(question)?.run(|Answer { probed, keep_going, worker }| {
        steps.push(json!({
            "probed": probed,
            "keepGoing": keep_going,
            "result": worker.result.map(Name::name),
            "onHold": worker.on_hold,
            "resultRun": worker.result_run,
            "lastResult": worker.last_result.name(),
        }));
    })?;
    Ok(json!({ "steps": steps }))
}
