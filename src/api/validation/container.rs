//! The rules on every container, whatever its list.

use super::{Surroundings, names, path::Path, ports, report::Report, volumes};
use crate::api::Container;

/// Name, image, ports, mounts and policies. Answers to `validateContainerCommon` and `validateContainerOnlyForPod`.
pub(super) fn validate(report: &mut Report, path: &Path<'_>, container: &Container, pod: &Surroundings<'_>) {
    let name = path.child("name");
    if container.name.is_empty() {
        report.required(&name, "");
    } else {
        report.all_invalid(&name, &container.name, names::dns_label(&container.name));
    }
    image(report, &path.child("image"), &container.image);
    let policy = container.termination_message_policy.as_ref();
    report.named(&path.child("terminationMessagePolicy"), policy);
    report.named(&path.child("imagePullPolicy"), container.image_pull_policy.as_ref());
    ports::validate(report, &path.child("ports"), &container.ports);
    volumes::mounts(report, &path.child("volumeMounts"), &container.volume_mounts, &pod.volumes);
}

/// Any string without whitespace around it will do: whether it is an image's name is found out by the kubelet.
///
/// <https://kubernetes.io/docs/concepts/containers/images/>
fn image(report: &mut Report, field: &Path<'_>, image: &str) {
    if image.is_empty() {
        report.required(field, "");
    } else if image.trim() != image {
        report.invalid(field, image, "must not have leading or trailing whitespace");
    }
}
