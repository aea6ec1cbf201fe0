//! Watches.
//!
//! <https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes>

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, stream};
use serde_json::{Value, json};
use tokio::{
    sync::watch::Receiver,
    time::{Instant, sleep_until},
};

use super::{
    object::Object,
    query::{Bookmarks, Start, WatchQuery},
    resource::Resource,
    selection::Selection,
    state::{Call, State},
    status::StatusError,
    store::{Change, ChangeKind},
    view::View,
};

/// Interval of bookmarks.
const BOOKMARK_PERIOD: Duration = Duration::from_secs(60);

/// Types of watch events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventType {
    Added,
    Modified,
    Deleted,
    Bookmark,
    Error,
}

impl EventType {
    fn as_str(self) -> &'static str {
        match self {
            EventType::Added => "ADDED",
            EventType::Modified => "MODIFIED",
            EventType::Deleted => "DELETED",
            EventType::Bookmark => "BOOKMARK",
            EventType::Error => "ERROR",
        }
    }
}

/// Running watch.
pub(super) struct Watch {
    state: Arc<Mutex<State>>,
    now: super::Now,
    resource: Arc<Resource>,
    selection: Selection,
    view: View,
    /// Lines to send.
    ready: VecDeque<Bytes>,
    /// Last change that was processed.
    seen: u64,
    latest: Receiver<u64>,
    bookmarks: Bookmarks,
    next_bookmark: Instant,
    end: Option<Instant>,
    has_failed: bool,
}

impl Watch {
    /// Starts a watch.
    pub(super) fn begin(
        state: &Arc<Mutex<State>>,
        now: super::Now,
        call: &Call,
        query: WatchQuery,
        view: View,
    ) -> Result<Watch, StatusError> {
        let selection = Selection::read(&call.resource, &call.target, &call.query)?;
        let mut locked = state.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = locked.store.subscribe(&call.resource.storage());
        let start = Instant::now();
        let mut watch = Watch {
            state: Arc::clone(state),
            now,
            resource: Arc::clone(&call.resource),
            selection,
            view,
            ready: VecDeque::new(),
            seen: call.query.resource_version.unwrap_or_default(),
            latest,
            bookmarks: query.bookmarks,
            next_bookmark: after(start, BOOKMARK_PERIOD),
            end: query.timeout.map(|timeout| after(start, timeout)),
            has_failed: false,
        };
        if watch.seen == 0 || query.start == Start::InitialEvents {
            watch.show_what_is_there(&locked, query);
        }
        Ok(watch)
    }

    /// Returns the response lines, one for each event.
    pub(super) fn into_lines(self) -> impl Stream<Item = Bytes> + Send {
        stream::unfold(self, |mut watch| async move {
            let line = watch.next_line().await?;
            Some((line, watch))
        })
    }

    async fn next_line(&mut self) -> Option<Bytes> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Some(line);
            }
            if self.has_failed {
                return None;
            }
            self.latest.mark_unchanged();
            self.collect_changes();
            if !self.ready.is_empty() {
                continue;
            }
            let end = self.end;
            let until_end = async move {
                match end {
                    Some(end) => sleep_until(end).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // Its sender lives as long as the state, which this watch holds.
                _ = self.latest.changed() => {}
                () = sleep_until(self.next_bookmark), if self.bookmarks == Bookmarks::Allowed => self.bookmark(false),
                () = until_end => return None,
            }
        }
    }

    /// Emits existing objects as added.
    fn show_what_is_there(&mut self, state: &State, query: WatchQuery) {
        for object in state.store.all(&self.resource.storage()) {
            if self.selection.matches(&object) {
                self.push(EventType::Added, &object);
            }
        }
        self.seen = state.store.revision();
        if query.start == Start::InitialEvents && query.bookmarks == Bookmarks::Allowed {
            self.bookmark(true);
        }
    }

    fn collect_changes(&mut self) {
        let state = Arc::clone(&self.state);
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.store.changes_after(&self.resource.storage(), self.seen) {
            Ok(changes) => changes.for_each(|change| self.send(change)),
            Err(expired) => self.fail(&expired),
        }
        self.seen = self.seen.max(state.store.revision());
    }

    /// Returns a change as seen through the selection.
    fn send(&mut self, change: &Change) {
        if !self.selection.is_about(&change.key) {
            return;
        }
        let after = change.after.open();
        let is_selected = change.kind == ChangeKind::Stored && self.selection.matches(&after);
        // Without selectors an object that was there was seen; its old form has to be read only to say how it was.
        let was_selected = match &change.before {
            None => false,
            Some(_) if self.selection.is_unfiltered() => true,
            Some(before) => self.selection.matches(&before.open()),
        };
        match (was_selected, is_selected) {
            (false, true) => self.push(EventType::Added, &after),
            (true, true) => self.push(EventType::Modified, &after),
            (false, false) => {}
            (true, false) => {
                // What goes out of sight is shown as it was last seen, with the version of the change.
                let before = change.before.as_ref().unwrap_or(&change.after).open();
                let mut last = Object::clone(&before);
                last.copy("metadata.resourceVersion", &after);
                self.push(EventType::Deleted, &Arc::new(last));
            }
        }
    }

    fn push(&mut self, kind: EventType, object: &Arc<Object>) {
        let object = self.view.event(&self.resource, object, (self.now)());
        self.line(kind, &object);
    }

    /// Returns a bookmark, annotated at the end of the initial events.
    fn bookmark(&mut self, ends_initial_events: bool) {
        self.next_bookmark = after(Instant::now(), BOOKMARK_PERIOD);
        let mut metadata = json!({"resourceVersion": self.seen.to_string(), "creationTimestamp": null});
        if let (true, Some(metadata)) = (ends_initial_events, metadata.as_object_mut()) {
            metadata.insert("annotations".into(), json!({"k8s.io/initial-events-end": "true"}));
        }
        let object = json!({
            "kind": self.resource.kind, "apiVersion": self.resource.api_version(), "metadata": metadata
        });
        self.line(EventType::Bookmark, &self.view.bookmark(object));
    }

    fn fail(&mut self, error: &StatusError) {
        self.has_failed = true;
        self.line(EventType::Error, &error.to_value());
    }

    fn line(&mut self, kind: EventType, object: &Value) {
        let event = json!({"type": kind.as_str(), "object": object});
        self.ready.push_back(Bytes::from(format!("{event}\n")));
    }
}

fn after(time: Instant, duration: Duration) -> Instant {
    time.checked_add(duration).unwrap_or(time)
}
