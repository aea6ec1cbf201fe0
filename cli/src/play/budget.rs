//! The bounds that follow from the manifest alone, and what in it is almost always a mistake.

use pod_lifecycle::{
    budget::{Assumptions, Budget},
    sim::Scenario,
    spec::{PodSpec, SpecError},
};

/// The budget of a scenario's Pod, if everything takes no more time than it has to.
pub(crate) fn of(scenario: &Scenario) -> Result<Budget, SpecError> {
    Ok(Budget::of(&PodSpec::from_admitted(&scenario.pod)?, &Assumptions::default()))
}
