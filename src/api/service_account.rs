//! The service account's token: a volume and its mounts, added when the API server admits a Pod.

use alloc::{format, string::String, vec, vec::Vec};

use super::{
    ConfigMapProjection, Container, DownwardApiProjection, DownwardApiVolumeFile, KeyToPath, ObjectFieldSelector,
    PodManifest, PodManifestSpec, ProjectedVolumeSource, SecretVolumeSource, ServiceAccountTokenProjection, Volume,
    VolumeMount, VolumeProjection, defaults::VOLUME_FILE_MODE, validation::MIRROR_ANNOTATION,
};

const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const PROJECTED_PREFIX: &str = "kube-api-access-";
/// An hour, and seven seconds by which the API server knows the tokens that it added itself.
const TOKEN_EXPIRATION_SECONDS: i64 = 3607;

/// The admission step that gives a Pod its service account and the account's token.
///
/// A Pod without a service account gets `default`. Every init and regular container that has nothing mounted at
/// `/var/run/secrets/kubernetes.io/serviceaccount` gets the token there, read-only; the volume is added once, and
/// only if a container needs it. Ephemeral containers and mirror Pods are left alone. Admission is
/// idempotent. It comes after the [defaults](PodManifest::with_defaults) and before validation. Names are random in a cluster; here
/// [`suffix`](Self::suffix) is an argument.
///
/// <https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#serviceaccount-admission-controller>;
/// the API server's admission plugin `ServiceAccount` (`mountServiceAccountToken`).
///
/// ```
/// use pod_lifecycle::api::{PodManifest, ServiceAccountAdmission};
///
/// let pod: PodManifest = serde_json::from_str(r#"{"spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#)?;
/// let pod = ServiceAccountAdmission::new("x7k2p").admit(pod.with_defaults());
/// assert_eq!(pod.spec.service_account_name, "default");
/// assert_eq!(pod.spec.volumes[0].name, "kube-api-access-x7k2p");
/// let mount = &pod.spec.containers[0].volume_mounts[0];
/// assert_eq!(mount.mount_path, "/var/run/secrets/kubernetes.io/serviceaccount");
/// assert!(mount.read_only);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccountAdmission {
    /// The end of the volume's name; five letters and digits in a cluster.
    pub suffix: String,
    /// The account's `automountServiceAccountToken`; the Pod's own field wins, and unset means true.
    pub automount: Option<bool>,
    /// Kind of volume that holds the token.
    pub token: TokenVolume,
}

/// Kind of volume that holds a service account's token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TokenVolume {
    /// A projected volume `kube-api-access-<suffix>`, its token made for this Pod.
    #[default]
    Projected,
    /// The Secret `<account>-token-<suffix>` that clusters before 1.24 kept for every account.
    Secret,
}

impl ServiceAccountAdmission {
    /// Creates the admission with a projected token and an account that leaves `automount` unset.
    #[must_use]
    pub fn new(suffix: impl Into<String>) -> ServiceAccountAdmission {
        ServiceAccountAdmission { suffix: suffix.into(), automount: None, token: TokenVolume::default() }
    }

    /// Returns the Pod with its service account and, unless that is switched off, the token in its containers.
    #[must_use]
    pub fn admit(&self, mut pod: PodManifest) -> PodManifest {
        if pod.metadata.annotations.contains_key(MIRROR_ANNOTATION) {
            return pod;
        }
        let spec = &mut pod.spec;
        if spec.service_account_name.is_empty() {
            spec.service_account_name = "default".into();
        }
        if spec.automount_service_account_token.or(self.automount).unwrap_or(true) {
            self.mount(spec);
        }
        pod
    }

    fn mount(&self, spec: &mut PodManifestSpec) {
        let volume = self.volume(spec);
        let containers = spec.init_containers.iter_mut().chain(&mut spec.containers);
        let mut needed = false;
        for container in containers.filter(|container| lacks_token(container)) {
            container.volume_mounts.push(mount_of(&volume.name));
            needed = true;
        }
        if needed && !spec.volumes.iter().any(|known| known.name == volume.name) {
            spec.volumes.push(volume);
        }
    }

    /// Returns the volume that the Pod already has for the token, or a new one.
    fn volume(&self, spec: &PodManifestSpec) -> Volume {
        match self.token {
            TokenVolume::Projected => {
                let known = spec.volumes.iter().find(|volume| volume.name.starts_with(PROJECTED_PREFIX));
                known.cloned().unwrap_or_else(|| self.projected())
            }
            TokenVolume::Secret => {
                let secret = format!("{}-token-{}", spec.service_account_name, self.suffix);
                let known = spec.volumes.iter().find(|volume| is_secret(volume, &secret));
                known.cloned().unwrap_or_else(|| self.secret(spec, secret))
            }
        }
    }

    fn projected(&self) -> Volume {
        let source = ProjectedVolumeSource { sources: token_sources(), default_mode: Some(VOLUME_FILE_MODE) };
        Volume { name: format!("{PROJECTED_PREFIX}{}", self.suffix), projected: Some(source), ..Volume::default() }
    }

    /// Returns the volume, named after its Secret, with the suffix once more for each volume that has the name already.
    fn secret(&self, spec: &PodManifestSpec, secret: String) -> Volume {
        let mut name = secret.clone();
        while spec.volumes.iter().any(|volume| volume.name == name) {
            name = format!("{name}-{}", self.suffix);
        }
        let source = SecretVolumeSource {
            secret_name: secret,
            default_mode: Some(VOLUME_FILE_MODE),
            ..SecretVolumeSource::default()
        };
        Volume { name, secret: Some(source), ..Volume::default() }
    }
}

fn is_secret(volume: &Volume, secret: &str) -> bool {
    volume.secret.as_ref().is_some_and(|source| source.secret_name == secret)
}

fn lacks_token(container: &Container) -> bool {
    container.volume_mounts.iter().all(|mount| mount.mount_path != MOUNT_PATH)
}

fn mount_of(volume: &str) -> VolumeMount {
    VolumeMount { name: volume.into(), mount_path: MOUNT_PATH.into(), read_only: true, ..VolumeMount::default() }
}

/// Returns the sources of the projected volume: token, CA certificate of the API server, and the Pod's namespace.
fn token_sources() -> Vec<VolumeProjection> {
    let token = ServiceAccountTokenProjection {
        expiration_seconds: Some(TOKEN_EXPIRATION_SECONDS),
        path: "token".into(),
        ..ServiceAccountTokenProjection::default()
    };
    let certificate = ConfigMapProjection {
        name: "kube-root-ca.crt".into(),
        items: vec![KeyToPath { key: "ca.crt".into(), path: "ca.crt".into(), ..KeyToPath::default() }],
        ..ConfigMapProjection::default()
    };
    let namespace = DownwardApiVolumeFile {
        path: "namespace".into(),
        field_ref: Some(ObjectFieldSelector { api_version: "v1".into(), field_path: "metadata.namespace".into() }),
        ..DownwardApiVolumeFile::default()
    };
    vec![
        VolumeProjection { service_account_token: Some(token), ..VolumeProjection::default() },
        VolumeProjection { config_map: Some(certificate), ..VolumeProjection::default() },
        VolumeProjection {
            downward_api: Some(DownwardApiProjection { items: vec![namespace] }),
            ..VolumeProjection::default()
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::{MOUNT_PATH, ServiceAccountAdmission, TokenVolume};
    use crate::api::{PodManifest, validate};

    const SPEC: &str = r#"{"metadata": {"name": "web"}, "spec": {
        "initContainers": [{"name": "init", "image": "i"}],
        "containers": [{"name": "app", "image": "i"}, {"name": "own", "image": "i", "volumeMounts": [
            {"name": "mine", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]}],
        "volumes": [{"name": "mine"}]}}"#;

    fn pod() -> PodManifest {
        serde_json::from_str(SPEC).unwrap()
    }

    fn secret(suffix: &str) -> ServiceAccountAdmission {
        ServiceAccountAdmission { token: TokenVolume::Secret, ..ServiceAccountAdmission::new(suffix) }
    }

    fn mounts(pod: &PodManifest) -> Vec<&str> {
        let containers = pod.spec.init_containers.iter().chain(&pod.spec.containers);
        containers.flat_map(|container| &container.volume_mounts).map(|mount| mount.name.as_str()).collect()
    }

    #[test]
    fn each_container_gets_the_token_unless_something_is_mounted_there() {
        let pod = ServiceAccountAdmission::new("abcde").admit(pod());
        assert_eq!(mounts(&pod), ["kube-api-access-abcde", "kube-api-access-abcde", "mine"]);
        assert_eq!(pod.spec.volumes.len(), 2);
        assert_eq!(pod.spec.service_account_name, "default");
    }

    #[test]
    fn admitting_twice_is_admitting_once() {
        for admission in [ServiceAccountAdmission::new("abcde"), secret("abcde")] {
            let once = admission.admit(pod());
            assert_eq!(admission.admit(once.clone()), once);
            let other = ServiceAccountAdmission { suffix: "other".into(), ..admission };
            assert_eq!(other.admit(once.clone()), once);
        }
    }

    #[test]
    fn the_pods_word_on_mounting_wins_over_the_accounts() {
        for (by_pod, by_account, mounted) in [
            (None, None, true),
            (None, Some(false), false),
            (Some(true), Some(false), true),
            (Some(false), Some(true), false),
        ] {
            let mut pod = pod();
            pod.spec.automount_service_account_token = by_pod;
            let admission = ServiceAccountAdmission { automount: by_account, ..ServiceAccountAdmission::new("abcde") };
            assert_eq!(admission.admit(pod).spec.volumes.len() == 2, mounted);
        }
    }

    #[test]
    fn no_volume_is_added_that_no_container_needs() {
        let mut pod = pod();
        pod.spec.init_containers.clear();
        pod.spec.containers.remove(0);
        assert_eq!(ServiceAccountAdmission::new("abcde").admit(pod.clone()).spec.volumes, pod.spec.volumes);
    }

    #[test]
    fn a_token_volume_that_is_there_is_used() {
        let mut pod = pod();
        pod.spec.volumes[0].name = "kube-api-access-mine".into();
        let pod = ServiceAccountAdmission::new("abcde").admit(pod);
        assert_eq!(pod.spec.volumes.len(), 1);
        assert_eq!(mounts(&pod)[0], "kube-api-access-mine");
    }

    #[test]
    fn before_1_24_the_token_is_a_secret_of_the_account() {
        let mut pod = pod();
        pod.spec.service_account_name = "builder".into();
        let pod = secret("abcde").admit(pod);
        let volume = &pod.spec.volumes[1];
        assert_eq!(volume.name, "builder-token-abcde");
        assert_eq!(volume.secret.as_ref().unwrap().secret_name, "builder-token-abcde");
        assert_eq!(mounts(&pod)[0], "builder-token-abcde");
    }

    #[test]
    fn a_secret_volume_of_the_account_that_is_there_is_used_whatever_its_name() {
        let mut pod = pod();
        pod.spec.volumes[0].secret = serde_json::from_str(r#"{"secretName": "default-token-abcde"}"#).unwrap();
        let pod = secret("abcde").admit(pod);
        assert_eq!(pod.spec.volumes.len(), 1);
        assert_eq!(mounts(&pod), ["mine", "mine", "mine"]);
    }

    #[test]
    fn a_name_that_is_taken_is_not_taken_again() {
        let mut pod = pod();
        pod.spec.volumes[0].name = "default-token-abcde".into();
        assert_eq!(secret("abcde").admit(pod).spec.volumes[1].name, "default-token-abcde-abcde");
    }

    #[test]
    fn a_mirror_pod_is_left_alone() {
        let mut pod = pod();
        pod.metadata.annotations.insert("kubernetes.io/config.mirror".into(), "1".into());
        assert_eq!(ServiceAccountAdmission::new("abcde").admit(pod.clone()), pod);
    }

    #[test]
    fn the_admitted_pod_is_valid_and_written_as_kubernetes_writes_it() {
        let pod = ServiceAccountAdmission::new("abcde").admit(pod().with_defaults());
        assert_eq!(validate(&pod), Ok(()));
        let volume = serde_json::to_value(&pod.spec.volumes[1]).unwrap();
        assert_eq!(
            volume,
            serde_json::json!({"name": "kube-api-access-abcde", "projected": {"defaultMode": 420, "sources": [
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                {"downwardAPI": {"items": [{"path": "namespace", "fieldRef":
                    {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
            ]}})
        );
        let mount = serde_json::to_value(&pod.spec.containers[0].volume_mounts[0]).unwrap();
        let written = serde_json::json!({"name": "kube-api-access-abcde", "mountPath": MOUNT_PATH, "readOnly": true});
        assert_eq!(mount, written);
    }
}
