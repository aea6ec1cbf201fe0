//! The Pod that a controller makes of a template.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use core::fmt;

use super::{PodTemplateSpec, Workload, WorkloadError, WorkloadKind, WorkloadSpec};
use crate::api::{
    FieldError, FieldErrorType, Named, ObjectMeta, PodManifest, PodManifestSpec, RestartPolicy, Volume,
    validation::wrong_in_metadata,
};

const SECONDS_PER_MINUTE: i64 = 60;

impl Workload {
    /// One of the Pods that it makes, as its controller sends it to the API server: the first one, without defaults
    /// and uid.
    ///
    /// Its name is the one that a cluster would give it, with letters that are the same each time where a cluster would
    /// roll dice; a `CronJob`'s Job is called after the minute in which the `CronJob` was made. Labels and annotations
    /// are the template's and those that the controller adds. What only schedulers and other controllers read
    /// (tolerations of a `DaemonSet`, owners, finalizers) is not added.
    ///
    /// # Errors
    ///
    /// [`WorkloadError`] if the template is missing, or if the API server would refuse it in an object of this
    /// kind: a Job's `restartPolicy` is never `Always`, that of all others always is.
    ///
    /// ```
    /// use pod_lifecycle::api::Workload;
    ///
    /// let deployment: Workload = serde_json::from_str(r#"{
    ///     "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
    ///     "spec": {"replicas": 3, "template": {
    ///         "metadata": {"labels": {"app": "web"}},
    ///         "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}
    ///     }}
    /// }"#)?;
    /// let pod = deployment.pod()?;
    /// let hash = &pod.metadata.labels["pod-template-hash"];
    /// assert_eq!(pod.metadata.generate_name, format!("web-{hash}-"));
    /// assert!(pod.metadata.name.starts_with(&pod.metadata.generate_name));
    /// assert_eq!((&*pod.metadata.namespace, &*pod.metadata.labels["app"]), ("shop", "web"));
    ///
    /// let job: Workload = serde_json::from_str(r#"{"kind": "Job", "metadata": {"name": "report"}, "spec": {"template": {
    ///     "spec": {"containers": [{"name": "app", "image": "busybox"}]}}}}"#)?;
    /// assert_eq!(
    ///     job.pod().unwrap_err().to_string(),
    ///     r#"Job "report": spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never""#,
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pod(&self) -> Result<PodManifest, WorkloadError> {
        let field = self.kind.template_field();
        let missing = || WorkloadError::MissingTemplate { kind: self.kind, name: self.metadata.name.clone(), field };
        let template = self.template().ok_or_else(missing)?;
        self.check(&template.spec)?;
        Ok(self.make(template))
    }

    /// Returns the name of the object, as the API server generates it if only a prefix is given.
    fn stored_name(&self) -> String {
        match &self.metadata {
            metadata if metadata.name.is_empty() && !metadata.generate_name.is_empty() => {
                generated_name(&metadata.generate_name)
            }
            metadata => metadata.name.clone(),
        }
    }

    fn template(&self) -> Option<&PodTemplateSpec> {
        match self.kind {
            WorkloadKind::PodTemplate => self.template.as_ref(),
            WorkloadKind::CronJob => self.spec.job_template.as_ref()?.spec.template.as_ref(),
            WorkloadKind::ReplicationController
            | WorkloadKind::ReplicaSet
            | WorkloadKind::Deployment
            | WorkloadKind::StatefulSet
            | WorkloadKind::DaemonSet
            | WorkloadKind::Job => self.spec.template.as_ref(),
        }
    }

    fn make(&self, template: &PodTemplateSpec) -> PodManifest {
        let mut pod = PodManifest {
            api_version: Some("v1".into()),
            kind: Some("Pod".into()),
            metadata: ObjectMeta {
                namespace: self.metadata.namespace.clone(),
                labels: template.metadata.labels.clone(),
                annotations: template.metadata.annotations.clone(),
                ..ObjectMeta::default()
            },
            spec: template.spec.clone(),
            ..PodManifest::default()
        };
        let name = &self.stored_name();
        match self.kind {
            WorkloadKind::PodTemplate | WorkloadKind::ReplicationController | WorkloadKind::ReplicaSet => {
                set_generated_name(&mut pod, format!("{name}-"));
            }
            WorkloadKind::Deployment => {
                let hash = template_hash(template);
                set_generated_name(&mut pod, format!("{name}-{hash}-"));
                label(&mut pod, "pod-template-hash", &hash);
            }
            WorkloadKind::DaemonSet => {
                set_generated_name(&mut pod, format!("{name}-"));
                label(&mut pod, "controller-revision-hash", &template_hash(template));
                label(&mut pod, "pod-template-generation", "1");
            }
            WorkloadKind::StatefulSet => self.number(&mut pod, template),
            WorkloadKind::Job => self.spec.make_job_pod(&mut pod, name, &self.metadata.uid),
            WorkloadKind::CronJob => {
                let made = self.metadata.creation_timestamp;
                let minute = made.map_or(0, |made| made.unix_seconds().div_euclid(SECONDS_PER_MINUTE));
                if let Some(job) = &self.spec.job_template {
                    job.spec.make_job_pod(&mut pod, &format!("{name}-{minute}"), "");
                }
            }
        }
        pod
    }

    /// Gives the first Pod of a `StatefulSet` its ordinal, its host name and its claims.
    ///
    /// Answers to `newStatefulSetPod` in `pkg/controller/statefulset`.
    fn number(&self, pod: &mut PodManifest, template: &PodTemplateSpec) {
        let set = self.stored_name();
        let number = self.spec.ordinals.unwrap_or_default().start;
        pod.metadata.name = format!("{set}-{number}");
        let name = pod.metadata.name.clone();
        label(pod, "statefulset.kubernetes.io/pod-name", &name);
        label(pod, "apps.kubernetes.io/pod-index", &number.to_string());
        label(pod, "controller-revision-hash", &format!("{set}-{}", template_hash(template)));
        pod.spec.other.insert("hostname".into(), name.as_str().into());
        if !self.spec.service_name.is_empty() {
            pod.spec.other.insert("subdomain".into(), self.spec.service_name.as_str().into());
        }
        let claims = self.spec.volume_claim_templates.iter();
        let claims: Vec<&str> = claims.filter_map(|claim| claim.get("metadata")?.get("name")?.as_str()).collect();
        let volumes = &mut pod.spec.volumes;
        volumes.retain(|volume| !claims.contains(&volume.name.as_str()));
        volumes.splice(0..0, claims.iter().map(|claim| claimed(claim, &name)));
    }

    /// Checks the object's own name and namespace, and the rules of this kind that go beyond those of every Pod.
    fn check(&self, spec: &PodManifestSpec) -> Result<(), WorkloadError> {
        let name = || self.metadata.name.clone();
        // Its Pods inherit both, so their errors would name fields that no file has.
        if let Some(error) = wrong_in_metadata(&self.metadata) {
            return Err(WorkloadError::Invalid { kind: self.kind, name: name(), error });
        }
        let error = match self.kind {
            WorkloadKind::PodTemplate => None,
            WorkloadKind::Job => self.spec.wrong_in_job(spec),
            WorkloadKind::CronJob => self.spec.job_template.as_ref().and_then(|job| job.spec.wrong_in_job(spec)),
            // A Deployment is checked as the ReplicaSet that it makes.
            WorkloadKind::Deployment => wrong_in_lasting(spec, "ReplicaSet"),
            WorkloadKind::ReplicationController => wrong_in_lasting(spec, "ReplicationController"),
            WorkloadKind::ReplicaSet => wrong_in_lasting(spec, "ReplicaSet"),
            WorkloadKind::StatefulSet => wrong_in_lasting(spec, "StatefulSet"),
            WorkloadKind::DaemonSet => wrong_in_lasting(spec, "DaemonSet"),
        };
        match error {
            None => Ok(()),
            Some(error) => {
                let field = format!("{}.spec.{}", self.kind.template_field(), error.field);
                Err(WorkloadError::Invalid { kind: self.kind, name: name(), error: FieldError { field, ..error } })
            }
        }
    }
}

impl WorkloadSpec {
    /// Sets name and labels of a Pod of the Job `job`.
    ///
    /// Answers to `generateSelector` in `pkg/registry/batch/job` and to `podGenerateNameWithIndex`.
    fn make_job_pod(&self, pod: &mut PodManifest, job: &str, uid: &str) {
        for key in ["job-name", "batch.kubernetes.io/job-name"] {
            label(pod, key, job);
        }
        for key in ["controller-uid", "batch.kubernetes.io/controller-uid"] {
            if !uid.is_empty() {
                label(pod, key, uid);
            }
        }
        if self.completion_mode != "Indexed" {
            return set_generated_name(pod, format!("{job}-"));
        }
        let (index, first) = ("batch.kubernetes.io/job-completion-index", "0");
        set_generated_name(pod, format!("{job}-{first}-"));
        label(pod, index, first);
        pod.metadata.annotations.insert(index.into(), first.into());
        let hostname = || format!("{job}-{first}").into();
        pod.spec.other.entry("hostname").or_insert_with(hostname);
    }

    /// Answers to `validateJobSpec` in `pkg/apis/batch/validation`.
    fn wrong_in_job(&self, spec: &PodManifestSpec) -> Option<FieldError> {
        let policy = spec.restart_policy.as_ref();
        match policy.map(Named::known) {
            None | Some(Some(RestartPolicy::Always)) => {
                Some(wrong_policy(FieldErrorType::Required, None, r#"valid values: "OnFailure", "Never""#))
            }
            Some(None) => {
                Some(wrong_policy(FieldErrorType::NotSupported, policy, r#"supported values: "OnFailure", "Never""#))
            }
            Some(Some(RestartPolicy::OnFailure)) if self.pod_failure_policy.is_some() => {
                let detail = r#"only "Never" is supported when podFailurePolicy is specified"#;
                Some(wrong_policy(FieldErrorType::Invalid, policy, detail))
            }
            Some(Some(RestartPolicy::OnFailure | RestartPolicy::Never)) => None,
        }
    }
}

/// Returns the error of a long-running Pod that has another restart policy than `Always`, or a deadline.
///
/// Answers to `ValidatePodTemplateSpecForReplicaSet` and its like in `pkg/apis/apps/validation`.
fn wrong_in_lasting(spec: &PodManifestSpec, kind: &str) -> Option<FieldError> {
    let policy = spec.restart_policy.as_ref();
    if policy.is_some_and(|policy| *policy != RestartPolicy::Always) {
        return Some(wrong_policy(FieldErrorType::NotSupported, policy, r#"supported values: "Always""#));
    }
    spec.active_deadline_seconds.map(|_| FieldError {
        field: "activeDeadlineSeconds".into(),
        kind: FieldErrorType::Forbidden,
        bad_value: None,
        detail: format!("activeDeadlineSeconds in {kind} is not Supported"),
    })
}

fn wrong_policy(kind: FieldErrorType, policy: Option<&Named<RestartPolicy>>, detail: &str) -> FieldError {
    let bad_value = policy.map(|policy| policy.as_str().into());
    FieldError { field: "restartPolicy".into(), kind, bad_value, detail: detail.into() }
}

/// Names a Pod as the API server does from a `generateName` prefix.
fn set_generated_name(pod: &mut PodManifest, prefix: String) {
    pod.metadata.name = generated_name(&prefix);
    pod.metadata.generate_name = prefix;
}

fn label(pod: &mut PodManifest, key: &str, value: &str) {
    pod.metadata.labels.insert(key.into(), value.into());
}

/// Returns the volume of a Pod's own claim.
fn claimed(claim: &str, pod: &str) -> Volume {
    let source = serde_json::json!({"claimName": format!("{claim}-{pod}")});
    let other = [("persistentVolumeClaim".into(), source)].into_iter().collect();
    Volume { name: claim.into(), other, ..Volume::default() }
}

/// Longest prefix of a generated name, in bytes.
///
/// Answers to `MaxGeneratedNameLength` in `k8s.io/apiserver/pkg/storage/names`.
const LONGEST_PREFIX: usize = 58;

/// Number of letters after a prefix.
const SUFFIX_LETTERS: usize = 5;

/// Number of letters of a template's hash.
const HASH_LETTERS: usize = 10;

/// Alphabet of generated names: no vowels, so that they form no words, and no look-alikes (`k8s.io/apimachinery/pkg/util/rand`).
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// Returns a name for a `generateName` prefix: the prefix, cut if it is too long, and five letters. A cluster draws
/// them at random; here they depend on the prefix alone.
pub(crate) fn generated_name(prefix: &str) -> String {
    let cut = prefix.char_indices().map(|(start, _)| start).find(|start| *start >= LONGEST_PREFIX);
    let kept = cut.and_then(|cut| prefix.get(..cut)).unwrap_or(prefix);
    format!("{kept}{}", letters(&prefix, SUFFIX_LETTERS))
}

/// Returns the hash of a template, for `pod-template-hash` and names.
fn template_hash(template: &impl fmt::Debug) -> String {
    letters(template, HASH_LETTERS)
}

/// Returns letters that depend on the `Debug` form of a value, as a controller's own hash does.
fn letters(of: &impl fmt::Debug, count: usize) -> String {
    let mut hash = Fnv::START;
    // Writing into a hash cannot fail.
    let _ = fmt::write(&mut hash, format_args!("{of:?}"));
    let mut rest = hash.0;
    let letters = core::iter::repeat_with(|| {
        let place = usize::try_from(rest % 27).unwrap_or_default();
        rest /= 27;
        ALPHABET.get(place).copied().map_or('b', char::from)
    });
    letters.take(count).collect()
}

/// FNV-1a hash.
struct Fnv(u64);

impl Fnv {
    const START: Fnv = Fnv(0xcbf2_9ce4_8422_2325);
    const PRIME: u64 = 0x0100_0000_01b3;
}

impl fmt::Write for Fnv {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = text.bytes().fold(self.0, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(Fnv::PRIME));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_name_is_the_same_each_time_and_another_for_another_prefix() {
        assert_eq!(generated_name("web-"), generated_name("web-"));
        assert_ne!(generated_name("web-"), generated_name("job-"));
        assert!(generated_name("web-").strip_prefix("web-").is_some_and(|suffix| suffix.len() == SUFFIX_LETTERS));
    }

    #[test]
    fn the_hash_is_fnv_1a() {
        let mut hash = Fnv::START;
        fmt::Write::write_str(&mut hash, "foobar").unwrap();
        assert_eq!(hash.0, 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_long_prefix_leaves_room_for_the_suffix() {
        assert_eq!(generated_name(&"a".repeat(300)).len(), 63);
        assert!(generated_name(&"é".repeat(300)).starts_with('é'));
    }
}
