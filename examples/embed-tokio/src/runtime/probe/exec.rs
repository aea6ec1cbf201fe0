//! A command in the container: its exit code is the answer.

use pod_lifecycle::{
    api::{Container, ExecAction, PodManifest},
    rule::probe::ProbeOutcome,
};

use super::{Answer, error};
use crate::runtime::command::in_container;

/// Dropping this kills the command.
pub(super) async fn ask(pod: &PodManifest, container: &Container, exec: &ExecAction) -> Answer {
    let mut command = in_container(container, &pod.metadata.name, &exec.command);
    match command.kill_on_drop(true).output().await {
        Ok(output) => {
            // A command that was killed has no exit code.
            let outcome = output.status.code().map_or(ProbeOutcome::Unknown, ProbeOutcome::of_exit_code);
            let said = [output.stdout, output.stderr].concat();
            (outcome, String::from_utf8_lossy(&said).trim_end().to_owned())
        }
        Err(problem) => error(format!("exec {:?}: {problem}", exec.command)),
    }
}
