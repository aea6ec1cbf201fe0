//! Kubernetes events on their way to the API server.

use std::{sync::Arc, time::Duration};

use http::Method;
use pod_lifecycle::status::{Correlated, EventObject};
use serde_json::Value;
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::{
    api::{Api, Kind, code},
    metrics::Metrics,
};

/// How many events may wait; more are dropped, as a kubelet drops them.
const WAITING: usize = 2_000;

/// How often an event is tried.
const TRIES: u32 = 5;

/// How many tasks send events; those of one name are always one task's, so that they stay in order.
const SENDERS: usize = 4;

/// Sends events in the background.
pub(super) struct Events {
    senders: Vec<Sender<Correlated>>,
    metrics: Arc<Metrics>,
}

impl Events {
    /// Sends events until it is dropped.
    pub(super) fn start(api: &Api, metrics: &Arc<Metrics>) -> Events {
        let sender = |_| {
            let (sender, receiver) = mpsc::channel(WAITING);
            tokio::spawn(send_all(receiver, api.clone(), metrics.clone()));
            sender
        };
        Events { senders: (0..SENDERS).map(sender).collect(), metrics: metrics.clone() }
    }

    /// Sends one, if it is to be sent at all.
    pub(super) fn send(&self, event: Correlated) {
        let about = match &event {
            Correlated::Create(event) | Correlated::Patch { event, .. } => &event.involved_object.uid,
            Correlated::Skip => return,
        };
        let sum = about.bytes().fold(0_usize, |sum, byte| sum.wrapping_add(byte.into()));
        let place = sum.checked_rem(self.senders.len()).unwrap_or(0);
        let is_sent = self.senders.get(place).is_some_and(|sender| sender.try_send(event).is_ok());
        self.metrics.events_dropped.add(i64::from(!is_sent));
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
                Err(_) => tokio::time::sleep(delay).await,
            }
            delay = delay.saturating_mul(4);
        }
    }
}

async fn send(api: &Api, correlated: &Correlated) -> kube::Result<Value> {
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
        Correlated::Skip => Ok(Value::Null),
    }
}

async fn create(api: &Api, event: &EventObject) -> kube::Result<Value> {
    api.send(Method::POST, &events_path(event), Kind::Json, event).await
}

fn events_path(event: &EventObject) -> String {
    format!("/api/v1/namespaces/{}/events", event.metadata.namespace)
}
