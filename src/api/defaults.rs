//! Defaults that the API server fills in (pkg/apis/core/v1/defaults.go).

use alloc::string::String;

use super::{
    Container, Handler, HttpGetAction, ImagePullPolicy, ImageReference, Name, Named, PodManifest, PodManifestSpec,
    Probe, Protocol, RestartPolicy, TerminationMessagePolicy, UriScheme, Volume,
};

// Values of pkg/apis/core/v1/defaults.go and of the constants of `k8s.io/api/core/v1`.
const TERMINATION_GRACE_PERIOD_SECONDS: i64 = 30;
const TERMINATION_MESSAGE_PATH: &str = "/dev/termination-log";
const PROBE_PERIOD_SECONDS: i32 = 10;
const PROBE_TIMEOUT_SECONDS: i32 = 1;
const PROBE_SUCCESS_THRESHOLD: i32 = 1;
const PROBE_FAILURE_THRESHOLD: i32 = 3;
const TOKEN_EXPIRATION_SECONDS: i64 = 3600;
/// Permission bits of files in a volume: what `0644` is in octal.
const VOLUME_FILE_MODE: i32 = 0o644;

impl PodManifest {
    /// Fills in the default of every unset lifecycle field, as the API server does when it stores a Pod.
    ///
    /// Answers to `SetDefaults_Pod`, `SetDefaults_PodSpec`, `SetDefaults_Container`, `SetDefaults_Probe` and
    /// `SetDefaults_HTTPGetAction`, and to `Convert_v1_Pod_To_core_Pod`, which turns a negative
    /// `terminationGracePeriodSeconds` into 1 and reads `serviceAccount` as `serviceAccountName`. A missing
    /// namespace becomes `default`, as it does with `kubectl`. Fields that are set stay, also
    /// invalid ones: [`validate`](super::validate) reports those. The operation is idempotent.
    ///
    /// <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/>
    ///
    /// ```
    /// use pod_lifecycle::api::{ImagePullPolicy, PodManifest, RestartPolicy};
    ///
    /// let manifest = r#"{"spec": {"containers": [{"name": "app", "image": "nginx"}]}}"#;
    /// let pod: PodManifest = serde_json::from_str::<PodManifest>(manifest)?.with_defaults();
    /// assert_eq!(pod.metadata.namespace, "default");
    /// assert_eq!(pod.spec.restart_policy, Some(RestartPolicy::Always.into()));
    /// assert_eq!(pod.spec.termination_grace_period_seconds, Some(30));
    /// assert_eq!(pod.spec.containers[0].image_pull_policy, Some(ImagePullPolicy::Always.into()));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn with_defaults(mut self) -> PodManifest {
        if self.metadata.namespace.is_empty() {
            self.metadata.namespace = "default".into();
        }
        default_spec(&mut self.spec);
        self
    }
}

fn default_spec(spec: &mut PodManifestSpec) {
    default_name(&mut spec.restart_policy, RestartPolicy::Always);
    let grace = spec.termination_grace_period_seconds.get_or_insert(TERMINATION_GRACE_PERIOD_SECONDS);
    *grace = crate::time::seconds::granted(*grace);
    // `serviceAccount` is the field's deprecated name; if both are set, the new one wins.
    if spec.service_account_name.is_empty() {
        spec.service_account_name.clone_from(&spec.service_account);
    }
    spec.volumes.iter_mut().for_each(default_volume);
    if spec.host_network {
        // Ephemeral containers have no ports.
        spec.containers.iter_mut().chain(&mut spec.init_containers).for_each(default_host_ports);
    }
    let ephemeral = &mut spec.ephemeral_containers;
    spec.init_containers.iter_mut().chain(&mut spec.containers).chain(ephemeral).for_each(default_container);
}

/// Copies container ports to host ports: with `hostNetwork` they are the same.
fn default_host_ports(container: &mut Container) {
    for port in &mut container.ports {
        if port.host_port == 0 {
            port.host_port = port.container_port;
        }
    }
}

fn default_container(container: &mut Container) {
    default_name(&mut container.image_pull_policy, default_pull_policy(&container.image));
    if container.termination_message_path.is_empty() {
        container.termination_message_path = TERMINATION_MESSAGE_PATH.into();
    }
    default_name(&mut container.termination_message_policy, TerminationMessagePolicy::File);
    for port in &mut container.ports {
        default_name(&mut port.protocol, Protocol::Tcp);
    }
    let probes = [&mut container.liveness_probe, &mut container.readiness_probe, &mut container.startup_probe];
    probes.into_iter().flatten().for_each(default_probe);
    if let Some(lifecycle) = &mut container.lifecycle {
        [&mut lifecycle.post_start, &mut lifecycle.pre_stop].into_iter().flatten().for_each(default_hook);
    }
}

/// Returns `Always` for the tag `latest`, written or implied, and `IfNotPresent` otherwise.
///
/// <https://kubernetes.io/docs/concepts/containers/images/#imagepullpolicy-defaulting>
pub(crate) fn default_pull_policy(image: &str) -> ImagePullPolicy {
    match ImageReference::parse(image) {
        Ok(image) if image.effective_tag() == Some("latest") => ImagePullPolicy::Always,
        // Go ignores the error of the parser, too: the kubelet reports `InvalidImageName` later.
        Ok(_) | Err(_) => ImagePullPolicy::IfNotPresent,
    }
}

fn default_probe(probe: &mut Probe) {
    default_number(&mut probe.period_seconds, PROBE_PERIOD_SECONDS);
    default_number(&mut probe.timeout_seconds, PROBE_TIMEOUT_SECONDS);
    default_number(&mut probe.success_threshold, PROBE_SUCCESS_THRESHOLD);
    default_number(&mut probe.failure_threshold, PROBE_FAILURE_THRESHOLD);
    // Go leaves a zero out when it writes the object (`omitempty`).
    probe.initial_delay_seconds = probe.initial_delay_seconds.filter(|delay| *delay != 0);
    probe.http_get.iter_mut().for_each(default_http_get);
    if let Some(grpc) = &mut probe.grpc {
        // A pointer in Go, with the marker `+default=""`.
        grpc.service.get_or_insert_with(String::new);
    }
}

fn default_hook(hook: &mut Handler) {
    hook.http_get.iter_mut().for_each(default_http_get);
}

fn default_http_get(request: &mut HttpGetAction) {
    if request.path.is_empty() {
        request.path = "/".into();
    }
    default_name(&mut request.scheme, UriScheme::Http);
}

fn default_volume(volume: &mut Volume) {
    if let Some(secret) = &mut volume.secret {
        secret.default_mode.get_or_insert(VOLUME_FILE_MODE);
    }
    if let Some(image) = &mut volume.image {
        default_name(&mut image.pull_policy, default_pull_policy(&image.reference));
    }
    let Some(projected) = &mut volume.projected else { return };
    projected.default_mode.get_or_insert(VOLUME_FILE_MODE);
    for source in &mut projected.sources {
        if let Some(token) = &mut source.service_account_token {
            token.expiration_seconds.get_or_insert(TOKEN_EXPIRATION_SECONDS);
        }
        // Only in projected volumes: the types of this crate name no `downwardAPI` volume of its own.
        let files = source.downward_api.iter_mut().flat_map(|fields| &mut fields.items);
        for field in files.filter_map(|file| file.field_ref.as_mut()) {
            if field.api_version.is_empty() {
                field.api_version = "v1".into();
            }
        }
    }
}

/// Sets an unset name; an empty one counts as unset, as a Go string is never unset.
fn default_name<T: Name>(field: &mut Option<Named<T>>, default: T) {
    if field.as_ref().is_none_or(|name| name.as_str().is_empty()) {
        *field = Some(default.into());
    }
}

/// Sets an unset number; zero counts as unset, as a Go `int32` is never unset.
fn default_number(field: &mut Option<i32>, default: i32) {
    if matches!(field, None | Some(0)) {
        *field = Some(default);
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString};

    use crate::api::{Container, ImagePullPolicy, PodManifest, Probe, Protocol, UriScheme};

    fn pod(spec: &str) -> PodManifest {
        serde_json::from_str(&format!(r#"{{"metadata": {{"name": "web"}}, "spec": {spec}}}"#)).unwrap()
    }

    fn container(json: &str) -> Container {
        pod(&format!(r#"{{"containers": [{json}]}}"#)).with_defaults().spec.containers.remove(0)
    }

    fn pull_policy(image: &str) -> ImagePullPolicy {
        container(&format!(r#"{{"image": "{image}"}}"#)).image_pull_policy.unwrap().known().unwrap()
    }

    #[test]
    fn latest_is_always_pulled_and_other_tags_only_if_not_present() {
        assert_eq!(pull_policy("app"), ImagePullPolicy::Always);
        assert_eq!(pull_policy("registry:5000/app"), ImagePullPolicy::Always);
        assert_eq!(pull_policy("app:latest"), ImagePullPolicy::Always);
        assert_eq!(pull_policy("app:1"), ImagePullPolicy::IfNotPresent);
        assert_eq!(pull_policy(&format!("app@sha256:{}", "0".repeat(64))), ImagePullPolicy::IfNotPresent);
    }

    #[test]
    fn an_image_that_is_no_reference_is_pulled_if_not_present() {
        assert_eq!(pull_policy("App"), ImagePullPolicy::IfNotPresent);
        assert_eq!(pull_policy(" app"), ImagePullPolicy::IfNotPresent);
    }

    #[test]
    fn a_zero_in_a_probe_counts_as_unset() {
        let json = r#"{"livenessProbe": {"grpc": {"port": 9}, "initialDelaySeconds": 0, "timeoutSeconds": 0,
            "periodSeconds": null, "failureThreshold": 7}}"#;
        let probe = container(json).liveness_probe.unwrap();
        let numbers = [probe.timeout_seconds, probe.period_seconds, probe.success_threshold, probe.failure_threshold];
        assert_eq!(numbers, [Some(1), Some(10), Some(1), Some(7)]);
        assert_eq!(probe.initial_delay_seconds, None);
        assert_eq!(probe.grpc.unwrap().service.as_deref(), Some(""));
    }

    #[test]
    fn an_http_request_goes_to_the_root_in_the_clear() {
        let json =
            r#"{"startupProbe": {"httpGet": {"port": 80}}, "lifecycle": {"preStop": {"httpGet": {"port": 80}}}}"#;
        let container = container(json);
        let hook = container.lifecycle.unwrap().pre_stop.unwrap().http_get.unwrap();
        let probe = container.startup_probe.unwrap().http_get.unwrap();
        for request in [hook, probe] {
            assert_eq!((request.path.as_str(), request.scheme), ("/", Some(UriScheme::Http.into())));
        }
    }

    #[test]
    fn on_the_nodes_network_a_container_port_is_a_port_of_the_node() {
        let spec = r#"{"hostNetwork": HOST, "containers": [{"ports": [{"containerPort": 80}]}],
            "initContainers": [{"ports": [{"containerPort": 81, "hostPort": 91, "protocol": "UDP"}]}]}"#;
        let on_host = pod(&spec.replace("HOST", "true")).with_defaults().spec;
        assert_eq!(on_host.containers[0].ports[0].host_port, 80);
        assert_eq!(on_host.init_containers[0].ports[0].host_port, 91);
        assert_eq!(on_host.init_containers[0].ports[0].protocol, Some(Protocol::Udp.into()));
        let in_pod = pod(&spec.replace("HOST", "false")).with_defaults().spec;
        assert_eq!(in_pod.containers[0].ports[0].host_port, 0);
    }

    #[test]
    fn a_negative_grace_becomes_one_second_and_zero_stays() {
        for (written, stored) in [(-30, 1), (0, 0), (7, 7)] {
            let pod = pod(&format!(r#"{{"terminationGracePeriodSeconds": {written}}}"#)).with_defaults();
            assert_eq!(pod.spec.termination_grace_period_seconds, Some(stored));
        }
    }

    #[test]
    fn the_older_spelling_of_the_service_account_counts_if_the_newer_is_unset() {
        let older = pod(r#"{"serviceAccount": "builder"}"#).with_defaults();
        assert_eq!(older.spec.service_account_name, "builder");
        let both = pod(r#"{"serviceAccount": "builder", "serviceAccountName": "runner"}"#).with_defaults();
        assert_eq!(both.spec.service_account_name, "runner");
    }

    #[test]
    fn an_empty_word_counts_as_unset_and_an_unknown_one_stays() {
        let pod = pod(r#"{"restartPolicy": "", "containers": [{"imagePullPolicy": "Sometimes"}]}"#).with_defaults();
        assert_eq!(pod.spec.restart_policy.unwrap().to_string(), "Always");
        assert_eq!(pod.spec.containers[0].image_pull_policy.as_ref().unwrap().to_string(), "Sometimes");
    }

    #[test]
    fn defaults_are_filled_in_once() {
        let spec = r#"{"containers": [{"name": "app", "livenessProbe": {"httpGet": {"port": 1}}}], "hostNetwork": true,
            "volumes": [{"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}]}"#;
        let once = pod(spec).with_defaults();
        assert_eq!(once.clone().with_defaults(), once);
        assert_ne!(once.spec.containers[0].liveness_probe, Some(Probe::default()));
    }
}
