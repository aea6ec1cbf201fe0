//! What a container's manifest says of the process to be started.

use std::process::Stdio;

use pod_lifecycle::{
    api::{Container, PodManifest},
    event::Failure,
    state::StartError,
};
use tokio::process::Command;

use super::{failed, logs::Log};

/// A container that can be started.
pub(crate) struct Prepared {
    pub(super) container: Container,
    pub(super) host_name: String,
    pub(super) log: Log,
}

impl Prepared {
    /// Refuses what cannot be done here, as a runtime does when it creates a container.
    pub(super) fn new(pod: &PodManifest, container: &Container, log: Log) -> Result<Prepared, Failure> {
        if let Some(variable) = container.env.iter().find(|variable| variable.value_from.is_some()) {
            let message = format!("env {}: valueFrom is not known here", variable.name);
            return Err(failed(StartError::CreateContainerConfigError, message));
        }
        if !container.env_from.is_empty() {
            return Err(failed(StartError::CreateContainerConfigError, "envFrom is not known here"));
        }
        if container.command.is_empty() {
            return Err(failed(StartError::CreateContainerError, "no command specified: there are no images here"));
        }
        log.create().map_err(|error| failed(StartError::CreateContainerError, format!("its log: {error}")))?;
        Ok(Prepared { container: container.clone(), host_name: pod.metadata.name.clone(), log })
    }

    /// The process, in a group of its own: signals reach its children, and Ctrl-C does not reach it.
    pub(super) fn command(&self) -> std::io::Result<Command> {
        let words: Vec<String> = self.container.command.iter().chain(&self.container.args).cloned().collect();
        let mut command = in_container(&self.container, &self.host_name, &words);
        let log = self.log.open()?;
        command.process_group(0).stdout(log.try_clone()?).stderr(log);
        Ok(command)
    }
}

/// A command with a container's environment and directory, as its process and `exec` have it.
pub(super) fn in_container(container: &Container, host_name: &str, words: &[String]) -> Command {
    let mut words = words.iter();
    let mut command = Command::new(words.next().map_or("", String::as_str));
    command.args(words).stdin(Stdio::null()).env_clear();
    command.envs(std::env::var_os("PATH").map(|path| ("PATH", path))).env("HOSTNAME", host_name);
    command.envs(container.env.iter().map(|variable| (&variable.name, &variable.value)));
    if !container.working_dir.is_empty() {
        command.current_dir(&container.working_dir);
    }
    command
}
