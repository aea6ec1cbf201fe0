//! What to report: the status as the API prints it.

mod report;

pub use report::{
    InstanceNames, NumberedInstances, Report, condition_message, container_status, failure_message, foreign_conditions,
    gate_statuses, phase_reason, pod_condition, pod_status,
};
