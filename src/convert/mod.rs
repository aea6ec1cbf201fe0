//! The types of the crate [`k8s-openapi`](https://docs.rs/k8s-openapi) from ours, and ours from them: for node agents and controllers that hold Pods
//! as `kube` and its like do.
//!
//! Feature `k8s-openapi`. The version of Kubernetes is the program's to choose, as with every library on top of that
//! crate: `k8s-openapi = { version = "0.29", features = ["v1_36"] }`.
//!
//! Nothing is lost either way: fields without a name here are kept in `other`. A field that the chosen version of
//! Kubernetes does not have is a [`ConvertError`] that names it.
//!
//! A watched Pod is converted, and what changes in its status is sent back as a patch:
//!
//! ```
//! use k8s_openapi::{api::core::v1, apimachinery::pkg::apis::meta::v1::Patch};
//! use pod_lifecycle::{api::{PodManifest, PodPhase, PodStatus}, status::StatusPatch};
//!
//! // As `kube` hands it out.
//! let watched: v1::Pod = serde_json::from_str(r#"{
//!     "apiVersion": "v1", "kind": "Pod",
//!     "metadata": {"name": "web", "namespace": "default", "uid": "5f0c"},
//!     "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]},
//!     "status": {"phase": "Pending", "qosClass": "BestEffort"}
//! }"#)?;
//! let manifest = PodManifest::try_from(&watched)?;
//! assert_eq!(manifest.spec.containers[0].image, "nginx:1.27");
//!
//! // As `PodMachine::status` returns it.
//! let mut ours = manifest.status.clone();
//! (ours.phase, ours.pod_ip) = (Some(PodPhase::Running.into()), "10.244.1.7".into());
//! let patch = StatusPatch::between("5f0c", &manifest.status, &ours).ok_or("nothing has changed")?;
//! assert_eq!(Patch::from(&patch), Patch::StrategicMerge(serde_json::json!({
//!     "metadata": {"uid": "5f0c"},
//!     "status": {"phase": "Running", "podIP": "10.244.1.7"},
//! })));
//! assert_eq!(v1::PodStatus::try_from(&ours)?.pod_ip.as_deref(), Some("10.244.1.7"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Every pair of types is converted by `TryFrom`, from a reference to either:
//!
//! | ours | theirs |
//! |---|---|
//! | [`PodManifest`], [`PodManifestSpec`], [`PodTemplateSpec`] | `v1::Pod`, `v1::PodSpec`, `v1::PodTemplateSpec` |
//! | [`ObjectMeta`] | `meta::v1::ObjectMeta` |
//! | [`Container`] | `v1::Container`, `v1::EphemeralContainer` |
//! | [`Probe`], [`Handler`], [`Lifecycle`], [`Volume`] | `v1::Probe`, `v1::LifecycleHandler`, `v1::Lifecycle`, `v1::Volume` |
//! | [`PodStatus`], [`PodCondition`] | `v1::PodStatus`, `v1::PodCondition` |
//! | [`ContainerStatus`], [`ContainerState`] | `v1::ContainerStatus`, `v1::ContainerState` |
//! | [`Workload`] | `apps::v1::Deployment`, `StatefulSet`, `DaemonSet`, `ReplicaSet`, `batch::v1::Job`, `CronJob` |
//! | [`EventObject`], [`ObjectReference`] | `v1::Event`, `v1::ObjectReference` |
//!
//! and, by `From`, [`Timestamp`](crate::Timestamp) from and to `Time`, `MicroTime` and `jiff::Timestamp`, and
//! [`StatusPatch`] and [`EventPatch`] to `meta::v1::Patch`.

mod error;
mod fields;
mod patch;
mod time;

pub use error::ConvertError;

use k8s_openapi::{
    api::{apps::v1 as apps, batch::v1 as batch, core::v1},
    apimachinery::pkg::apis::meta::v1 as meta,
};

#[cfg(doc)]
use crate::status::{EventPatch, StatusPatch};
use crate::{
    api::{
        Container, ContainerState, ContainerStatus, Handler, Lifecycle, ObjectMeta, PodCondition, PodManifest,
        PodManifestSpec, PodStatus, PodTemplateSpec, Probe, Volume, Workload,
    },
    status::{EventObject, ObjectReference},
};

/// Implements `TryFrom` both ways, for types with the same JSON.
macro_rules! same_in_the_api {
    ($($ours:ty = $($theirs:ty),+;)+) => {
        $($(
            impl TryFrom<&$ours> for $theirs {
                type Error = ConvertError;

                fn try_from(ours: &$ours) -> Result<$theirs, ConvertError> {
                    fields::theirs_of(ours)
                }
            }

            impl TryFrom<&$theirs> for $ours {
                type Error = ConvertError;

                fn try_from(theirs: &$theirs) -> Result<$ours, ConvertError> {
                    fields::ours_of(theirs)
                }
            }
        )+)+
    };
}

same_in_the_api! {
    PodManifest = v1::Pod;
    PodManifestSpec = v1::PodSpec;
    PodTemplateSpec = v1::PodTemplateSpec;
    ObjectMeta = meta::ObjectMeta;
    Container = v1::Container, v1::EphemeralContainer;
    Probe = v1::Probe;
    Handler = v1::LifecycleHandler;
    Lifecycle = v1::Lifecycle;
    Volume = v1::Volume;
    PodStatus = v1::PodStatus;
    PodCondition = v1::PodCondition;
    ContainerStatus = v1::ContainerStatus;
    ContainerState = v1::ContainerState;
    Workload = apps::Deployment, apps::StatefulSet, apps::DaemonSet, apps::ReplicaSet, batch::Job, batch::CronJob;
    EventObject = v1::Event;
    ObjectReference = v1::ObjectReference;
}
