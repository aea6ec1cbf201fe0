//! What a watch of the Pod's object delivers.

use alloc::{string::String, sync::Arc, vec::Vec};

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
    /// All but the status and the resource version, shared between instants that differ in nothing else.
    object: Arc<PodManifest>,
    pub(super) status: Arc<PodStatus>,
    resource_version: String,
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
        let mut pod = PodManifest { status: PodStatus::clone(&self.status), ..PodManifest::clone(&self.object) };
        pod.metadata.resource_version.clone_from(&self.resource_version);
        pod
    }
}

impl Timeline {
    /// The story of an object, before anything has happened.
    pub(super) fn begin(object: &PodObject, start: Timestamp) -> Timeline {
        let end = End { at: start, is_finished: false, removed_at: None };
        Timeline { start, entries: Vec::new(), watched: Vec::new(), pod: object.manifest().clone(), end }
    }

    /// An instant is over, or as good as: what can be seen of the object now. Says whether it is news.
    pub(super) fn watch(&mut self, at: Timestamp, object: &PodObject, touched: Touched) -> bool {
        let last = self.watched.last();
        let resource_version = &object.manifest().metadata.resource_version;
        if last.is_some_and(|last| touched == Touched::StatusAtMost && last.resource_version == *resource_version) {
            return false;
        }
        let manifest = match last {
            Some(last) if touched == Touched::StatusAtMost => last.object.clone(),
            Some(_) | None => Arc::new(as_stored(object.manifest())),
        };
        let same = last.filter(|last| *last.status == *object.status());
        let status = same.map_or_else(|| Arc::new(object.status().clone()), |last| last.status.clone());
        let resource_version = resource_version.clone();
        if self.watched.last().is_some_and(|last| last.at == at) {
            self.watched.pop();
        }
        self.watched.push(Watched { at, object: manifest, status, resource_version });
        true
    }

    /// The object, as somebody would get it who asks the API now.
    pub(super) fn refresh_pod(&mut self) {
        if let Some(last) = self.watched.last() {
            self.pod = last.pod();
        }
    }
}

/// The API stores whole seconds. Status and resource version are kept apart.
fn as_stored(manifest: &PodManifest) -> PodManifest {
    let PodManifest { api_version, kind, metadata, spec, status: _ } = manifest;
    let (api_version, kind) = (api_version.clone(), kind.clone());
    let status = PodStatus::default();
    let mut stored = PodManifest { api_version, kind, metadata: metadata.clone(), spec: spec.clone(), status };
    let metadata = &mut stored.metadata;
    metadata.resource_version.clear();
    metadata.deletion_timestamp = metadata.deletion_timestamp.map(Timestamp::whole_seconds);
    metadata.creation_timestamp = metadata.creation_timestamp.map(Timestamp::whole_seconds);
    stored
}
