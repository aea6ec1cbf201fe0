//! What `kubectl describe pod` prints at the end of the simulation.

use pod_lifecycle::kubectl::describe as describe_pod;

use crate::play::life::Life;

/// The description of the Pod as it last was.
pub(crate) fn describe(life: &Life) -> String {
    describe_pod(&life.pod, &life.events, life.start + life.end)
}
