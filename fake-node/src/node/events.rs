//! Sender of Kubernetes events.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use http::Method;
use pod_lifecycle::{
    KubernetesEvent,
    spec::PodSpec,
    status::{Correlated, EventObject, EventRecorder},
};
use serde::de::IgnoredAny;
use tokio::{
    sync::{
        mpsc::{self, Receiver, Sender},
        watch,
    },
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{
    api::{Api, Kind, code},
    metrics::Metrics,
    node_info::NodeInfo,
};

/// Events that may wait for each node; more are dropped, as a kubelet drops them.
const QUEUE_SIZE: usize = 1_000;

/// Events that may wait for each sender.
const SENDER_QUEUE_SIZE: usize = 16;

/// Attempts for each event.
const ATTEMPTS: u32 = 5;

/// Number of sending tasks; each Pod's events go through one of them, so that they stay in order.
const SENDERS: usize = 4;

/// Time without status writes after which events are sent at full speed.
const QUIET: Duration = Duration::from_millis(300);

/// Longest time that an event waits for status writes.
const MAX_WAIT: Duration = Duration::from_millis(100);

/// Sends events in the background; status writes go first.
pub(super) struct Events {
    queue: Sender<QueuedEvent>,
    /// When status writes last ended; `None` while some are in flight.
    quiet_from: watch::Sender<Option<Instant>>,
    metrics: Arc<Metrics>,
}

/// An event waiting to be sent.
struct QueuedEvent {
    node_info: Arc<NodeInfo>,
    pod: Arc<PodSpec>,
    event: KubernetesEvent,
}

impl Events {
    /// Starts the senders for this many nodes; they end when this is dropped.
    pub(super) fn start(api: &Api, metrics: &Arc<Metrics>, nodes: usize) -> Events {
        let (queue, receiver) = mpsc::channel(QUEUE_SIZE.saturating_mul(nodes.max(1)));
        let (quiet_from, quiet) = watch::channel(Some(Instant::now()));
        let sender = |_| {
            let (sender, receiver) = mpsc::channel(SENDER_QUEUE_SIZE);
            tokio::spawn(send_all(receiver, api.clone(), metrics.clone()));
            sender
        };
        tokio::spawn(record_all(receiver, quiet, (0..SENDERS).map(sender).collect()));
        Events { queue, quiet_from, metrics: metrics.clone() }
    }

    /// Queues an event.
    pub(super) fn send(&self, node_info: &Arc<NodeInfo>, pod: &Arc<PodSpec>, event: KubernetesEvent) {
        let queued = QueuedEvent { node_info: node_info.clone(), pod: pod.clone(), event };
        if self.queue.try_send(queued).is_err() {
            self.metrics.events_dropped.add(1);
        }
    }

    /// Holds events back while statuses are written.
    pub(super) fn hold(&self) {
        self.quiet_from.send_replace(None);
    }

    /// Releases events: no status write is in flight.
    pub(super) fn resume(&self) {
        self.quiet_from.send_if_modified(|from| {
            let is_busy = from.is_none();
            if is_busy {
                *from = Instant::now().checked_add(QUIET);
            }
            is_busy
        });
    }
}

/// Correlates queued events and passes them to the senders.
async fn record_all(
    mut queue: Receiver<QueuedEvent>,
    mut quiet_from: watch::Receiver<Option<Instant>>,
    senders: Vec<Sender<Correlated>>,
) {
    let mut recorders: BTreeMap<String, EventRecorder> = BTreeMap::new();
    while let Some(QueuedEvent { node_info, pod, event }) = queue.recv().await {
        // A slow status write delays events only so long.
        let _ = timeout(MAX_WAIT, quiet(&mut quiet_from)).await;
        let recorder =
            recorders.entry(node_info.name.clone()).or_insert_with(|| EventRecorder::kubelet(&node_info.name));
        let correlated = recorder.record(&pod, &event);
        if matches!(correlated, Correlated::Skip) {
            continue;
        }
        let sum = pod.uid().bytes().fold(0_usize, |sum, byte| sum.wrapping_add(byte.into()));
        let Some(sender) = sum.checked_rem(senders.len()).and_then(|index| senders.get(index)) else { return };
        if sender.send(correlated).await.is_err() {
            return;
        }
    }
}

/// Waits until no status has been written for a while.
async fn quiet(quiet_from: &mut watch::Receiver<Option<Instant>>) {
    loop {
        // The agent has stopped.
        let Ok(from) = quiet_from.wait_for(Option::is_some).await.map(|from| *from) else { return };
        match from {
            Some(from) if from > Instant::now() => sleep_until(from).await,
            Some(_) | None => return,
        }
    }
}

async fn send_all(mut events: Receiver<Correlated>, api: Api, metrics: Arc<Metrics>) {
    while let Some(event) = events.recv().await {
        let mut delay = Duration::from_millis(200);
        for last in (0..ATTEMPTS).rev() {
            match send(&api, &event).await {
                Ok(_) => {
                    metrics.events.add(1);
                    break;
                }
                Err(error)
                    if last == 0 || code(&error).is_some_and(|code| (400..500).contains(&code) && code != 429) =>
                {
                    tracing::debug!(%error, "event dropped");
                    metrics.events_dropped.add(1);
                    break;
                }
                Err(_) => sleep(delay).await,
            }
            delay = delay.saturating_mul(4);
        }
    }
}

async fn send(api: &Api, correlated: &Correlated) -> kube::Result<IgnoredAny> {
    match correlated {
        Correlated::Create(event) => create(api, event).await,
        Correlated::Patch { event, patch } => {
            let path = format!("{}/{}", events_path(event), event.metadata.name);
            match api.send(Method::PATCH, &path, Kind::Strategic, patch).await {
                // The API server's copy has expired.
                Err(error) if code(&error) == Some(404) => create(api, event).await,
                other => other,
            }
        }
        Correlated::Skip => Ok(IgnoredAny),
    }
}

async fn create(api: &Api, event: &EventObject) -> kube::Result<IgnoredAny> {
    api.send(Method::POST, &events_path(event), Kind::Json, event).await
}

fn events_path(event: &EventObject) -> String {
    format!("/api/v1/namespaces/{}/events", event.metadata.namespace)
}
