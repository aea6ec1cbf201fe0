//! Explanation of the Pod at each printed step.

use pod_lifecycle::sim::{Scenario, ScenarioError};

use crate::play::life::Life;

/// Lives the scenario once more, and has the Pod explain itself at the end of each moment.
pub(crate) fn add(scenario: &Scenario, life: &mut Life) -> Result<(), ScenarioError> {
    let mut lived = scenario.simulate()?;
    let start = lived.now();
    for moment in &mut life.moments {
        lived.advance_to(start + moment.at)?;
        moment.explanation = Some(lived.explain(lived.now()));
    }
    Ok(())
}
