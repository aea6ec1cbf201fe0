//! Lowering of an API object to a spec: names become indexes, strings become enums.

use alloc::{
    borrow::ToOwned,
    boxed::Box,
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde::Deserialize;

use super::{
    ContainerIndex, ContainerKind, ContainerSpec, LifecycleHook, NodeConstraints, PodResources, PodSpec, ProbeSpec,
    Restart, RestartRule,
    node_constraints::{read, read_value},
    resource_sum,
    volume::{image_volumes, lower_volumes},
};
use crate::{
    api::{
        self, ContainerRestartRule, ExitCodeOperator, Handler, ImageReference, Name, Named, Probe,
        ResourceRequirements, RestartPolicy, RestartRuleAction,
    },
    time::seconds,
};

/// Error of an API object that cannot be lowered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// A field has a value that Kubernetes does not know.
    #[error("{field}: unknown value {}, expected one of {expected}", api::Quoted(.value))]
    UnknownName {
        /// Path of the field.
        field: String,
        /// Its value.
        value: String,
        /// Values that Kubernetes knows.
        expected: String,
    },
    /// Two containers have the same name.
    #[error("{field}: duplicate container name {}", api::Quoted(.name))]
    DuplicateName {
        /// Path of the field.
        field: String,
        /// Name of the containers.
        name: String,
    },
    /// A field has a value of another type than Kubernetes expects.
    #[error("{field}: {message}")]
    Unreadable {
        /// Path of the field.
        field: String,
        /// What is wrong with its value.
        message: String,
    },
    /// The API server would refuse the object.
    #[error(transparent)]
    Invalid(#[from] api::Invalid),
    /// There are more than 65,535 containers.
    #[error("spec: more than {} containers", u16::MAX)]
    TooManyContainers,
}

/// Annotation with the source of a Pod. All sources but the API server make a static Pod.
const CONFIG_SOURCE: &str = "kubernetes.io/config.source";

impl PodSpec {
    /// Lowers a manifest as it is applied: sets Kubernetes' defaults and validates it first.
    ///
    /// # Errors
    ///
    /// [`SpecError::Invalid`] lists every problem with its field.
    ///
    /// ```
    /// use pod_lifecycle::{api, spec::PodSpec};
    ///
    /// let manifest: api::PodManifest = serde_json::from_str(r#"{"metadata": {"name": "web"},
    ///     "spec": {"restartPolicy": "Sometimes", "containers": [{"name": "app", "image": "nginx"}]}}"#)?;
    /// let error = PodSpec::from_manifest(manifest).unwrap_err();
    /// assert!(error.to_string().contains("spec.restartPolicy: Unsupported value: \"Sometimes\""));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn from_manifest(pod: api::PodManifest) -> Result<PodSpec, SpecError> {
        let pod = pod.with_defaults();
        api::validate(&pod)?;
        PodSpec::from_admitted(&pod)
    }

    /// Lowers a Pod as the API server sends it to a node: defaults and validation are not repeated.
    ///
    /// # Errors
    ///
    /// [`SpecError`] names the field with the unknown value.
    pub fn from_admitted(pod: &api::PodManifest) -> Result<PodSpec, SpecError> {
        let spec = &pod.spec;
        let pod_policy = known("spec.restartPolicy", spec.restart_policy.as_ref())?.unwrap_or(RestartPolicy::Always);
        let (mut containers, mut names) = (Vec::new(), BTreeSet::new());
        for (list, field, kind) in [
            (&spec.init_containers, "spec.initContainers", ContainerKind::Init),
            (&spec.containers, "spec.containers", ContainerKind::Regular),
            (&spec.ephemeral_containers, "spec.ephemeralContainers", ContainerKind::Ephemeral),
        ] {
            for (place, container) in list.iter().enumerate() {
                let field = format!("{field}[{place}]");
                if !names.insert(container.name.as_str()) {
                    let name = container.name.clone();
                    return Err(SpecError::DuplicateName { field: format!("{field}.name"), name });
                }
                containers.push(lower_container(container, &field, kind, pod_policy, &spec.volumes)?);
            }
        }
        u16::try_from(containers.len()).map_err(|_| SpecError::TooManyContainers)?;
        // The number of all containers fits, so these do as well.
        let regular_from = narrow(spec.init_containers.len());
        let ephemeral_from = regular_from.saturating_add(narrow(spec.containers.len()));
        let source = pod.metadata.annotations.get(CONFIG_SOURCE);
        Ok(PodSpec {
            name: pod.metadata.name.clone(),
            namespace: pod.metadata.namespace.clone(),
            uid: pod.metadata.uid.clone(),
            generation: pod.metadata.generation,
            // The kubelet sorts the statuses of these two lists by name; done once here, not in each status.
            regular_by_name: by_name(&containers, regular_from, ephemeral_from),
            ephemeral_by_name: by_name(&containers, ephemeral_from, narrow(containers.len())),
            policy: pod_policy,
            termination_grace: spec.termination_grace_period_seconds.map(seconds::of_grace),
            active_deadline: spec.active_deadline_seconds.map(seconds::of_field),
            readiness_gates: spec.readiness_gates.iter().map(|gate| gate.condition_type.clone()).collect(),
            scheduling_gated: !spec.scheduling_gates.is_empty(),
            host_network: spec.host_network,
            is_static: source.is_some_and(|source| source != "api"),
            has_sidecars: containers.iter().any(|container| container.kind == ContainerKind::Sidecar),
            all_containers_could_restart: containers
                .iter()
                .flat_map(|container| container.restart.rules())
                .any(|rule| rule.action == RestartRuleAction::RestartAllContainers),
            regular_from,
            ephemeral_from,
            resources: lower_pod_resources(pod, &containers)?,
            node_constraints: NodeConstraints::of(pod)?,
            volumes: lower_volumes(pod)?,
            containers: containers.into_boxed_slice(),
        })
    }
}

impl PodSpec {
    /// True if the ephemeral containers of a known spec stand first, and in its order.
    pub(crate) fn has_order_of(&self, known: &PodSpec) -> bool {
        let names =
            |spec: &PodSpec| spec.ephemeral_containers().map(|(_, it)| it.name().to_owned()).collect::<Vec<_>>();
        names(self).starts_with(&names(known))
    }

    /// Returns the same spec with its ephemeral containers in the order of a known one, and new ones behind them: the API
    /// tells them apart by name, and a client's patch may put a new one first.
    pub(crate) fn in_order_of(mut self, known: &PodSpec) -> PodSpec {
        let from = usize::from(self.ephemeral_from);
        let place = |container: &ContainerSpec| {
            let place = known.ephemeral_containers().position(|(_, known)| known.name() == container.name());
            place.unwrap_or(usize::MAX)
        };
        if let Some(ephemeral) = self.containers.get_mut(from..) {
            // Stable: new containers keep the order of the object.
            ephemeral.sort_by_key(place);
        }
        self.ephemeral_by_name = by_name(&self.containers, self.ephemeral_from, narrow(self.containers.len()));
        self
    }
}

impl api::PodManifest {
    /// Returns the container at `index` as it is in the API object: command, environment, resources and all.
    ///
    /// ```
    /// use pod_lifecycle::{api::PodManifest, spec::PodSpec};
    ///
    /// let manifest: PodManifest = serde_json::from_str(r#"{"spec": {
    ///     "initContainers": [{"name": "setup", "image": "busybox:1.36", "command": ["sh", "-c", "migrate"]}],
    ///     "containers": [{"name": "app", "image": "nginx:1.27"}]
    /// }}"#)?;
    /// let spec = PodSpec::from_admitted(&manifest)?;
    /// let setup = spec.index_of("setup").and_then(|index| manifest.container(index)).ok_or("there is one")?;
    /// assert_eq!(setup.command, ["sh", "-c", "migrate"]);
    /// assert_eq!(manifest.container(2.into()), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn container(&self, index: ContainerIndex) -> Option<&api::Container> {
        let spec = &self.spec;
        spec.init_containers.iter().chain(&spec.containers).chain(&spec.ephemeral_containers).nth(index.get())
    }
}

fn lower_container(
    container: &api::Container,
    field: &str,
    kind: ContainerKind,
    pod_policy: RestartPolicy,
    volumes: &[api::Volume],
) -> Result<ContainerSpec, SpecError> {
    let own_policy = known(&format!("{field}.restartPolicy"), container.restart_policy.as_ref())?;
    // KEP-753: its own policy makes it a sidecar; that of the Pod does not.
    let is_sidecar = kind == ContainerKind::Init && own_policy == Some(RestartPolicy::Always);
    let pull_policy = known(&format!("{field}.imagePullPolicy"), container.image_pull_policy.as_ref())?;
    let rules = container.restart_policy_rules.iter().enumerate();
    let rules = rules.map(|(place, rule)| lower_rule(rule, &format!("{field}.restartPolicyRules[{place}]")));
    let hooks = container.lifecycle.clone().unwrap_or_default();
    let resources: ResourceRequirements = read_value(container.resources.as_ref(), || format!("{field}.resources"))?;
    // An object of another origin than an API server's storage gets the defaults here.
    let resources = Some(resources.with_default_requests()).filter(|resources| !resources.is_empty());
    let policies: Vec<ResizePolicy> =
        read_value(container.other.get("resizePolicy"), || format!("{field}.resizePolicy"))?;
    let restarts_for = |resource: &str| {
        // The kubelet takes the first policy of a resource.
        let policy = policies.iter().find(|policy| policy.resource_name == resource);
        policy.is_some_and(|policy| policy.restart_policy == "RestartContainer")
    };
    Ok(ContainerSpec {
        name: container.name.clone(),
        image: container.image.clone(),
        image_error: ImageReference::parse(&container.image).err(),
        kind: if is_sidecar { ContainerKind::Sidecar } else { kind },
        restart: Restart {
            rules: rules.collect::<Result<_, _>>()?,
            policy: own_policy.unwrap_or(pod_policy),
            is_own: own_policy.is_some(),
        },
        image_pull_policy: pull_policy.unwrap_or_else(|| api::default_pull_policy(&container.image)),
        startup: container.startup_probe.as_ref().map(lower_probe),
        readiness: container.readiness_probe.as_ref().map(lower_probe),
        liveness: container.liveness_probe.as_ref().map(lower_probe),
        post_start: hooks.post_start.map(lower_hook),
        pre_stop: hooks.pre_stop.map(lower_hook),
        stop_signal: hooks.stop_signal.map(Into::into),
        resources: resources.map(Box::new),
        port_names: container
            .ports
            .iter()
            .map(|port| port.name.as_str())
            .filter(|name| !name.is_empty())
            .map(Into::into)
            .collect(),
        image_volumes: image_volumes(container, volumes),
        restarts_for_cpu: restarts_for("cpu"),
        restarts_for_memory: restarts_for("memory"),
    })
}

/// Entry of `resizePolicy`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ResizePolicy {
    resource_name: String,
    restart_policy: String,
}

/// Lowers the resources of the Pod as a whole; `None` if it has none.
fn lower_pod_resources(
    pod: &api::PodManifest,
    containers: &[ContainerSpec],
) -> Result<Option<Box<PodResources>>, SpecError> {
    let other = &pod.spec.other;
    let requirements: ResourceRequirements = read(other, "resources")?;
    let resources = PodResources {
        requirements: with_default_pod_requests(requirements, containers),
        overhead: read(other, "overhead")?,
    };
    let is_any = resources != PodResources::default();
    Ok(is_any.then(|| Box::new(resources)))
}

/// Fills in requests of the Pod as a whole: those of its containers, else its limits.
///
/// Answers to `defaultPodRequests` in `pkg/apis/core/v1/defaults.go`.
fn with_default_pod_requests(
    mut resources: ResourceRequirements,
    containers: &[ContainerSpec],
) -> ResourceRequirements {
    if resources.limits.is_empty() {
        return resources;
    }
    for (name, quantity) in resource_sum::sum_over_containers(containers, |it| &it.resources().requests) {
        // hugepages cannot be overcommitted, so they are not taken from the containers.
        if matches!(name.as_str(), "cpu" | "memory") {
            resources.requests.entry(name).or_insert(quantity);
        }
    }
    for (name, limit) in &resources.limits {
        if resource_sum::is_pod_level(name) {
            resources.requests.entry(name.clone()).or_insert(*limit);
        }
    }
    resources
}

fn lower_rule(rule: &ContainerRestartRule, field: &str) -> Result<RestartRule, SpecError> {
    let action = known(&format!("{field}.action"), rule.action.as_ref())?;
    let exit_codes = match &rule.exit_codes {
        Some(codes) => known(&format!("{field}.exitCodes.operator"), codes.operator.as_ref())?
            .map(|operator: ExitCodeOperator| (operator, codes.values.clone().into_boxed_slice())),
        None => None,
    };
    Ok(RestartRule { action: action.unwrap_or(RestartRuleAction::Restart), exit_codes })
}

fn lower_probe(probe: &Probe) -> ProbeSpec {
    // The API server has set defaults and refused what is less than 1; here an object of another origin gets them.
    let at_least_one = |value: Option<i32>, default: u32| match value.unwrap_or(0) {
        ..=0 => default,
        value => value.unsigned_abs(),
    };
    ProbeSpec {
        initial_delay_seconds: probe.initial_delay_seconds.unwrap_or(0).max(0).unsigned_abs(),
        timeout_seconds: at_least_one(probe.timeout_seconds, 1),
        period_seconds: at_least_one(probe.period_seconds, 10),
        success_threshold: at_least_one(probe.success_threshold, 1),
        failure_threshold: at_least_one(probe.failure_threshold, 3),
        termination_grace: probe.termination_grace_period_seconds.map(seconds::of_grace),
        handler: probe.handler(),
    }
}

fn lower_hook(handler: Handler) -> LifecycleHook {
    match handler.sleep {
        Some(sleep) => LifecycleHook::Sleep(seconds::of_field(sleep.seconds)),
        None => LifecycleHook::Run(Box::new(handler)),
    }
}

pub(super) fn known<T: Name>(field: &str, value: Option<&Named<T>>) -> Result<Option<T>, SpecError> {
    match value {
        None => Ok(None),
        Some(Named::Known(value)) => Ok(Some(*value)),
        // Go writes a field that is not set as an empty string.
        Some(Named::Other(text)) if text.is_empty() => Ok(None),
        Some(Named::Other(text)) => Err(SpecError::UnknownName {
            field: field.to_owned(),
            value: text.clone(),
            expected: T::ALL.iter().map(|value| value.name().to_string()).collect::<Vec<_>>().join(", "),
        }),
    }
}

pub(super) fn by_name(containers: &[ContainerSpec], from: u16, to: u16) -> Box<[ContainerIndex]> {
    let mut order: Vec<ContainerIndex> = (from..to).map(ContainerIndex::nth).collect();
    order.sort_by_key(|index| containers.get(index.get()).map(ContainerSpec::name));
    order.into_boxed_slice()
}

pub(super) fn narrow(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}
