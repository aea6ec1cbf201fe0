//! What of a Pod is rarely needed: it lies apart, so that most Pods are small.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::livelock_guard::LivelockGuard;
use crate::{spec::ContainerIndex, state::InstanceId, time::Timestamp};

/// What few Pods need.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ColdState {
    /// When the kubelet restarted, if it did.
    #[serde(with = "crate::time::exact")]
    pub(super) kubelet_start: Option<Timestamp>,
    /// When the active deadline was last found to have passed.
    #[serde(with = "crate::time::exact")]
    pub(super) deadline_met: Option<Timestamp>,
    /// Dead instances that are not wanted any more.
    pub(super) removal: Option<Removal>,
    /// When what the runtime keeps of dead sandboxes is removed.
    #[serde(with = "crate::time::exact")]
    pub(super) garbage_at: Option<Timestamp>,
    /// Published statuses that were read back and asked for a sync.
    pub(super) read_back: LivelockGuard,
}

/// Dead instances that are to be removed, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Removal {
    #[serde(with = "crate::time::exact")]
    pub(super) at: Timestamp,
    pub(super) instances: Vec<(ContainerIndex, InstanceId)>,
}

impl ColdState {
    pub(crate) const NOTHING: &ColdState = &ColdState {
        kubelet_start: None,
        deadline_met: None,
        removal: None,
        garbage_at: None,
        read_back: LivelockGuard::NOTHING,
    };
}
