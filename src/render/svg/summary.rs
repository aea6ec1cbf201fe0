//! The picture in words, for those who do not see it.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    super::{
        lane::Lane,
        picture::{Picture, Span},
        words,
    },
    page::subtitle,
};
use crate::spec::ContainerKind;

/// More steps than this are not told one by one.
const MOST_STEPS: usize = 12;

/// A sentence on the whole, one on the phase, one on each container, one on what was done, one on the events.
pub(super) fn summary(picture: &Picture) -> String {
    let mut sentences = alloc::vec![format!("The life of Pod {}: {}.", picture.title(), subtitle(picture))];
    sentences.push(format!("Phase: {}.", history(picture, &picture.phase)));
    sentences.extend(picture.lanes.iter().map(|lane| container(picture, lane)));
    if !picture.deeds.is_empty() {
        let deeds = picture.deeds.iter().take(MOST_STEPS);
        let deeds: Vec<_> =
            deeds.map(|deed| format!("{} {}", deed.what, words::offset(deed.at, picture.start))).collect();
        sentences.push(format!("Done to it: {}.", deeds.join(", ")));
    }
    let said = picture.flags.iter().flat_map(|flag| flag.times.iter().map(|_| flag.reason.as_str()));
    if !picture.flags.is_empty() {
        sentences.push(format!("Events: {}.", words::tally(said)));
    }
    sentences.join(" ")
}

fn container(picture: &Picture, lane: &Lane) -> String {
    let kind = match lane.kind {
        ContainerKind::Init => "Init container",
        ContainerKind::Sidecar => "Sidecar",
        ContainerKind::Regular => "Container",
        ContainerKind::Ephemeral => "Ephemeral container",
    };
    let ends = words::tally(lane.runs.iter().filter_map(|run| run.what.exit));
    let ends = if ends.is_empty() { String::from("never ends") } else { format!("ends: {ends}") };
    format!("{kind} {}: {}; {ends}.", lane.name, history(picture, &lane.states))
}

/// What was so, since when.
fn history<T: ToString>(picture: &Picture, spans: &[Span<T>]) -> String {
    if spans.len() > MOST_STEPS {
        return words::tally(spans.iter().map(|span| span.what.to_string()));
    }
    let steps =
        spans.iter().map(|span| format!("{} {}", span.what.to_string(), words::offset(span.from, picture.start)));
    steps.collect::<Vec<_>>().join(", ")
}
