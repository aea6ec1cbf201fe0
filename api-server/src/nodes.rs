//! Nodes.
//!
//! <https://kubernetes.io/docs/concepts/architecture/nodes/>

use pod_lifecycle::api::FieldError;

use super::{metadata::immutable, object::Object, status::StatusError, strategy::Strategy};

/// Strategy of nodes.
pub(super) struct Nodes;

impl Strategy for Nodes {
    /// Defaults `allocatable` to `capacity`. Answers to `SetDefaults_NodeStatus`.
    fn default(&self, node: &mut Object) -> Result<(), StatusError> {
        if !node.has("status.allocatable")
            && let Some(capacity) = node.get("status.capacity").cloned()
        {
            node.set("status.allocatable", capacity);
        }
        node.set_default("spec", serde_json::Map::new());
        Ok(())
    }

    /// Answers to `ValidateNodeUpdate`.
    fn validate_update(&self, new: &Object, old: &Object) -> Vec<FieldError> {
        let given = ["spec.providerID", "spec.podCIDR"].into_iter().filter(|field| !old.text(field).is_empty());
        given.filter(|field| new.get(field) != old.get(field)).map(|field| immutable(field, new.get(field))).collect()
    }

    // A kubelet may write its node's labels together with the status.
    fn prepare_for_status_update(&self, new: &mut Object, old: &Object) {
        new.copy("spec", old);
    }
}
