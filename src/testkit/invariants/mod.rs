//! Invariants: properties that hold for every Pod, in any order of events. Each is a function over the public API.
//!
//! Property tests, fuzz targets, the model check and the adversary all use these. [`InvariantChecker`] drives a Pod and
//! checks all of them after each step:
//! - [`STEP_INVARIANTS`] judge one step by itself;
//! - [`HISTORY_INVARIANTS`] judge a step by all that came before it;
//! - [`METAMORPHIC_CHECKS`] run a copy of the Pod through a related input, and compare;
//! - [`a_deleted_pod_terminates_in_time`] runs a Pod to its end;
//! - [`DOCUMENTED`] judge a Pod by sentences of Kubernetes' documentation, if its kubelet has no known bugs.
//!
//! ```
//! use pod_lifecycle::testkit::invariants::{Invariant, STEP_INVARIANTS, StepRecord, Violation};
//!
//! /// An invariant of your own.
//! fn emits_few_outputs(step: &StepRecord<'_>) -> Result<(), Violation> {
//!     if step.out.len() < 100 { Ok(()) } else { Err(format!("{} outputs in one step", step.out.len())) }
//! }
//!
//! let own = ("emits few outputs", emits_few_outputs as Invariant);
//! let all: Vec<(&str, Invariant)> = STEP_INVARIANTS.iter().copied().chain([own]).collect();
//! ```

mod checker;
mod documented;
mod history;
mod metamorphic;
mod sequence;
mod step;
mod termination;

pub use checker::{InvariantChecker, MetamorphicChecks};
pub use documented::{DOCUMENTED, Observed, PROGRESS_QUOTES, Sentence, a_pod_that_is_left_alone_gets_on};
pub use history::History;
pub use metamorphic::METAMORPHIC_CHECKS;
pub use sequence::{HISTORY_INVARIANTS, HistoryInvariant};
pub use step::STEP_INVARIANTS;
pub use termination::a_deleted_pod_terminates_in_time;

use alloc::string::String;

use crate::{
    event::Event,
    kubelet::{Output, PodMachine},
    time::Timestamp,
};

/// Description of a violated invariant.
pub type Violation = String;

/// One step of a Pod: its state before and after, its input and its outputs.
///
/// ```
/// use std::sync::Arc;
/// use pod_lifecycle::{PodMachine, Timestamp, api::PodManifest, config::KubeletConfig};
/// use pod_lifecycle::testkit::invariants::{STEP_INVARIANTS, StepRecord};
///
/// # let object: PodManifest = serde_json::from_str(
/// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// let (now, mut out) = (Timestamp::UNIX_EPOCH, Vec::new());
/// let pod = PodMachine::from_object(&object, Arc::new(KubeletConfig::default()), now, &mut out)?;
/// let first = StepRecord { before: &pod, after: &pod, now, event: None, out: &out };
/// for (name, invariant) in STEP_INVARIANTS {
///     invariant(&first).map_err(|violation| format!("{name}: {violation}"))?;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct StepRecord<'a> {
    /// The Pod before the step.
    pub before: &'a PodMachine,
    /// The Pod after the step.
    pub after: &'a PodMachine,
    /// Time of the step.
    pub now: Timestamp,
    /// The event that the Pod handled; `None` for a timeout, and for the creation of the Pod.
    pub event: Option<&'a Event>,
    /// The Pod's outputs.
    pub out: &'a [Output],
}

/// Property of a single step.
pub type Invariant = fn(&StepRecord<'_>) -> Result<(), Violation>;

/// Returns a [`Violation`] unless the property holds.
macro_rules! ensure {
    ($holds:expr, $($why:tt)+) => {
        if !$holds {
            return Err(alloc::format!($($why)+));
        }
    };
}
use ensure;
