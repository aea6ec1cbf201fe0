//! The Pod object in the API server, as clients and controllers change it (pkg/registry/core/pod).
//!
//! A [`PodObject`] is the Pod as the API server stores it: admitted, gated, bound to a node, changed, deleted with
//! grace and finally removed. It takes the place of a real API server in a simulation. The kubelet's side is a
//! [`PodMachine`](crate::PodMachine): it [observes](crate::PodMachine::observe) the object as a watch delivers it, and
//! its status is merged back with [`PodObject::merge_status`].
//!
//! ```
//! use pod_lifecycle::{NoSink, Timestamp, api, object::PodObject};
//!
//! let manifest: api::PodManifest =
//!     serde_json::from_str(r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
//! let now: Timestamp = "2026-03-01T12:00:00Z".parse()?;
//! let mut object = PodObject::admit(manifest, now)?;
//! assert!(!object.is_bound());
//!
//! object.unschedulable("0/3 nodes are available: 3 Insufficient memory.", now, &mut NoSink)?;
//! assert_eq!(object.status().conditions[0].reason, "Unschedulable");
//!
//! object.bind("node-1", now, &mut NoSink)?;
//! object.delete(30, now);
//! assert_eq!(object.manifest().metadata.deletion_grace_period_seconds, Some(30));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod admission;
mod deletion;
mod node_lost;
mod resize;
mod scheduling;
mod status;

pub use deletion::Deletion;
#[cfg(feature = "sim")]
pub(crate) use deletion::granted_seconds;
pub use node_lost::NodeLossReport;
pub use resize::PodResize;

use alloc::{
    string::{String, ToString},
    sync::Arc,
};

use crate::{
    api::{self, PodManifest, PodManifestSpec, PodPhase, PodStatus},
    rule::spec_change::{self, ImmutableField},
    spec::{PodSpec, SpecError},
    state::ConditionReason,
    time::Timestamp,
};

/// Pod object as the API server stores it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodObject {
    /// The whole object, status included.
    manifest: PodManifest,
    /// The spec, lowered; always that of `manifest`.
    spec: Arc<PodSpec>,
    presence: Presence,
    node: NodeSight,
}

/// Presence in the API server's storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    Stored,
    Gone,
}

/// Contact of the control plane with the Pod's node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NodeSight {
    Reachable,
    Lost { since: Timestamp },
}

/// Error of a refused change; the object is unchanged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectError {
    /// The object was removed.
    #[error("the Pod is gone")]
    Gone,
    /// The Pod is bound already, and a Pod never moves.
    #[error("the Pod is bound to a node already, and never moves")]
    AlreadyBound,
    /// The Pod is not bound yet.
    #[error("the Pod is bound to no node")]
    NotBound,
    /// Scheduling gates keep the Pod from being bound.
    #[error("the Pod has scheduling gates: no node may have it")]
    Gated,
    /// The node is lost already.
    #[error("the Pod's node is lost already")]
    NodeLost,
    /// The node is not lost.
    #[error("the Pod's node is not lost")]
    NodeNotLost,
    /// The reason is not one of a disruption by the control plane.
    #[error("{reason}: not a reason for which others than the kubelet disrupt a Pod")]
    NotADisruption {
        /// The reason that was given.
        reason: ConditionReason,
    },
    /// The field is immutable.
    #[error("{field}: cannot be changed in a Pod that exists")]
    Immutable {
        /// Path of the immutable field: `spec.activeDeadlineSeconds`.
        field: &'static str,
    },
    /// The Pod has no container of this name.
    #[error("spec.containers: the Pod has no container {name:?}")]
    NoSuchContainer {
        /// The name that was asked for.
        name: String,
    },
    /// The API server refuses the change.
    #[error(transparent)]
    Refused(api::Invalid),
    /// The changed spec is invalid.
    #[error(transparent)]
    Spec(#[from] SpecError),
}

impl From<ImmutableField> for ObjectError {
    fn from(ImmutableField { field }: ImmutableField) -> ObjectError {
        ObjectError::Immutable { field }
    }
}

impl PodObject {
    /// Creates an object from a manifest: applies defaults, validates, sets the phase `Pending`, creation time, generation
    /// and resource version, generates a name, and sets the `PodScheduled` condition if the Pod has scheduling gates.
    ///
    /// What only an API server sets (status, deletion, creation time) is forgotten, so that the output of
    /// `kubectl get -o json` makes a new Pod; a uid stays. Answers to `PrepareForCreate` in `pkg/registry/core/pod` and to
    /// `WipeObjectMetaSystemFields` in `registry/rest`.
    ///
    /// # Errors
    ///
    /// [`SpecError::Invalid`] lists every problem with its field.
    pub fn admit(manifest: PodManifest, now: Timestamp) -> Result<PodObject, SpecError> {
        let mut manifest = manifest.with_defaults();
        api::validate(&manifest)?;
        let metadata = &mut manifest.metadata;
        if metadata.name.is_empty() {
            metadata.name = api::generated_name(&metadata.generate_name);
        }
        metadata.generation = 1;
        // Times of the API have whole seconds.
        metadata.creation_timestamp = Some(now.whole_seconds());
        (metadata.deletion_timestamp, metadata.deletion_grace_period_seconds) = (None, None);
        metadata.resource_version.clear();
        manifest.status = PodStatus { phase: Some(PodPhase::Pending.into()), ..PodStatus::default() };
        PodObject::stored(manifest, now)
    }

    /// Creates an object from one that an API server has stored: neither defaults nor validation are applied.
    ///
    /// # Errors
    ///
    /// [`SpecError`] names the invalid field.
    ///
    /// ```
    /// use pod_lifecycle::{Timestamp, object::PodObject};
    ///
    /// let listed = serde_json::from_str(r#"{
    ///     "metadata": {"name": "web", "generation": 7},
    ///     "spec": {"nodeName": "node-1", "containers": [{"name": "app", "image": "nginx:1"}]}
    /// }"#)?;
    /// let object = PodObject::stored(listed, Timestamp::UNIX_EPOCH)?;
    /// assert!(object.is_bound());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stored(manifest: PodManifest, now: Timestamp) -> Result<PodObject, SpecError> {
        let spec = Arc::new(PodSpec::from_admitted(&manifest)?);
        let mut object = PodObject { manifest, spec, presence: Presence::Stored, node: NodeSight::Reachable };
        // An object from a cluster has a version, from which counting goes on.
        if object.manifest.metadata.resource_version.is_empty() {
            object.count_write();
        }
        object.note_gates(now);
        Ok(object)
    }

    /// Returns the whole object, status included, as a watch delivers it.
    #[must_use]
    pub fn manifest(&self) -> &PodManifest {
        &self.manifest
    }

    /// Returns the status as it stands in the API.
    #[must_use]
    pub fn status(&self) -> &PodStatus {
        &self.manifest.status
    }

    /// Counts a write: the resource version increases, as an API server's does.
    fn count_write(&mut self) {
        let version = &mut self.manifest.metadata.resource_version;
        // A version that is no number came from elsewhere; counting starts anew.
        let next = version.parse::<u64>().unwrap_or(0).saturating_add(1);
        *version = next.to_string();
    }

    /// Returns the spec, lowered.
    #[must_use]
    pub fn spec(&self) -> &Arc<PodSpec> {
        &self.spec
    }

    /// Returns the phase in the status; `Pending` if there is none.
    #[must_use]
    pub fn phase(&self) -> PodPhase {
        self.status().phase.as_ref().and_then(|phase| phase.known()).unwrap_or(PodPhase::Pending)
    }

    /// True if the Pod is bound to a node.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        !self.manifest.spec.node_name.is_empty()
    }

    /// True if the object was removed.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.presence == Presence::Gone
    }

    /// True if the node is lost: its kubelet receives no watch events, and its statuses are refused.
    #[must_use]
    pub fn is_node_lost(&self) -> bool {
        self.node_lost_since().is_some()
    }

    /// Returns the time at which the node was lost.
    #[must_use]
    pub fn node_lost_since(&self) -> Option<Timestamp> {
        match self.node {
            NodeSight::Reachable => None,
            NodeSight::Lost { since } => Some(since),
        }
    }

    fn check_present(&self) -> Result<(), ObjectError> {
        if self.is_gone() { Err(ObjectError::Gone) } else { Ok(()) }
    }

    /// Changes the mutable fields of the spec: images, a shorter deadline, more ephemeral containers, fewer gates. The
    /// generation increases.
    ///
    /// # Errors
    ///
    /// [`ObjectError::Immutable`] names the field that may not change.
    ///
    /// ```
    /// use pod_lifecycle::{Timestamp, object::{ObjectError, PodObject}};
    ///
    /// let manifest = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let mut object = PodObject::admit(manifest, Timestamp::UNIX_EPOCH)?;
    /// object.change_spec(|spec| spec.active_deadline_seconds = Some(60))?;
    /// assert_eq!(object.manifest().metadata.generation, 2);
    /// let refused = object.change_spec(|spec| spec.host_network = true);
    /// assert!(matches!(refused, Err(ObjectError::Immutable { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn change_spec(&mut self, change: impl FnOnce(&mut PodManifestSpec)) -> Result<(), ObjectError> {
        self.check_present()?;
        let mut changed = self.manifest.clone();
        change(&mut changed.spec);
        changed.metadata.generation = changed.metadata.generation.saturating_add(1);
        let spec = PodSpec::from_admitted(&changed)?;
        // Compared as lowered specs: fields that change nothing in a Pod's life may change freely.
        spec_change::validate_update(&self.spec, &spec)?;
        // The kubelet takes other resources, but a client changes them through the subresource alone.
        if !self.spec.has_same_resources(&spec) {
            return Err(ObjectError::Immutable { field: "spec.containers" });
        }
        (self.manifest, self.spec) = (changed, Arc::new(spec));
        self.count_write();
        Ok(())
    }

    /// Changes the image of a container, init containers included.
    ///
    /// # Errors
    ///
    /// [`ObjectError::NoSuchContainer`] if there is none of this name, or if it is ephemeral.
    pub fn set_image(&mut self, container: &str, image: &str) -> Result<(), ObjectError> {
        let spec = &self.manifest.spec;
        if spec.containers.iter().chain(&spec.init_containers).all(|it| it.name != container) {
            return Err(ObjectError::NoSuchContainer { name: container.into() });
        }
        self.change_spec(|spec| {
            let all = spec.containers.iter_mut().chain(&mut spec.init_containers);
            // Images of ephemeral containers are immutable, so they are not among these.
            all.filter(|it| it.name == container).for_each(|it| it.image = image.into());
        })
    }

    /// Adds an ephemeral container, as `kubectl debug` does.
    ///
    /// # Errors
    ///
    /// [`ObjectError::Spec`] if the container is invalid or its name is taken.
    pub fn add_ephemeral_container(&mut self, container: api::Container) -> Result<(), ObjectError> {
        self.change_spec(|spec| spec.ephemeral_containers.push(container))
    }
}
