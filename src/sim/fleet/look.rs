//! What an observer sees of a Pod of a fleet.

use super::{
    counts::{Counters, Seen, Word},
    member::Light,
};
use crate::{
    api::{Name, PodManifest, PodStatus},
    kubectl,
    kubelet::{PodMachine, Published},
    sim::{Simulation, StatusMatcher},
    state::{ContainerRecord, RecordedState},
    time::Timestamp,
};

/// What is seen of a light Pod; `manifest`: what its object looks like apart from its status.
pub(super) fn light(light: &Light, manifest: &PodManifest, now: Timestamp, tally: &mut Counters) -> Option<Seen> {
    let pod = &light.pod;
    if pod.is_gone() {
        return None;
    }
    let published = pod.published();
    let records = published.containers().iter().flatten();
    let restarts = records.fold(0, |sum: i32, record| sum.saturating_add(record.restart_count));
    let status = quick_word(pod, &published, tally).unwrap_or_else(|| tally.word(&slow_word(pod, manifest, now)));
    Some(Seen { phase: published.phase(), status, restarts, is_ready: published.is_ready(), was_ready: false })
}

/// The word of the column STATUS, where it is plain to see.
fn quick_word(pod: &PodMachine, published: &Published<'_>, tally: &mut Counters) -> Option<Word> {
    let (spec, phase) = (published.spec(), published.phase());
    if !published.reason().0.is_empty() || spec.init_containers().next().is_some() {
        return None;
    }
    if pod.is_deleting() {
        return (!phase.is_terminal()).then(|| tally.word("Terminating"));
    }
    let states = || published.containers().iter().map(|record| record.as_ref().and_then(|it| it.state.as_ref()));
    if states().all(|state| matches!(state, Some(RecordedState::Running { .. }))) {
        return Some(tally.word(phase.name()));
    }
    let [Some(ContainerRecord { state: Some(state), .. })] = published.containers() else { return None };
    let word = match state {
        RecordedState::Waiting(waiting) => waiting.reason(),
        RecordedState::Terminated(end) => end.reason.as_str(),
        RecordedState::Running { .. } => "",
    };
    // Equivalent without `!`: what is not plain to see here is found the slow way.
    (!word.is_empty()).then(|| tally.word(word))
}

fn slow_word(pod: &PodMachine, manifest: &PodManifest, now: Timestamp) -> alloc::string::String {
    let mut object = PodManifest { status: pod.status(), ..manifest.clone() };
    if pod.is_deleting() {
        object.metadata.deletion_timestamp = Some(now);
    }
    kubectl::row(&object, now).status
}

/// What is seen of a Pod that is a whole life.
pub(super) fn whole(life: &Simulation, tally: &mut Counters) -> Option<Seen> {
    let row = life.row()?;
    let status = life.object().status();
    Some(Seen {
        phase: life.phase(),
        status: tally.word(&row.status),
        restarts: restarts(status),
        is_ready: StatusMatcher::ready().matches(status),
        was_ready: false,
    })
}

fn restarts(status: &PodStatus) -> i32 {
    let counts = status.every_container().map(|it| it.restart_count.max(0));
    counts.fold(0, i32::saturating_add)
}
