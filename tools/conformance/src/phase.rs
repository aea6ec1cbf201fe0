//! Which phase is the Pod in?

use pod_lifecycle::{
    api::{ContainerStatus, PodPhase},
    rule::phase,
    state::{ContainerIds, ContainerRecord, observed_records},
};
use serde_json::{Value, json};

use crate::{
    Difference,
    compare::{Extent, compare},
    lower::{Lowered, PodMachine, read, read_or_default},
};

/// A lowered question.
pub struct Question {
    pod: PodMachine,
    records: Vec<Option<ContainerRecord>>,
    is_terminal: bool,
    has_initialized: bool,
}

impl Question {
    /// Reads `in`.
    pub fn of(question: &Value) -> Lowered<Question> {
        let pod = PodMachine::of(question)?;
        let statuses: Vec<ContainerStatus> = read_or_default(&question["statuses"], "statuses")?;
        Ok(Question {
            records: observed_records(&pod.spec, &statuses, &mut ContainerIds::default()),
            pod,
            is_terminal: read(&question["podIsTerminal"], "podIsTerminal")?,
            has_initialized: read(&question["podHasInitialized"], "podHasInitialized")?,
        })
    }

    /// Asks the rule.
    pub fn ask(&self) -> PodPhase {
        phase::pod_phase(&self.pod.spec, &self.records, self.is_terminal, self.has_initialized)
    }
}

/// Asks one line again.
pub fn check(line: &Value) -> Result<(), Difference> {
    let answer = Question::of(&line["in"]).map(|question| json!({ "phase": question.ask() }));
    compare(line, answer, Extent::Partial)
}
