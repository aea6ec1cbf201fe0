//! What a watch of the Pod's object delivers.

use alloc::{sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use super::timeline::{End, Timeline};
use crate::{
    api::{PodManifest, PodStatus},
    object::PodObject,
    time::Timestamp,
};

/// The object as it stood at the end of an instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Watched {
    #[serde(with = "crate::time::exact")]
    pub(super) at: Timestamp,
    /// All but the status.
    object: Arc<PodManifest>,
    pub(super) status: Arc<PodStatus>,
}

/// Whether somebody may have changed more of an object than its status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Touched {
    /// Metadata and spec are as they were.
    #[default]
    StatusAtMost,
    /// They may have changed.
    Object,
}

impl Watched {
    /// The whole object.
    pub(super) fn pod(&self) -> PodManifest {
        PodManifest { status: PodStatus::clone(&self.status), ..PodManifest::clone(&self.object) }
    }
}

impl Timeline {
    /// The story of an object, before anything has happened.
    pub(super) fn begin(object: &PodObject, start: Timestamp) -> Timeline {
        let end = End { at: start, is_finished: false, removed_at: None };
        Timeline { start, entries: Vec::new(), watched: Vec::new(), pod: object.to_manifest(), end }
    }

    /// An instant is over, or as good as: what can be seen of the object now. Says whether it is news.
    pub(super) fn watch(&mut self, at: Timestamp, object: &PodObject, touched: Touched) -> bool {
        let last = self.watched.last();
        if last.is_some_and(|last| touched == Touched::StatusAtMost && Arc::ptr_eq(&last.status, object.status())) {
            return false;
        }
        // Equivalent with `&&`: what is equal is stored once more.
        let same = last.filter(|last| touched == Touched::StatusAtMost || *last.object == *object.manifest());
        let manifest = same.map_or_else(|| Arc::new(as_stored(object.manifest())), |last| last.object.clone());
        if self.watched.last().is_some_and(|last| last.at == at) {
            self.watched.pop();
        }
        self.watched.push(Watched { at, object: manifest, status: object.status().clone() });
        true
    }

    /// The object, as somebody would get it who asks the API now.
    pub(super) fn refresh_pod(&mut self) {
        if let Some(last) = self.watched.last() {
            self.pod = last.pod();
        }
    }
}

/// The API stores whole seconds.
fn as_stored(manifest: &PodManifest) -> PodManifest {
    let mut stored = manifest.clone();
    let metadata = &mut stored.metadata;
    metadata.deletion_timestamp = metadata.deletion_timestamp.map(Timestamp::whole_seconds);
    metadata.creation_timestamp = metadata.creation_timestamp.map(Timestamp::whole_seconds);
    stored
}
