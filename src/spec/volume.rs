//! Lowered spec of one volume.

use alloc::{boxed::Box, collections::BTreeSet, format, string::String};
use core::fmt;

use serde::{Deserialize, Serialize};

use super::lower::{SpecError, known};
use crate::api::{self, ImagePullPolicy};

/// Index of a volume in `spec.volumes` of its Pod, counting from 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VolumeIndex(u16);

impl VolumeIndex {
    /// Returns the index as a number.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

impl From<u16> for VolumeIndex {
    fn from(place: u16) -> VolumeIndex {
        VolumeIndex(place)
    }
}

impl From<VolumeIndex> for u16 {
    fn from(index: VolumeIndex) -> u16 {
        index.0
    }
}

impl fmt::Display for VolumeIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for VolumeIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VolumeIndex").field(&self.0).finish()
    }
}

/// Spec of one volume.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumeSpec {
    pub(super) name: String,
    /// Name of the PersistentVolumeClaim behind it.
    pub(super) claim: Option<String>,
    /// True if any container mounts it.
    pub(super) is_mounted: bool,
    /// Image whose files it has; boxed, since few volumes have one.
    #[serde(default)]
    pub(super) image: Option<Box<VolumeImage>>,
}

/// Image of an image volume.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumeImage {
    pub(super) reference: String,
    pub(super) pull_policy: ImagePullPolicy,
}

impl VolumeImage {
    /// Returns the image reference.
    #[must_use]
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// Returns `pullPolicy`.
    #[must_use]
    pub fn pull_policy(&self) -> ImagePullPolicy {
        self.pull_policy
    }
}

impl VolumeSpec {
    /// Returns the volume's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the name of the PersistentVolumeClaim behind the volume; `None` if there is none.
    ///
    /// That of an `ephemeral` volume is named after the Pod and the volume.
    #[must_use]
    pub fn claim(&self) -> Option<&str> {
        self.claim.as_deref()
    }

    /// Returns the image of an image volume; `None` for every other volume.
    ///
    /// <https://kubernetes.io/docs/concepts/storage/volumes/#image>
    #[must_use]
    pub fn image(&self) -> Option<&VolumeImage> {
        self.image.as_deref()
    }

    /// True if any container mounts the volume, or uses it as a block device; the kubelet ignores the others.
    #[must_use]
    pub fn is_mounted(&self) -> bool {
        self.is_mounted
    }
}

/// Lowers the volumes of a Pod.
pub(super) fn lower_volumes(pod: &api::PodManifest) -> Result<Box<[VolumeSpec]>, SpecError> {
    let spec = &pod.spec;
    if spec.volumes.is_empty() {
        return Ok(Box::default());
    }
    let containers = spec.init_containers.iter().chain(&spec.containers).chain(&spec.ephemeral_containers);
    let used: BTreeSet<&str> = containers.flat_map(volumes_of).collect();
    let lower = |(place, volume): (usize, &api::Volume)| {
        Ok(VolumeSpec {
            name: volume.name.clone(),
            claim: claim_of(volume, &pod.metadata.name),
            is_mounted: used.contains(volume.name.as_str()),
            image: volume.image.as_ref().map(|image| lower_image(image, place)).transpose()?.map(Box::new),
        })
    };
    spec.volumes.iter().enumerate().map(lower).collect()
}

fn lower_image(image: &api::ImageVolumeSource, place: usize) -> Result<VolumeImage, SpecError> {
    let pull_policy = known(&format!("spec.volumes[{place}].image.pullPolicy"), image.pull_policy.as_ref())?;
    Ok(VolumeImage {
        reference: image.reference.clone(),
        pull_policy: pull_policy.unwrap_or_else(|| api::default_pull_policy(&image.reference)),
    })
}

/// Returns the image volumes that a container mounts, in the order of its mounts.
pub(super) fn image_volumes(container: &api::Container, volumes: &[api::Volume]) -> Box<[VolumeIndex]> {
    let place_of = |mount: &api::VolumeMount| {
        let place = volumes.iter().position(|volume| volume.image.is_some() && volume.name == mount.name)?;
        u16::try_from(place).ok().map(VolumeIndex)
    };
    container.volume_mounts.iter().filter_map(place_of).collect()
}

/// Returns the names of the volumes that a container mounts, or uses as block devices.
///
/// Answers to `GetPodVolumeNames` in `pkg/volume/util`.
fn volumes_of(container: &api::Container) -> impl Iterator<Item = &str> {
    let devices = container.other.get("volumeDevices").and_then(|devices| devices.as_array());
    let devices = devices.into_iter().flatten().filter_map(|device| device.get("name")?.as_str());
    container.volume_mounts.iter().map(|mount| mount.name.as_str()).chain(devices)
}

fn claim_of(volume: &api::Volume, pod_name: &str) -> Option<String> {
    let claim = volume.other.get("persistentVolumeClaim").and_then(|claim| claim.get("claimName")?.as_str());
    // VolumeClaimName of a generic ephemeral volume in `k8s.io/component-helpers/storage/ephemeral`.
    let ephemeral = || volume.other.get("ephemeral").map(|_| format!("{pod_name}-{}", volume.name));
    claim.map(String::from).or_else(ephemeral)
}
