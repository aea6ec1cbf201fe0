//! Pod phase: properties.

use pod_lifecycle::{
    api::PodPhase,
    rule::{phase, restart},
    spec::{ContainerKind, ContainerSpec, PodSpec},
    state::{ContainerRecord, RecordedState, Termination, TerminationReason},
};
use proptest::prelude::*;

use super::given::{cases, reported};

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn the_phase_is_as_documented(
        (spec, records) in reported(),
        is_terminal in any::<bool>(),
        has_initialized in any::<bool>(),
    ) {
        let given = Given { spec: &spec, records: &records, is_terminal, has_initialized };
        prop_assert_eq!(phase::pod_phase(&spec, &records, is_terminal, has_initialized), given.phase());
    }

    /// Nothing that still runs, waits or is unknown lets a Pod end, unless an init container failed for good.
    #[test]
    fn a_pod_ends_only_when_its_regular_containers_have((spec, records) in reported(), is_terminal in any::<bool>()) {
        let phase = phase::pod_phase(&spec, &records, is_terminal, true);
        let has_ended = |record: &Option<ContainerRecord>| {
            record.as_ref().is_some_and(|it| it.termination().is_some() || it.is_waiting() && it.last_termination().is_some())
        };
        let all_ended = spec.regular_containers().all(|(index, _)| has_ended(&records[index.get()]));
        prop_assert!(phase != PodPhase::Succeeded || all_ended);
    }
}

/// A container, and what is reported of it.
type Reported<'a> = (&'a ContainerSpec, Option<&'a ContainerRecord>);

/// The question, to be answered sentence by sentence.
struct Given<'a> {
    spec: &'a PodSpec,
    records: &'a [Option<ContainerRecord>],
    is_terminal: bool,
    has_initialized: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Unknown,
    Waiting,
    Running,
    Stopped,
}

impl Given<'_> {
    fn phase(&self) -> PodPhase {
        let of_kind = |kind| self.containers(kind);
        let inits = of_kind(ContainerKind::Init);
        let sidecars = of_kind(ContainerKind::Sidecar);
        let regular = of_kind(ContainerKind::Regular);
        let failed_for_good = |(container, record): &Reported<'_>| {
            last_exit(*record).is_some_and(|end| end.exit_code != 0 && !returns(container, end))
        };
        if inits.iter().any(failed_for_good) {
            return PodPhase::Failed;
        }
        if inits.iter().any(|(_, record)| last_exit(*record).is_none()) {
            return PodPhase::Pending;
        }
        let is_pending = |(_, record): &Reported<'_>| match doing(*record) {
            State::Running => record.and_then(|record| record.started) != Some(true),
            State::Waiting => true,
            State::Unknown => record.is_some(),
            State::Stopped => false,
        };
        if !self.has_initialized && sidecars.iter().any(is_pending) {
            return PodPhase::Pending;
        }
        let all = || sidecars.iter().chain(&regular).map(|(_, record)| doing(*record));
        if all().any(|doing| doing == State::Waiting || doing == State::Unknown) {
            return PodPhase::Pending;
        }
        if all().any(|doing| doing == State::Running) {
            return PodPhase::Running;
        }
        self.of_the_stopped(&regular)
    }

    /// Every regular container has stopped.
    fn of_the_stopped(&self, regular: &[Reported<'_>]) -> PodPhase {
        let ended_well = |(_, record): &Reported<'_>| {
            record.and_then(|record| record.termination()).is_some_and(|end| end.exit_code == 0)
        };
        let all_well = if regular.iter().all(ended_well) { PodPhase::Succeeded } else { PodPhase::Failed };
        if self.is_terminal && !self.spec.is_static() {
            return all_well;
        }
        let comes_back =
            |(container, record): &Reported<'_>| last_exit(*record).is_some_and(|end| returns(container, end));
        if regular.iter().any(comes_back) { PodPhase::Running } else { all_well }
    }

    fn containers(&self, kind: ContainerKind) -> Vec<Reported<'_>> {
        let of_kind = self.spec.containers().filter(|(_, container)| container.kind() == kind);
        of_kind.map(|(index, container)| (container, self.records[index.get()].as_ref())).collect()
    }
}

fn doing(record: Option<&ContainerRecord>) -> State {
    match record.and_then(|record| record.state.as_ref()) {
        None => State::Unknown,
        Some(RecordedState::Running { .. }) => State::Running,
        Some(_) if last_exit(record).is_some() => State::Stopped,
        Some(_) => State::Waiting,
    }
}

fn last_exit(record: Option<&ContainerRecord>) -> Option<&Termination> {
    let record = record?;
    let waits = matches!(record.state, Some(RecordedState::Waiting(_)));
    record.termination().or_else(|| record.last_termination().filter(|_| waits)).map(|end| &**end)
}

fn returns(container: &ContainerSpec, end: &Termination) -> bool {
    end.reason == TerminationReason::RestartingAllContainers
        || restart::restarts_after_exit(container.restart(), end.exit_code)
}
