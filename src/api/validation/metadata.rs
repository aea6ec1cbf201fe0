//! Validation of `metadata` (apimachinery's `pkg/api/validation`).

use alloc::collections::BTreeMap;
use alloc::string::String;

use super::{
    names,
    report::{Path, Report},
};
use crate::api::{FieldError, ObjectMeta, PodManifest};

/// Annotation of a mirror Pod, the API object of a static Pod.
const MIRROR_ANNOTATION: &str = "kubernetes.io/config.mirror";

/// Largest size of all annotations together, keys and values, in bytes (`TotalAnnotationSizeLimitB`).
const LARGEST_ANNOTATIONS: usize = 256 * 1024;

/// Validates name, namespace, generation, labels and annotations. Answers to `ValidateObjectMeta` and `ValidatePodSpecificAnnotations`.
pub(super) fn validate(report: &mut Report, pod: &PodManifest) {
    let path = Path::root("metadata");
    let metadata = &pod.metadata;
    name(report, &path, metadata);
    let namespace = path.child("namespace");
    // `with_defaults` has set one, as kubectl does; the API server takes it from the request's URL.
    if metadata.namespace.is_empty() {
        report.required(&namespace, "");
    } else {
        report.all_invalid(&namespace, &metadata.namespace, names::dns_label(&metadata.namespace));
    }
    if metadata.generation < 0 {
        report.invalid(&path.child("generation"), metadata.generation, "must be greater than or equal to 0");
    }
    labels(report, &path.child("labels"), &metadata.labels);
    annotations(report, &path.child("annotations"), pod);
}

/// Returns the first problem of a workload's name or namespace. Answers to `ValidateObjectMeta`.
pub(crate) fn wrong_in_metadata(metadata: &ObjectMeta) -> Option<FieldError> {
    let (mut report, path) = (Report::default(), Path::root("metadata"));
    name(&mut report, &path, metadata);
    if !metadata.namespace.is_empty() {
        let problems = names::dns_label(&metadata.namespace);
        report.all_invalid(&path.child("namespace"), &metadata.namespace, problems);
    }
    report.into_first()
}

/// Validates the name, or the prefix from which the API server generates one.
fn name(report: &mut Report, path: &Path<'_>, metadata: &ObjectMeta) {
    let (name, prefix) = (&metadata.name, &metadata.generate_name);
    if !prefix.is_empty() {
        report.all_invalid(&path.child("generateName"), prefix, names::dns_subdomain_prefix(prefix));
    }
    if !name.is_empty() {
        report.all_invalid(&path.child("name"), name, names::dns_subdomain(name));
    } else if prefix.is_empty() {
        report.required(&path.child("name"), "name or generateName is required");
    }
}

fn labels(report: &mut Report, field: &Path<'_>, labels: &BTreeMap<String, String>) {
    for (key, value) in labels {
        report.all_invalid(field, key, names::qualified(key));
        report.all_invalid(field, value, names::label_value(value));
    }
}

fn annotations(report: &mut Report, field: &Path<'_>, pod: &PodManifest) {
    let annotations = &pod.metadata.annotations;
    for key in annotations.keys() {
        // Keys of annotations, unlike those of labels, may have capital letters in their prefix.
        report.all_invalid(field, key, names::qualified(&key.to_lowercase()));
    }
    let sizes = annotations.iter().map(|(key, value)| key.len().saturating_add(value.len()));
    if sizes.fold(0, usize::saturating_add) > LARGEST_ANNOTATIONS {
        report.too_long(field, LARGEST_ANNOTATIONS);
    }
    if let Some(mirror) = annotations.get(MIRROR_ANNOTATION)
        // Only a kubelet creates mirror Pods, each for its own node.
        && pod.spec.node_name.is_empty()
    {
        report.invalid(&field.key(MIRROR_ANNOTATION), mirror, "must set spec.nodeName if mirror pod annotation is set");
    }
}
