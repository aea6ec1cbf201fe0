//! What must hold of every Pod, whatever happens to it: each a function over the public API.
//!
//! The property tests, the fuzz targets, the model checker and the adversary all ask these. [`Watch`] is for those who
//! drive a Pod; [`OF_A_STEP`] is the list of what holds of every step, [`OF_A_LIFE`] of what holds of a step given all
//! that came before, [`TRIALS`] of what is tried out on a twin; and [`a_deleted_pod_ends_in_time`] leads a life to its
//! end.
//!
//! ```
//! use pod_lifecycle::testkit::invariant::{Violation, Invariant, OF_A_STEP, Step};
//!
//! /// One of your own.
//! fn is_calm(step: &Step<'_>) -> Result<(), Violation> {
//!     if step.out.len() < 100 { Ok(()) } else { Err(format!("{} outputs at once", step.out.len())) }
//! }
//!
//! let all: Vec<(&str, Invariant)> = OF_A_STEP.iter().copied().chain([("is calm", is_calm as Invariant)]).collect();
//! assert_eq!(all.len(), 15);
//! ```

mod ending;
mod history;
pub mod life;
pub mod step;
pub mod trial;
mod watch;

pub use ending::a_deleted_pod_ends_in_time;
pub use history::History;
pub use life::{
    OF_A_LIFE, SimulationInvariant, conditions_are_not_of_the_future, init_containers_go_first, memory_is_bounded,
    never_means_once, no_instance_is_asked_for_twice, nobody_is_killed_before_the_grace_is_over,
    nothing_starts_once_the_end_is_decided, the_phase_changes_before_everybodys_eyes, the_worker_never_goes_back,
    transitions_follow_from_one_another,
};
pub use step::{
    OF_A_STEP, a_deleted_pod_that_has_terminated_starts_nothing, a_finished_pod_only_clears_up, a_terminal_phase_stays,
    conditions_follow_from_one_another, crash_loop_delays_lie_in_their_bounds, no_sandbox_is_known_twice,
    nobody_probes_before_the_start, poll_timeout_is_the_next_wake, restart_counts_never_fall, stops_leave_time,
    the_start_time_is_kept, transitions_stand_in_their_tables, what_is_gone_is_published_no_more,
    wont_wait_for_nothing,
};
pub use trial::{
    TRIALS, a_second_timeout_does_nothing, a_snapshot_goes_on_alike, news_are_taken_in_once,
    relisting_what_is_known_changes_nothing, the_status_says_what_the_pod_is,
};
pub use watch::{Trials, Watch};

use alloc::string::String;

use crate::{
    event::Event,
    kubelet::{Output, PodMachine},
    time::Timestamp,
};

/// What was broken, in words.
pub type Violation = String;

/// One step of a Pod: what it was, what it is, and what came out.
///
/// ```
/// use std::sync::Arc;
/// use pod_lifecycle::{PodMachine, Timestamp, config::KubeletConfig, api::PodManifest, testkit::invariant::{OF_A_STEP, Step}};
///
/// # let object: PodManifest = serde_json::from_str(
/// #     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// let (now, mut out) = (Timestamp::UNIX_EPOCH, Vec::new());
/// let pod = PodMachine::from_object(&object, Arc::new(KubeletConfig::default()), now, &mut out)?;
/// let first = Step { before: &pod, after: &pod, now, event: None, out: &out };
/// for (name, holds) in OF_A_STEP {
///     holds(&first).map_err(|broken| format!("{name}: {broken}"))?;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The Pod before the step.
    pub before: &'a PodMachine,
    /// The Pod after the step.
    pub after: &'a PodMachine,
    /// When the step was made.
    pub now: Timestamp,
    /// The event that it handled; `None` for a timeout, for a Pod's first moment, or if that is not known.
    pub event: Option<&'a Event>,
    /// What came out.
    pub out: &'a [Output],
}

/// Something that must hold of a step: [`OF_A_STEP`] lists those that there are, [`Step`] has an example.
pub type Invariant = fn(&Step<'_>) -> Result<(), Violation>;

/// Ends a check if something does not hold.
macro_rules! hold {
    ($holds:expr, $($why:tt)+) => {
        if !$holds {
            return Err(alloc::format!($($why)+));
        }
    };
}
use hold;
