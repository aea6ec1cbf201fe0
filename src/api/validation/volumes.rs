//! Validation of volumes and their mounts, as far as the API types name them (pkg/apis/core/validation).
//!
//! <https://kubernetes.io/docs/concepts/storage/volumes/> and
//! <https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken>

use alloc::collections::BTreeSet;

use super::{
    names,
    report::{Path, Report},
};
use crate::api::{PodManifestSpec, ProjectedVolumeSource, ServiceAccountTokenProjection, Volume, VolumeMount};

// Bounds of the TokenRequest API.
const SHORTEST_TOKEN_SECONDS: i64 = 10 * 60;
const LONGEST_TOKEN_SECONDS: i64 = 1 << 32;

/// Validates the volumes and returns the names of the valid ones, which can be mounted. Answers to
/// `ValidateVolumes`.
pub(super) fn validate<'a>(report: &mut Report, path: &Path<'_>, spec: &'a PodManifestSpec) -> BTreeSet<&'a str> {
    let list = path.child("volumes");
    let mut mountable = BTreeSet::new();
    for (index, volume) in spec.volumes.iter().enumerate() {
        let path = list.index(index);
        // Only a volume without any problem can be mounted: a mount of another is reported as not found.
        let before = report.len();
        source(report, &path, volume);
        let name = path.child("name");
        if volume.name.is_empty() {
            report.required(&name, "");
        } else {
            report.all_invalid(&name, &volume.name, names::dns_label(&volume.name));
        }
        if mountable.contains(volume.name.as_str()) {
            report.duplicate(&name, &volume.name);
        }
        if report.len() == before {
            mountable.insert(volume.name.as_str());
        }
        // The admission plugin `ServiceAccount` sets `default` before validation in a cluster; here nothing does.
        if spec.service_account_name.is_empty() {
            token_needs_account(report, &path, volume);
        }
    }
    mountable
}

/// Validates mounts: of volumes that exist, each at a path of its own. Answers to `ValidateVolumeMounts`.
pub(super) fn mounts(report: &mut Report, path: &Path<'_>, mounts: &[VolumeMount], volumes: &BTreeSet<&str>) {
    let mut mounted = BTreeSet::new();
    for (index, mount) in mounts.iter().enumerate() {
        let path = path.index(index);
        let name = path.child("name");
        if mount.name.is_empty() {
            report.required(&name, "");
        }
        // Kubernetes reports an empty name twice: as missing, and as that of no volume.
        if !volumes.contains(mount.name.as_str()) {
            report.not_found(&name, &mount.name);
        }
        let mount_path = path.child("mountPath");
        if mount.mount_path.is_empty() {
            report.required(&mount_path, "");
        }
        if !mounted.insert(mount.mount_path.as_str()) {
            report.invalid(&mount_path, &mount.mount_path, "must be unique");
        }
    }
}

fn source(report: &mut Report, path: &Path<'_>, volume: &Volume) {
    if let Some(secret) = &volume.secret
        && secret.secret_name.is_empty()
    {
        report.required(&path.child("secret").child("secretName"), "");
    }
    if let Some(image) = &volume.image {
        let path = path.child("image");
        if image.reference.is_empty() {
            report.required(&path.child("reference"), "");
        }
        report.named(&path.child("pullPolicy"), image.pull_policy.as_ref());
    }
    if let Some(projected) = &volume.projected {
        for (index, token) in tokens(projected) {
            let projected = path.child("projected");
            token_source(report, &projected, index, token);
        }
    }
}

/// Validates a token source; a missing path is reported at the projection itself, as Kubernetes does.
fn token_source(report: &mut Report, projected: &Path<'_>, index: usize, token: &ServiceAccountTokenProjection) {
    let sources = projected.child("sources");
    let source = sources.index(index);
    let source = source.child("serviceAccountToken");
    let seconds = token.expiration_seconds.unwrap_or(0);
    if seconds < SHORTEST_TOKEN_SECONDS {
        report.invalid(&source.child("expirationSeconds"), seconds, "must be at least 600 seconds (10 minutes)");
    }
    if seconds > LONGEST_TOKEN_SECONDS {
        report.invalid(&source.child("expirationSeconds"), seconds, "must be at most 4294967296 seconds");
    }
    if token.path.is_empty() {
        report.required(&projected.child("path"), "");
    }
}

fn token_needs_account(report: &mut Report, path: &Path<'_>, volume: &Volume) {
    let projected = path.child("projected");
    let sources = projected.child("sources");
    for (index, _) in volume.projected.iter().flat_map(tokens) {
        let source = sources.index(index);
        report.forbidden(
            &source.child("serviceAccountToken"),
            "must not be specified when serviceAccountName is not set",
        );
    }
}

fn tokens(projected: &ProjectedVolumeSource) -> impl Iterator<Item = (usize, &ServiceAccountTokenProjection)> {
    let sources = projected.sources.iter().enumerate();
    sources.filter_map(|(index, source)| source.service_account_token.as_ref().map(|token| (index, token)))
}
