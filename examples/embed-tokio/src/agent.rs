//! One Pod's run loop: the part that every embedder has.

use std::sync::Arc;

use pod_lifecycle::{
    Clock, Output, PodMachine, SystemClock, Timestamp,
    api::{PodManifest, PodPhase},
    config::KubeletConfig,
    event::{ApiEvent, Event, RuntimeEvent},
    object::{Deletion, PodObject},
    spec::SpecError,
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time,
};

use crate::runtime::Runtime;

/// The grace of a Pod that does not ask for one.
const DEFAULT_GRACE: i64 = 30;

/// A Pod, its object, and what carries its actions out.
pub(crate) struct Agent {
    /// Takes the place of an API server, which stores the object and lets clients watch it.
    object: PodObject,
    pod: PodMachine,
    runtime: Runtime,
    events: mpsc::UnboundedReceiver<RuntimeEvent>,
    out: Vec<Output>,
    shown: watch::Sender<Shown>,
}

/// What is to be seen of a Pod.
#[derive(Clone)]
pub(crate) struct Shown {
    /// The object, with its status.
    pub(crate) object: PodManifest,
    /// Why it is as it is.
    pub(crate) explanation: String,
}

impl Shown {
    pub(crate) fn has_ended(&self) -> bool {
        let phase = self.object.status.phase.as_ref().and_then(|phase| phase.known());
        phase.is_some_and(PodPhase::is_terminal)
    }
}

impl Agent {
    pub(crate) fn new(
        object: PodObject,
        config: Arc<KubeletConfig>,
        runtime: Runtime,
        events: mpsc::UnboundedReceiver<RuntimeEvent>,
    ) -> Result<(Agent, watch::Receiver<Shown>), SpecError> {
        let (now, mut out) = (SystemClock.now(), Vec::new());
        let pod = PodMachine::from_object(object.manifest(), config, now, &mut out)?;
        let shown = Shown { object: object.manifest().clone(), explanation: pod.explain(now).to_string() };
        let (shown, seen) = watch::channel(shown);
        Ok((Agent { object, pod, runtime, events, out, shown }, seen))
    }

    /// Hands the Pod what comes first: an event of the runtime, its own timeout, a deletion. Then carries its actions
    /// out, until its object is gone.
    pub(crate) async fn run(mut self, mut deletion: oneshot::Receiver<()>) {
        let mut is_deleted = false;
        self.act();
        while !self.object.is_gone() {
            tokio::select! {
                Some(event) = self.events.recv() => self.handle(event),
                () = until(self.pod.poll_timeout()) => self.pod.handle_timeout(SystemClock.now(), &mut self.out),
                Ok(()) = &mut deletion, if !is_deleted => {
                    is_deleted = true;
                    self.delete();
                }
            }
            self.act();
        }
    }

    fn handle(&mut self, event: RuntimeEvent) {
        // An event that comes too late, or for an instance that is gone, is refused and changes nothing: as it should be.
        let _late = self.pod.handle_event(SystemClock.now(), Event::Runtime(event), &mut self.out);
    }

    /// Deletes the object as `kubectl delete` does. The Pod sees it in its watch.
    fn delete(&mut self) {
        let grace = self.object.manifest().spec.termination_grace_period_seconds;
        match self.object.delete(grace.unwrap_or(DEFAULT_GRACE), SystemClock.now()) {
            Deletion::Gone => self.removed(),
            Deletion::Graceful | Deletion::KeptByFinalizers | Deletion::Unchanged => self.observe(),
        }
    }

    /// Does what the Pod wants, in its order; what comes of it may make it want more.
    fn act(&mut self) {
        while !self.out.is_empty() {
            for output in std::mem::take(&mut self.out) {
                match output {
                    Output::Action(action) => self.runtime.carry_out(action),
                    Output::Published => self.publish(),
                    Output::DeleteObject => {
                        // With the uid as a precondition, where there is an API server. Finalizers may keep the object; and
                        // it may be asked for again before the Pod has seen that it is gone.
                        let is_gone = self.object.is_gone();
                        if !is_gone && self.object.delete_for_good(SystemClock.now()) == Deletion::Gone {
                            self.removed();
                        }
                    }
                    // What a log or a recorder of Kubernetes events would want.
                    Output::Transition(_) | Output::Event(_) => {}
                    _ => {}
                }
            }
        }
        self.show();
    }

    /// Writes the status, and reads it back as a watch would.
    fn publish(&mut self) {
        if self.object.merge_status(self.pod.status_with(&self.runtime)) {
            self.observe();
        }
    }

    fn observe(&mut self) {
        let result = self.pod.observe(SystemClock.now(), self.object.manifest(), &mut self.out);
        debug_assert!(result.is_ok(), "only the agent changes the object: {result:?}");
    }

    fn removed(&mut self) {
        let result = self.pod.handle_event(SystemClock.now(), Event::Api(ApiEvent::Removed), &mut self.out);
        debug_assert!(result.is_ok(), "an object is removed once: {result:?}");
    }

    fn show(&self) {
        let explanation = self.pod.explain(SystemClock.now()).to_string();
        self.shown.send_replace(Shown { object: self.object.manifest().clone(), explanation });
    }
}

/// Sleeps until a point in time; for ever if there is none.
async fn until(due: Option<Timestamp>) {
    match due {
        Some(due) => time::sleep(due.since(SystemClock.now())).await,
        None => std::future::pending().await,
    }
}
