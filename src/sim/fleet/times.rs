//! How long things took in the life of a Pod.

use core::time::Duration;

use super::{counts::Counters, member::Lived, plan::Plan};
use crate::sim::{ScriptActionKind, script::seconds};

/// How long it took until a Pod was ready, and until it was gone.
pub(super) fn note(plan: &Plan, number: u64, was_ready: bool, lived: &Lived, tally: &mut Counters) {
    if lived.gone.is_none() && (was_ready || lived.ready.is_none()) {
        return;
    }
    let fate = plan.fate(number);
    if let Some(ready) = lived.ready.filter(|_| !was_ready) {
        tally.spreads.millis_to_ready.add(millis(ready.since(fate.begins_at)));
    }
    if let Some(gone) = lived.gone {
        let actions = plan.actions(number, &fate);
        let deletions = actions.iter().filter(|it| matches!(it.kind, ScriptActionKind::Delete { .. }));
        let deleted_at = deletions.map(|it| fate.begins_at + seconds(it.t)).filter(|at| *at <= gone).min();
        if let Some(deleted_at) = deleted_at {
            tally.spreads.millis_to_stop.add(millis(gone.since(deleted_at)));
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
