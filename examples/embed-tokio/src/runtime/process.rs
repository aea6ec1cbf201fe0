//! A container's process: from its start to its end, which may be asked for.

use std::{future, os::unix::process::ExitStatusExt, process::ExitStatus, time::Duration};

use pod_lifecycle::{
    api::TerminationMessagePolicy,
    event::{ContainerExit, Failure, RuntimeEvent},
    spec::ContainerIndex,
    state::{InstanceId, StartError},
};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::{
    process::Child,
    sync::{mpsc, watch},
    time::{self, Instant},
};

use super::{Events, command::Prepared, failed, logs::Log};

/// What the kernel adds to a signal's number when a shell is asked for an exit code.
const KILLED_BY: i32 = 128;

/// A process that was started, as others see it.
pub(super) struct Process {
    pub(super) id: u32,
    stops: mpsc::UnboundedSender<Duration>,
    ended: watch::Receiver<bool>,
}

/// The same process, as its owner has it. Only the owner waits for it, so that no signal is ever sent to a process that
/// has taken over its number.
pub(super) struct Life {
    child: Child,
    /// The process, and the group that it leads. Signals that come after the end are lost, as they should be.
    group: Pid,
    stops: mpsc::UnboundedReceiver<Duration>,
    ended: watch::Sender<bool>,
    /// What the container says in the end, if it fails.
    last_words: Option<Log>,
}

impl Process {
    /// Starts a process.
    pub(super) fn spawn(prepared: &Prepared) -> Result<(Process, Life), Failure> {
        let refused = |message: String| failed(StartError::CreateContainerError, message);
        let words = &prepared.container.command;
        let spawned = prepared.command().and_then(|mut command| command.spawn());
        let child = spawned.map_err(|error| refused(format!("exec {words:?}: {error}")))?;
        let id = child.id().ok_or_else(|| refused("it ended before it began".into()))?;
        let group = i32::try_from(id).ok().and_then(Pid::from_raw);
        let group = group.ok_or_else(|| refused(format!("{id} is no process")))?;
        let falls_back = prepared.container.termination_message_policy.as_ref().and_then(|policy| policy.known());
        let falls_back = falls_back == Some(TerminationMessagePolicy::FallbackToLogsOnError);
        let last_words = falls_back.then(|| prepared.log.clone());
        let ((stop, stops), (end, ended)) = (mpsc::unbounded_channel(), watch::channel(false));
        let process = Process { id, stops: stop, ended };
        Ok((process, Life { child, group, stops, ended: end, last_words }))
    }

    /// Stops it: SIGTERM, and SIGKILL when the grace is over. `false` if it has ended already, and no task will
    /// answer.
    pub(super) fn stop(&self, grace: Duration) -> bool {
        self.stops.send(grace).is_ok()
    }

    /// Turns true when the process ends.
    pub(super) fn ended(&self) -> watch::Receiver<bool> {
        self.ended.clone()
    }
}

/// Waits for the end of a process; one that is not there has ended.
pub(super) async fn end_of(ended: Option<watch::Receiver<bool>>) {
    if let Some(mut ended) = ended {
        // Whose owner is gone has ended, too.
        let _ = ended.wait_for(|ended| *ended).await;
    }
}

impl Life {
    /// Waits for the exit and reports it, then completes each stop that was asked for.
    pub(super) async fn watch(mut self, container: ContainerIndex, instance: InstanceId, events: Events) {
        let (status, mut stops) = self.end().await;
        // From now on a request to stop finds nothing to stop.
        self.stops.close();
        while self.stops.try_recv().is_ok() {
            stops = stops.saturating_add(1);
        }
        self.ended.send_replace(true);
        events.send(RuntimeEvent::ContainerExited { container, instance, exit: self.exit(status) });
        for _ in 0..stops {
            events.send(RuntimeEvent::ContainerStopped { container, instance });
        }
    }

    /// The end, and how often it was asked for. The shortest grace counts.
    async fn end(&mut self) -> (Option<ExitStatus>, u32) {
        let mut stops: u32 = 0;
        let mut kill_at: Option<Instant> = None;
        loop {
            tokio::select! {
                status = self.child.wait() => return (status.ok(), stops),
                Some(grace) = self.stops.recv() => {
                    if kill_at.is_none() {
                        // As in a container: only the first process gets the signal; its children are its own business.
                        let _ = kill_process(self.group, Signal::TERM);
                    }
                    let killed = Instant::now().checked_add(grace);
                    kill_at = [kill_at, killed].into_iter().flatten().min();
                    stops = stops.saturating_add(1);
                }
                () = until(kill_at) => {
                    let _ = kill_process_group(self.group, Signal::KILL);
                    return (self.child.wait().await.ok(), stops);
                }
            }
        }
    }

    fn exit(&self, status: Option<ExitStatus>) -> ContainerExit {
        let signal = status.and_then(|status| status.signal());
        let by_signal = signal.map(|signal| signal.saturating_add(KILLED_BY));
        let code = status.and_then(|status| status.code()).or(by_signal).unwrap_or(-1);
        let last_words = self.last_words.as_ref().filter(|_| code != 0);
        let mut exit = ContainerExit::with_code(code);
        exit.signal = signal;
        exit.message = last_words.and_then(Log::last_words);
        exit
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => time::sleep_until(at).await,
        None => future::pending().await,
    }
}
