//! The bounds that follow from the manifest alone, and what in it deserves a look.

use std::time::Duration;

use pod_lifecycle::{
    budget::{Assumptions, Budget},
    sim::Scenario,
    spec::{PodSpec, SpecError},
};

/// Run time of an init container that a script says nothing of.
const INIT_RUN: Duration = Duration::from_secs(1);

/// The budget of a scenario's Pod, if everything takes no more time than it has to.
pub(crate) fn of(scenario: &Scenario) -> Result<Budget, SpecError> {
    let spec = PodSpec::from_admitted(&scenario.pod)?;
    let has_init = !scenario.pod.spec.init_containers.is_empty();
    let init_run = if has_init { INIT_RUN } else { Duration::ZERO };
    Ok(Budget::of(&spec, &Assumptions { init_run, ..Assumptions::default() }))
}
