//! Kubernetes events on their way to the API server.

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
    place::Place,
};

/// How many events of a node may wait; more are dropped, as a kubelet drops them.
const WAITING: usize = 1_000;

/// How many may wait for each that sends.
const WAITING_TO_BE_SENT: usize = 16;

/// How often an event is tried.
const TRIES: u32 = 5;

/// How many tasks send events; those of one Pod are always one task's, so that they stay in order.
const SENDERS: usize = 4;

/// For how long no status must have been written before events are sent at full speed.
const QUIET: Duration = Duration::from_millis(300);

/// How long an event gives way to statuses.
const PATIENCE: Duration = Duration::from_millis(100);

/// Tells events in the background: what Pods are is more urgent.
pub(super) struct Events {
    told: Sender<Told>,
    /// From when on it is quiet; `None` while statuses are being written.
    quiet_from: watch::Sender<Option<Instant>>,
    metrics: Arc<Metrics>,
}

/// Something that is told of a Pod on a node.
struct Told {
    place: Arc<Place>,
    pod: Arc<PodSpec>,
    event: KubernetesEvent,
}

impl Events {
    /// Tells the events of so many nodes, until it is dropped.
    pub(super) fn start(api: &Api, metrics: &Arc<Metrics>, nodes: usize) -> Events {
        let (told, receiver) = mpsc::channel(WAITING.saturating_mul(nodes.max(1)));
        let (quiet_from, quiet) = watch::channel(Some(Instant::now()));
        let sender = |_| {
            let (sender, receiver) = mpsc::channel(WAITING_TO_BE_SENT);
            tokio::spawn(send_all(receiver, api.clone(), metrics.clone()));
            sender
        };
        tokio::spawn(record_all(receiver, quiet, (0..SENDERS).map(sender).collect()));
        Events { told, quiet_from, metrics: metrics.clone() }
    }

    /// Tells something of a Pod, in its time.
    pub(super) fn tell(&self, place: &Arc<Place>, pod: &Arc<PodSpec>, event: KubernetesEvent) {
        let told = Told { place: place.clone(), pod: pod.clone(), event };
        if self.told.try_send(told).is_err() {
            self.metrics.events_dropped.add(1);
        }
    }

    /// Statuses are being written: events wait a little.
    pub(super) fn give_way(&self) {
        self.quiet_from.send_replace(None);
    }

    /// No status is being written any more.
    pub(super) fn go_on(&self) {
        self.quiet_from.send_if_modified(|from| {
            let is_busy = from.is_none();
            if is_busy {
                *from = Instant::now().checked_add(QUIET);
            }
            is_busy
        });
    }
}

/// Makes events of what is told, one after the other.
async fn record_all(
    mut told: Receiver<Told>,
    mut quiet_from: watch::Receiver<Option<Instant>>,
    senders: Vec<Sender<Correlated>>,
) {
    let mut recorders: BTreeMap<String, EventRecorder> = BTreeMap::new();
    while let Some(Told { place, pod, event }) = told.recv().await {
        // A status that takes long does not hold events up for ever.
        let _ = timeout(PATIENCE, quiet(&mut quiet_from)).await;
        let recorder = recorders.entry(place.name.clone()).or_insert_with(|| EventRecorder::kubelet(&place.name));
        let correlated = recorder.record(&pod, &event);
        if matches!(correlated, Correlated::Skip) {
            continue;
        }
        let sum = pod.uid().bytes().fold(0_usize, |sum, byte| sum.wrapping_add(byte.into()));
        let Some(sender) = sum.checked_rem(senders.len()).and_then(|place| senders.get(place)) else { return };
        if sender.send(correlated).await.is_err() {
            return;
        }
    }
}

/// Waits until no status has been written for a while.
async fn quiet(quiet_from: &mut watch::Receiver<Option<Instant>>) {
    loop {
        // Nobody writes any more.
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
        for last in (0..TRIES).rev() {
            match send(&api, &event).await {
                Ok(_) => {
                    metrics.events.add(1);
                    break;
                }
                Err(error)
                    if last == 0 || code(&error).is_some_and(|code| (400..500).contains(&code) && code != 429) =>
                {
                    tracing::debug!(%error, "an event is dropped");
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
                // It has expired.
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
