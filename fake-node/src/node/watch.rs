//! One watch for all Pods of all nodes of the process.

use std::{sync::Arc, time::Duration};

use futures_util::TryStreamExt;
use http::Request;
use kube::core::WatchEvent;
use serde::Deserialize;
use tokio::sync::mpsc::Sender;

use super::{
    api::{Api, code},
    metrics::Metrics,
    watched_pod::WatchedPod,
};

/// Page size of lists.
const PAGE: usize = 500;

/// Requested duration of a watch, in seconds; the API server may end it earlier.
const WATCH_SECONDS: u32 = 290;

/// Delay before the first retry of a failed watch.
const RETRY: Duration = Duration::from_millis(500);

/// The longest retry delay.
const LAST_RETRY: Duration = Duration::from_secs(10);

/// A change reported by the watch.
pub(super) enum PodUpdate {
    /// All Pods; those missing are gone.
    Listed(Vec<WatchedPod>),
    /// A Pod was added or changed.
    Applied(Box<WatchedPod>),
    /// A Pod was removed.
    Deleted(Box<WatchedPod>),
}

/// Watch of the Pods of all nodes of the process.
pub(super) struct Watcher {
    pub(super) api: Api,
    /// `spec.nodeName=NODE`, or all Pods that have a node.
    pub(super) field_selector: String,
    pub(super) metrics: Arc<Metrics>,
}

#[derive(Deserialize)]
struct PodList {
    metadata: ListMeta,
    items: Vec<WatchedPod>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListMeta {
    resource_version: String,
    #[serde(default, rename = "continue")]
    next: String,
}

impl Watcher {
    /// Watches until the receiver is dropped.
    pub(super) async fn run(self, updates: Sender<PodUpdate>) {
        let mut delay = RETRY;
        while !updates.is_closed() {
            if let Err(error) = self.list_and_watch(&updates, &mut delay).await {
                tracing::warn!(%error, "watch of the Pods failed; will be restarted");
                tokio::time::sleep(delay).await;
                delay = delay.saturating_mul(2).min(LAST_RETRY);
            }
            self.metrics.watch_restarts.add(1);
        }
    }

    /// Lists, then watches from that version until it has expired. After a successful list the retry delay starts over.
    async fn list_and_watch(&self, updates: &Sender<PodUpdate>, delay: &mut Duration) -> kube::Result<()> {
        let (pods, mut version) = self.list().await?;
        *delay = RETRY;
        if updates.send(PodUpdate::Listed(pods)).await.is_err() {
            return Ok(());
        }
        loop {
            match self.watch(&mut version, updates).await {
                Ok(()) if updates.is_closed() => return Ok(()),
                Ok(()) => {}
                Err(error) if code(&error) == Some(410) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    async fn list(&self) -> kube::Result<(Vec<WatchedPod>, String)> {
        let (mut pods, mut next) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v1/pods?fieldSelector={}&limit={PAGE}&continue={next}", self.field_selector);
            let page: PodList = self.api.get(&path).await?;
            pods.extend(page.items);
            if page.metadata.next.is_empty() {
                return Ok((pods, page.metadata.resource_version));
            }
            next = form_urlencoded::byte_serialize(page.metadata.next.as_bytes()).collect();
        }
    }

    /// Watches from a version, which is updated with each event, until the server ends the watch.
    async fn watch(&self, version: &mut String, updates: &Sender<PodUpdate>) -> kube::Result<()> {
        let path = format!(
            "/api/v1/pods?watch=true&allowWatchBookmarks=true&timeoutSeconds={WATCH_SECONDS}\
             &fieldSelector={}&resourceVersion={version}",
            self.field_selector
        );
        let request = Request::get(path).body(Vec::new()).map_err(kube::Error::HttpError)?;
        let events = self.api.client.request_events::<WatchedPod>(request).await?;
        let mut events = std::pin::pin!(events);
        loop {
            let event = tokio::select! {
                event = events.try_next() => event?,
                () = updates.closed() => return Ok(()),
            };
            let (seen, update): (_, fn(Box<WatchedPod>) -> PodUpdate) = match event {
                None => return Ok(()),
                Some(WatchEvent::Added(seen) | WatchEvent::Modified(seen)) => (seen, PodUpdate::Applied),
                Some(WatchEvent::Deleted(seen)) => (seen, PodUpdate::Deleted),
                Some(WatchEvent::Bookmark(bookmark)) => {
                    *version = bookmark.metadata.resource_version;
                    continue;
                }
                Some(WatchEvent::Error(status)) => return Err(kube::Error::Api(status)),
            };
            *version = seen.version.to_string();
            if updates.send(update(Box::new(seen))).await.is_err() {
                return Ok(());
            }
        }
    }
}
