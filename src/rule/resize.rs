//! In-place resize: which containers are updated or restarted, in which order the node's limits change, and what a status
//! shows of it (`computePodResizeAction` and `doPodResizeAction` in pkg/kubelet/kuberuntime).
//!
//! <https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/>; KEP-1287, KEP-5419 (resources of
//! the Pod as a whole). Three values of each container are told apart: *desired* in the API, *allocated* by the kubelet,
//! and *actuated*: what the runtime was given last.
//!
//! Asked by: [`pod_actions`](super::pod_actions); `kubelet::allocation_manager`, `kubelet::resize_pod`.

use alloc::{collections::VecDeque, format, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::pod_actions::{Kill, KillReason, PodActions, SyncInputs};
use crate::{
    api::{PodQosClass, Quantity, ResourceList, ResourceRequirements},
    spec::{ContainerIndex, ContainerKind, ContainerSpec, PodSpec},
    state::{
        CPU_PERIOD, Instance, InstanceId, LinuxResources, MIN_SHARES, NO_LIMIT, ResourceStatus, RuntimeStatus,
        milli_of_quota, milli_of_shares, quota_of_milli, shares_of_milli,
    },
};

/// Least CPU limit that a quota can express, in thousandths (`MinMilliCPULimit` in `pkg/kubelet/cm`).
const MIN_CPU_LIMIT: i64 = 10;

/// Resource that can be resized.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Resizable {
    Memory,
    Cpu,
}

impl Resizable {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Resizable::Memory => "memory",
            Resizable::Cpu => "cpu",
        }
    }
}

/// Resources that the kubelet has given to the runtime, by container index: its checkpoint of actuated resources.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Actuated {
    /// Of the Pod as a whole; `None` before its cgroup was made, and without any.
    pub(crate) pod: Option<ResourceRequirements>,
    pub(crate) containers: Vec<Option<ResourceRequirements>>,
}

impl Actuated {
    pub(crate) fn container(&self, container: ContainerIndex) -> Option<&ResourceRequirements> {
        self.containers.get(container.get()).and_then(Option::as_ref)
    }
}

/// Input of the rules of a resize: what is actuated, and what the feature gates allow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResizeInputs<'a> {
    pub(crate) actuated: &'a Actuated,
    /// True if the Pod's own limits stand in for those that a container lacks
    /// (`InPlacePodLevelResourcesVerticalScaling`).
    pub(crate) resizes_pod_level: bool,
    /// True if plain init containers are resized (`InPlacePodVerticalScalingInitContainers`).
    pub(crate) resizes_init_containers: bool,
}

// --- Amounts ---

/// Requests and limits in whole numbers: thousandths of a CPU and bytes; 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Amounts {
    cpu_request: i64,
    cpu_limit: i64,
    memory_request: i64,
    memory_limit: i64,
}

fn milli(list: &ResourceList) -> i64 {
    list.get("cpu").map_or(0, |cpu| cpu.milli_value())
}

fn bytes(list: &ResourceList) -> i64 {
    list.get("memory").map_or(0, |memory| memory.value())
}

impl Amounts {
    fn of(requests: &ResourceList, limits: &ResourceList) -> Amounts {
        Amounts {
            cpu_request: milli(requests),
            cpu_limit: milli(limits),
            memory_request: bytes(requests),
            memory_limit: bytes(limits),
        }
    }

    /// Returns the amounts as requests and limits, as the kubelet notes what it gave to the runtime.
    fn requirements(self) -> ResourceRequirements {
        let list = |cpu, memory| {
            ResourceList::from([("cpu".into(), Quantity::milli(cpu)), ("memory".into(), Quantity::binary(memory))])
        };
        ResourceRequirements::new(list(self.cpu_request, self.memory_request), list(self.cpu_limit, self.memory_limit))
    }
}

/// Returns a container's limits, in place of which the Pod's own stand where there is none.
///
/// Answers to `GetLimits` in `pkg/kubelet/util`.
fn effective_limits(pod: Option<&ResourceRequirements>, container: &ResourceRequirements) -> ResourceList {
    let mut limits = container.limits.clone();
    for name in ["cpu", "memory"] {
        let of_pod = pod.and_then(|pod| pod.limits.get(name)).filter(|limit| !limit.is_zero());
        if let Some(of_pod) = of_pod
            && limits.get(name).is_none_or(|limit| limit.is_zero())
        {
            limits.insert(name.into(), *of_pod);
        }
    }
    limits
}

/// Returns what a container of this spec is given, in the form of the checkpoint of actuated resources.
///
/// Answers to `setActuatedContainerResources`.
pub(crate) fn given_resources(
    spec: &PodSpec,
    container: &ContainerSpec,
    resizes_pod_level: bool,
) -> ResourceRequirements {
    let own = container.resources();
    let limits = effective_limits(Some(spec.resources()).filter(|_| resizes_pod_level), own);
    ResourceRequirements::new(own.requests.clone(), limits)
}

// --- Actions of a sync ---

/// Resize that a sync carries out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ResizeActions {
    /// Containers whose memory changes, those that get less first.
    memory: Vec<ContainerUpdate>,
    /// Containers whose CPU changes, those that get less first.
    cpu: Vec<ContainerUpdate>,
    /// True if a container restarts for its new resources.
    restarts: bool,
    /// True if the resources of the Pod as a whole change.
    pod_level: bool,
}

/// Running container that gets other resources without a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContainerUpdate {
    container: ContainerIndex,
    instance: InstanceId,
    current: Amounts,
    desired: Amounts,
}

impl ResizeActions {
    /// True if nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.memory.is_empty() && self.cpu.is_empty() && !self.restarts && !self.pod_level
    }

    /// Returns the containers that get other resources without a restart.
    pub fn updated(&self) -> impl Iterator<Item = ContainerIndex> {
        self.memory.iter().chain(&self.cpu).map(|update| update.container)
    }

    fn list(&mut self, resource: Resizable) -> &mut Vec<ContainerUpdate> {
        match resource {
            Resizable::Memory => &mut self.memory,
            Resizable::Cpu => &mut self.cpu,
        }
    }

    fn add(&mut self, resource: Resizable, update: ContainerUpdate, (desired, current): (i64, i64)) {
        let list = self.list(resource);
        // Decreases are applied before increases.
        let place = if desired < current { 0 } else { list.len() };
        list.insert(place, update);
    }
}

/// Adds the resize of one running container to `actions`; false if the container restarts for it.
///
/// Answers to `computePodResizeAction`.
pub(super) fn compute_pod_resize_action(
    inputs: &SyncInputs<'_>,
    index: ContainerIndex,
    container: &ContainerSpec,
    running: &Instance,
    actions: &mut PodActions,
) -> bool {
    let Some(resize) = inputs.resize else { return true };
    if !running.is_running() {
        return true;
    }
    let pod = |pod| resize.resizes_pod_level.then_some(pod).flatten();
    let desired = container.resources();
    let limits = effective_limits(pod(Some(inputs.spec.resources())), desired);
    let desired = Amounts::of(&desired.requests, &limits);
    // Without a record nothing counts as given: an update too many does no harm.
    let current = resize.actuated.container(index).map_or_else(Amounts::default, |given| {
        Amounts::of(&given.requests, &effective_limits(pod(resize.actuated.pod.as_ref()), given))
    });
    let changes_memory =
        (desired.memory_limit, desired.memory_request) != (current.memory_limit, current.memory_request);
    let changes_cpu = (desired.cpu_limit, desired.cpu_request) != (current.cpu_limit, current.cpu_request);
    if changes_memory && container.restarts_for_memory() || changes_cpu && container.restarts_for_cpu() {
        let reason = KillReason::Resize;
        actions.kill.push(Kill { container: index, instance: running.id, reason, will_restart: true });
        match container.kind() {
            ContainerKind::Init | ContainerKind::Sidecar => actions.start_init.push(index),
            ContainerKind::Regular | ContainerKind::Ephemeral => actions.start.push(index),
        }
        actions.resize.restarts = true;
        return false;
    }
    let update = ContainerUpdate { container: index, instance: running.id, current, desired };
    // The limit decides the order, and the request only where the limit stays.
    if desired.memory_limit != current.memory_limit {
        actions.resize.add(Resizable::Memory, update, (desired.memory_limit, current.memory_limit));
    } else if changes_memory {
        actions.resize.add(Resizable::Memory, update, (desired.memory_request, current.memory_request));
    }
    if desired.cpu_limit != current.cpu_limit {
        actions.resize.add(Resizable::Cpu, update, (desired.cpu_limit, current.cpu_limit));
    } else if changes_cpu {
        actions.resize.add(Resizable::Cpu, update, (desired.cpu_request, current.cpu_request));
    }
    true
}

/// Adds a change of the resources of the Pod as a whole to `actions`.
///
/// Answers to `computePodLevelResourcesResizeAction`.
pub(super) fn compute_pod_level_resize_action(inputs: &SyncInputs<'_>, actions: &mut PodActions) {
    let Some(resize) = inputs.resize.filter(|resize| resize.resizes_pod_level) else { return };
    let amounts = |it: &ResourceRequirements| Amounts::of(&it.requests, &it.limits);
    let current = resize.actuated.pod.as_ref().map_or_else(Amounts::default, amounts);
    actions.resize.pod_level = current != amounts(inputs.spec.resources());
}

/// True if the allocated resources of a running container, or of the Pod as a whole, are not all actuated.
///
/// Answers to `IsPodResizeInProgress`.
pub(crate) fn is_in_progress(spec: &PodSpec, runtime: &RuntimeStatus, inputs: ResizeInputs<'_>) -> bool {
    let differs = |container: &ContainerSpec, index| {
        // Plain init containers are left out here, even where they are resized.
        let is_counted = matches!(container.kind(), ContainerKind::Sidecar | ContainerKind::Regular);
        let is_running = runtime.newest(index).is_some_and(Instance::is_running);
        let given = inputs.actuated.container(index).cloned().unwrap_or_default();
        is_counted
            && is_running
            && !is_same_cpu_and_memory(&given_resources(spec, container, inputs.resizes_pod_level), &given)
    };
    spec.containers().any(|(index, container)| differs(container, index)) || {
        let actuated = inputs.actuated.pod.as_ref().filter(|_| inputs.resizes_pod_level);
        let allocated = spec.resources();
        !allocated.is_empty() && actuated.is_some_and(|actuated| !is_same_cpu_and_memory(allocated, actuated))
    }
}

fn is_same_cpu_and_memory(one: &ResourceRequirements, other: &ResourceRequirements) -> bool {
    let amount = |list: &ResourceList, name: &str| list.get(name).copied().unwrap_or_default();
    let is_same = |one: &ResourceList, other: &ResourceList| {
        ["cpu", "memory"].iter().all(|name| amount(one, name) == amount(other, name))
    };
    is_same(&one.requests, &other.requests) && is_same(&one.limits, &other.limits)
}

/// True if an update of the object changes resources that can be resized.
///
/// Answers to `recordResizeOperations` in `pkg/kubelet/kubelet.go`.
pub(crate) fn is_resize(old: &PodSpec, new: &PodSpec, inputs: ResizeInputs<'_>) -> bool {
    let pairs = old.containers().zip(new.containers());
    let mut resizable = pairs.filter(|((_, old), _)| is_resizable(old.kind(), inputs.resizes_init_containers));
    resizable.any(|((_, old), (_, new))| !is_same_cpu_and_memory(old.resources(), new.resources()))
        || !is_same_cpu_and_memory(old.resources(), new.resources())
}

/// True if containers of this kind are resized.
///
/// Answers to `IsResizableContainer` in `pkg/kubelet/allocation`.
pub(crate) fn is_resizable(kind: ContainerKind, resizes_init_containers: bool) -> bool {
    match kind {
        ContainerKind::Init => resizes_init_containers,
        ContainerKind::Sidecar | ContainerKind::Regular => true,
        ContainerKind::Ephemeral => false,
    }
}

/// Returns the desired spec with the allocated resources in place of its own; `None` if they are equal.
///
/// Answers to `updatePodFromAllocation`.
pub(crate) fn with_allocation(desired: &PodSpec, allocated: &PodSpec, inputs: ResizeInputs<'_>) -> Option<PodSpec> {
    let is_resizable = |kind| is_resizable(kind, inputs.resizes_init_containers);
    let pairs = || desired.containers().zip(allocated.containers());
    let mut resizable = pairs().filter(|((_, desired), _)| is_resizable(desired.kind()));
    let differs = resizable.any(|((_, desired), (_, allocated))| desired.resources() != allocated.resources());
    let pod_differs = inputs.resizes_pod_level && desired.resources() != allocated.resources();
    (differs || pod_differs).then(|| desired.with_resources_of(allocated, pod_differs, is_resizable))
}

/// Returns why a resize can never be carried out on its node; `None` if it may be.
///
/// Answers to `podResizesAdmitHandler.Admit` in `pkg/kubelet/allocation`.
pub(crate) fn infeasibility(
    desired: &PodSpec,
    allocated: &PodSpec,
    resizes_init_containers: bool,
    (has_static_cpus, has_static_memory): (bool, bool),
) -> Option<&'static str> {
    if desired.qos_class() != PodQosClass::Guaranteed {
        return None;
    }
    // Requests of a Guaranteed Pod equal its limits, so they are enough.
    let changes = |name: &str| {
        let pairs = desired.containers().zip(allocated.containers());
        let mut resizable = pairs.filter(|((_, it), _)| is_resizable(it.kind(), resizes_init_containers));
        let amount = |container: &ContainerSpec| container.resources().requests.get(name).copied().unwrap_or_default();
        resizable.any(|((_, desired), (_, allocated))| amount(desired) != amount(allocated))
    };
    if has_static_cpus && changes("cpu") {
        return Some("Resize is infeasible for Guaranteed Pods alongside CPU Manager policy \"static\"");
    }
    if has_static_memory && changes("memory") {
        return Some("Resize is infeasible for Guaranteed Pods alongside Memory Manager policy \"Static\"");
    }
    None
}

/// Returns the message of a resize to more than the whole node has, which can never be carried out; until Kubernetes 1.35.
///
/// Answers to `canResizePod` in `pkg/kubelet/allocation` of these versions.
pub(crate) fn exceeds_node(desired: &PodSpec, allocatable: &ResourceList) -> Option<String> {
    let requests = desired.requests();
    let amounts = [("memory", bytes(&requests), bytes(allocatable)), ("cpu", milli(&requests), milli(allocatable))];
    let (name, requested, capacity) = amounts.into_iter().find(|(_, requested, capacity)| requested > capacity)?;
    Some(format!("Node didn't have enough capacity: {name}, requested: {requested}, capacity: {capacity}"))
}

// --- The Pod's cgroup, and the steps of a resize ---

/// Limits of a Pod's cgroup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PodCgroup {
    shares: i64,
    /// -1 for none.
    quota: i64,
    /// -1 for none.
    memory: i64,
}

/// What a Pod's spec asks of its cgroup; `None` leaves a limit as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct CgroupConfig {
    shares: i64,
    quota: Option<i64>,
    memory: Option<i64>,
}

impl CgroupConfig {
    /// Answers to `ResourceConfigForPod` in `pkg/kubelet/cm`.
    fn of(spec: &PodSpec) -> CgroupConfig {
        let (requests, limits) = (spec.requests(), spec.limits());
        let (shares, quota) = (shares_of_milli(milli(&requests)), quota_of_milli(milli(&limits)));
        let memory = bytes(&limits);
        match spec.qos_class() {
            PodQosClass::Guaranteed => CgroupConfig { shares, quota: Some(quota), memory: Some(memory) },
            // A Burstable Pod has a limit only if each container has one, or the Pod as a whole.
            PodQosClass::Burstable => CgroupConfig {
                shares,
                quota: has_limits(spec, "cpu").then_some(quota),
                memory: has_limits(spec, "memory").then_some(memory),
            },
            PodQosClass::BestEffort => CgroupConfig { shares: MIN_SHARES, quota: None, memory: None },
        }
    }
}

/// True if every container has a limit of a resource; a plain init container also has those of the sidecars before it.
fn has_limits(spec: &PodSpec, resource: &str) -> bool {
    let is_set = |list: &ResourceList| list.get(resource).is_some_and(|limit| !limit.is_zero());
    if is_set(&spec.resources().limits) {
        return true;
    }
    let mut sidecars_have_one = false;
    spec.containers().all(|(_, container)| {
        let has_one = is_set(&container.resources().limits);
        match container.kind() {
            ContainerKind::Regular => has_one,
            ContainerKind::Sidecar => {
                sidecars_have_one |= has_one;
                sidecars_have_one
            }
            ContainerKind::Init => has_one || sidecars_have_one,
            ContainerKind::Ephemeral => true,
        }
    })
}

impl PodCgroup {
    /// Creates the cgroup of a Pod.
    pub(crate) fn of(spec: &PodSpec) -> PodCgroup {
        let CgroupConfig { shares, quota, memory } = CgroupConfig::of(spec);
        PodCgroup { shares, quota: quota.unwrap_or(NO_LIMIT), memory: memory.unwrap_or(NO_LIMIT) }
    }

    /// Applies what was written; 0 is left as it is.
    pub(crate) fn apply(&mut self, written: LinuxResources) {
        for (value, written) in [
            (&mut self.shares, written.cpu_shares),
            (&mut self.quota, written.cpu_quota),
            (&mut self.memory, written.memory_limit),
        ] {
            if written != 0 {
                *value = written;
            }
        }
    }

    /// Returns the limits in the units of the runtime, without the overhead of the sandbox.
    ///
    /// Answers to `generateUpdatePodSandboxResourcesRequest`.
    fn of_sandbox(self, overhead: &ResourceList) -> LinuxResources {
        let mut resources = LinuxResources {
            cpu_shares: self.shares,
            cpu_quota: self.quota,
            cpu_period_micros: CPU_PERIOD,
            memory_limit: self.memory,
        };
        if let Some(cpu) = overhead.get("cpu") {
            let left = milli_of_shares(self.shares).saturating_sub(cpu.milli_value());
            resources.cpu_quota = self.quota.saturating_sub(quota_of_milli(cpu.milli_value()));
            resources.cpu_shares = shares_of_milli(left);
        }
        if let Some(memory) = overhead.get("memory") {
            resources.memory_limit = self.memory.saturating_sub(memory.value());
        }
        resources
    }
}

/// Step of a resize.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum ResizeStep {
    /// Notify the runtime of the sandbox's new resources; `None`: that the old ones stand again.
    Sandbox(Option<Resizable>, LinuxResources),
    /// Write the Pod's cgroup; the runtime is given the second resources back if that fails.
    Cgroup(LinuxResources, LinuxResources),
    /// Give a container its resources.
    Container(ContainerIndex, InstanceId, LinuxResources, ResourceRequirements),
    /// Note that this resource of the Pod as a whole is actuated.
    PodLevel(Resizable),
}

/// Returns the steps of a resize, in their order: what grows is raised from the outside in, what shrinks is lowered from
/// the inside out.
///
/// Answers to `doPodResizeAction`.
pub(crate) fn steps(
    spec: &PodSpec,
    actions: &ResizeActions,
    cgroup: PodCgroup,
    resizes_pod_level: bool,
) -> VecDeque<ResizeStep> {
    let mut plan = Plan { spec, cgroup, steps: VecDeque::new() };
    let ResizeActions { memory, cpu, restarts, pod_level } = actions;
    let is_due = |updates: &[ContainerUpdate]| !updates.is_empty() || *restarts || *pod_level;
    let config = CgroupConfig::of(spec);
    // Memory and CPU are resized one after the other, since their orders may differ.
    if is_due(memory) {
        let limit = config.memory.unwrap_or(cgroup.memory);
        let write = LinuxResources { memory_limit: limit, ..LinuxResources::default() };
        plan.grow(limit > cgroup.memory, Resizable::Memory, write);
        plan.containers(Resizable::Memory, memory, resizes_pod_level);
        plan.grow(limit < cgroup.memory, Resizable::Memory, write);
        plan.pod_level(*pod_level, Resizable::Memory);
    }
    if is_due(cpu) {
        let limit = config.quota.unwrap_or(cgroup.quota);
        let quota = LinuxResources { cpu_quota: limit, cpu_period_micros: CPU_PERIOD, ..LinuxResources::default() };
        let shares = LinuxResources { cpu_shares: config.shares, ..LinuxResources::default() };
        // A limit is never below the request, on the way up and on the way down.
        plan.grow(limit > cgroup.quota, Resizable::Cpu, quota);
        plan.grow(config.shares > cgroup.shares, Resizable::Cpu, shares);
        plan.containers(Resizable::Cpu, cpu, resizes_pod_level);
        plan.grow(config.shares < cgroup.shares, Resizable::Cpu, shares);
        plan.grow(limit < cgroup.quota, Resizable::Cpu, quota);
        plan.pod_level(*pod_level, Resizable::Cpu);
    }
    plan.steps
}

struct Plan<'a> {
    spec: &'a PodSpec,
    /// The cgroup after the steps so far.
    cgroup: PodCgroup,
    steps: VecDeque<ResizeStep>,
}

impl Plan<'_> {
    /// Adds a change of the Pod's cgroup, of which the runtime is notified first.
    fn grow(&mut self, is_due: bool, resource: Resizable, write: LinuxResources) {
        if !is_due {
            return;
        }
        let before = self.cgroup.of_sandbox(self.spec.overhead());
        self.cgroup.apply(write);
        let after = self.cgroup.of_sandbox(self.spec.overhead());
        self.steps.push_back(ResizeStep::Sandbox(Some(resource), after));
        self.steps.push_back(ResizeStep::Cgroup(write, before));
    }

    fn containers(&mut self, resource: Resizable, updates: &[ContainerUpdate], resizes_pod_level: bool) {
        for ContainerUpdate { container, instance, current, desired } in updates {
            let amounts = match resource {
                // What was configured last of the other resource stays.
                Resizable::Memory => {
                    Amounts { cpu_request: current.cpu_request, cpu_limit: current.cpu_limit, ..*desired }
                }
                // Memory came before, so it is as desired already.
                Resizable::Cpu => *desired,
            };
            let requirements = amounts.requirements();
            let pod = Some(self.spec.resources()).filter(|_| resizes_pod_level);
            let limits = effective_limits(pod, &requirements);
            let given = LinuxResources::of_container(&requirements.requests, &limits);
            let actuated = ResourceRequirements::new(requirements.requests, limits);
            self.steps.push_back(ResizeStep::Container(*container, *instance, given, actuated));
        }
    }

    fn pod_level(&mut self, is_due: bool, resource: Resizable) {
        if is_due {
            self.steps.push_back(ResizeStep::PodLevel(resource));
        }
    }
}

/// Notes that a resource of the Pod as a whole is actuated.
///
/// Answers to `updateActuatedPodLevelResources`.
pub(crate) fn actuate_pod_level(actuated: &mut Option<ResourceRequirements>, spec: &PodSpec, resource: Resizable) {
    let allocated = spec.resources();
    if allocated.is_empty() {
        return;
    }
    let actuated = actuated.get_or_insert_default();
    let name = resource.name();
    for (list, of) in [(&mut actuated.requests, &allocated.requests), (&mut actuated.limits, &allocated.limits)] {
        if !of.is_empty() {
            list.insert(name.into(), of.get(name).copied().unwrap_or_default());
        }
    }
}

// --- Memory limits that shrink ---

/// New memory limits that are below the current ones, or are added to a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ShrinkingLimits {
    pod: Option<i64>,
    containers: Vec<(ContainerIndex, i64)>,
}

impl ShrinkingLimits {
    /// Finds the memory limits that a resize lowers.
    ///
    /// Answers to the beginning of `validateMemoryResizeAction`.
    pub(crate) fn of(spec: &PodSpec, actions: &ResizeActions, cgroup: PodCgroup) -> ShrinkingLimits {
        // A change of the Pod's own limit alone is not checked.
        if actions.memory.is_empty() && !actions.restarts {
            return ShrinkingLimits::default();
        }
        let shrinks = |update: &&ContainerUpdate| {
            let (new, old) = (update.desired.memory_limit, update.current.memory_limit);
            new != 0 && (old == 0 || new < old)
        };
        let limits = actions.memory.iter().filter(shrinks);
        ShrinkingLimits {
            pod: CgroupConfig::of(spec).memory.filter(|limit| *limit < cgroup.memory),
            containers: limits.map(|update| (update.container, update.desired.memory_limit)).collect(),
        }
    }

    /// True if no limit shrinks.
    pub(crate) fn is_empty(&self) -> bool {
        self.pod.is_none() && self.containers.is_empty()
    }

    /// Compares the limits with the memory in use; the error is the kubelet's.
    ///
    /// Answers to `validateMemoryResizeAction`.
    pub(crate) fn check(&self, spec: &PodSpec, usage: &MemoryUsage) -> Result<(), String> {
        let is_too_low = |limit: i64, used: u64| u64::try_from(limit).is_ok_and(|limit| used >= limit);
        let mut errors = Vec::new();
        if let Some(limit) = self.pod {
            match usage.pod {
                None => errors.push("missing pod memory usage".into()),
                Some(used) if is_too_low(limit, used) => {
                    errors.push(format!("attempting to set pod memory limit ({limit}) below current usage ({used})"));
                }
                Some(_) => {}
            }
        }
        for (container, used) in &usage.containers {
            let limit = self.containers.iter().find(|(known, _)| known == container).map(|(_, limit)| *limit);
            let Some(limit) = limit else { continue };
            let name = spec.container_name(*container);
            match used {
                None => errors.push(format!("missing container {name:?} memory usage")),
                Some(used) if is_too_low(limit, *used) => {
                    // The kubelet names the Pod's usage here, not the container's.
                    let used = usage.pod.unwrap_or(*used);
                    errors.push(format!(
                        "attempting to set container {name:?} memory limit ({limit}) below current usage ({used})"
                    ));
                }
                Some(_) => {}
            }
        }
        // NewAggregate names each error once, and several of them in brackets.
        let mut distinct: Vec<String> = Vec::new();
        errors.into_iter().for_each(|error| {
            if !distinct.contains(&error) {
                distinct.push(error);
            }
        });
        match distinct.as_slice() {
            [] => Ok(()),
            [only] => Err(format!("cannot decrease memory limits: {only}")),
            several => Err(format!("cannot decrease memory limits: [{}]", several.join(", "))),
        }
    }
}

/// Memory that a Pod and its containers use, in bytes; `None` where it is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemoryUsage {
    /// Usage of the whole Pod.
    pub pod: Option<u64>,
    /// Usage of its containers.
    pub containers: Vec<(ContainerIndex, Option<u64>)>,
}

// --- Errors of the runtime ---

/// True if the runtime does not know `UpdatePodSandboxResources`, which is no reason to refuse a resize.
///
/// Answers to `updatePodSandboxResources` in `pkg/kubelet/kuberuntime`.
pub(crate) fn is_unimplemented(error: &str) -> bool {
    let code = error.strip_prefix("rpc error: code = ").and_then(|rest| rest.split_once(" desc = "));
    match code {
        Some((code, message)) => code == "Unimplemented" || code == "Unknown" && message.contains("not implemented"),
        // An error without a code has the code Unknown.
        None => error.contains("not implemented"),
    }
}

// --- Status ---

/// Resources of a running container, as the kubelet has read them from its runtime; `None` where it reports none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReportedResources {
    cpu_request: Option<Quantity>,
    cpu_limit: Option<Quantity>,
    memory_request: Option<Quantity>,
    memory_limit: Option<Quantity>,
}

impl ReportedResources {
    /// Creates the report on a container that was given `given`; `None` if the runtime reports nothing. The checkpoint of
    /// actuated resources fills in what is missing.
    ///
    /// Answers to `toKubeContainerStatus` and `toKubeContainerResources` in `pkg/kubelet/kuberuntime`.
    pub(crate) fn new(given: Option<LinuxResources>, actuated: Option<&ResourceRequirements>) -> ReportedResources {
        let quantity = |value: i64, quantity: Quantity| (value > 0).then_some(quantity);
        let reported = given.map(|given| {
            let cpu_limit = milli_of_quota(given.cpu_quota, given.cpu_period_micros);
            let cpu_request = milli_of_shares(given.cpu_shares);
            ReportedResources {
                cpu_request: quantity(cpu_request, Quantity::milli(cpu_request)),
                cpu_limit: quantity(cpu_limit, Quantity::milli(cpu_limit)),
                memory_request: None,
                memory_limit: quantity(given.memory_limit, Quantity::binary(given.memory_limit)),
            }
        });
        let Some(actuated) = actuated else { return reported.unwrap_or_default() };
        match reported.filter(|reported| *reported != ReportedResources::default()) {
            Some(reported) => {
                // No runtime reports a request of memory: no cgroup has it.
                let memory_request = actuated.requests.get("memory").copied().filter(|request| !request.is_zero());
                ReportedResources { memory_request, ..reported }
            }
            None => {
                // Here even what is absent is reported, as 0.
                let amount = |list: &ResourceList, name| Some(list.get(name).copied().unwrap_or_default());
                ReportedResources {
                    cpu_request: amount(&actuated.requests, "cpu"),
                    cpu_limit: amount(&actuated.limits, "cpu"),
                    memory_request: amount(&actuated.requests, "memory"),
                    memory_limit: amount(&actuated.limits, "memory"),
                }
            }
        }
    }
}

/// Returns `resources` of a running container's status.
///
/// `before`: those of the status before, if the same instance ran then. Answers to `convertContainerStatusResources`.
pub(crate) fn resources_of_running(
    allocated: &ResourceRequirements,
    reported: &ReportedResources,
    before: Option<&ResourceRequirements>,
) -> ResourceRequirements {
    let mut resources = allocated.clone();
    let fill = |list: &mut ResourceList, name: &str, value: Option<Quantity>, before: Option<&ResourceList>| {
        // What is not reported stays as it was shown.
        if let Some(value) = value.or_else(|| before?.get(name).copied()) {
            list.insert(name.into(), value);
        }
    };
    // Values at or below the least that a cgroup can express stay as they were allocated.
    let unless_tiny = |reported: Option<Quantity>, list: &ResourceList, least: i64| match reported {
        Some(reported) if reported.milli_value() <= least && milli(list) <= least => Err(()),
        reported => Ok(reported),
    };
    if !resources.limits.is_empty() {
        let before = before.map(|before| &before.limits);
        if let Ok(cpu) = unless_tiny(reported.cpu_limit, &resources.limits, MIN_CPU_LIMIT) {
            fill(&mut resources.limits, "cpu", cpu, before);
        }
        fill(&mut resources.limits, "memory", reported.memory_limit, before);
    }
    if !resources.requests.is_empty() {
        let before = before.map(|before| &before.requests);
        if let Ok(cpu) = unless_tiny(reported.cpu_request, &resources.requests, MIN_SHARES) {
            fill(&mut resources.requests, "cpu", cpu, before);
        }
        fill(&mut resources.requests, "memory", reported.memory_request, before);
    }
    resources
}

/// True if a Pod asks for less CPU or memory by its new status than by the one before: of each container counts the most
/// that is allocated or in force.
///
/// Answers to the comparison in `HandlePodReconcile`, with `PodRequests` and `UseStatusResources`.
pub(crate) fn requests_shrink(allocated: &PodSpec, before: &ResourceStatus, after: &ResourceStatus) -> bool {
    let by = |status: &ResourceStatus| {
        let requests = requests_by_status(allocated, status).requests();
        (milli(&requests), bytes(&requests))
    };
    let (before, after) = (by(before), by(after));
    after.0 < before.0 || after.1 < before.1
}

/// Returns the spec with the requests that count by a status.
fn requests_by_status(allocated: &PodSpec, status: &ResourceStatus) -> PodSpec {
    let mut spec = allocated.clone();
    let raise = |requests: &mut ResourceList, to: &ResourceList| {
        for (name, amount) in to {
            let most = requests.get(name).map_or(*amount, |known| *amount.max(known));
            requests.insert(name.clone(), most);
        }
    };
    for (index, container) in (0..).map(ContainerIndex::from).zip(&mut spec.containers) {
        // Of init containers the status counts for sidecars alone.
        let counts = matches!(container.kind(), ContainerKind::Regular | ContainerKind::Sidecar);
        if let (Some(shown), Some(own)) = (status.container(index).filter(|_| counts), &mut container.resources) {
            raise(&mut own.requests, &shown.resources.requests);
            raise(&mut own.requests, &shown.allocated);
        }
    }
    if let (Some(shown), Some(own)) = (&status.resources, &mut spec.resources) {
        let mut of_pod = shown.requests.clone();
        raise(&mut of_pod, &status.allocated);
        of_pod.retain(|name, _| own.requirements.requests.contains_key(name));
        raise(&mut own.requirements.requests, &of_pod);
    }
    spec
}

/// Returns `resources` of a Pod's status while the API does not show it as Running: requests and limits as allocated.
///
/// Answers to `getEffectiveAllocatedResources` in `pkg/kubelet/kubelet_pods.go`.
pub(crate) fn effective_resources(spec: &PodSpec) -> ResourceRequirements {
    ResourceRequirements::new(spec.requests(), spec.limits())
}

/// Returns `resources` of a running Pod's status, read from its cgroup.
///
/// `before`: those of the status before, if it was Running. Answers to `convertToAPIPodLevelResourcesStatus`.
pub(crate) fn resources_of_cgroup(
    spec: &PodSpec,
    cgroup: PodCgroup,
    before: Option<&ResourceRequirements>,
) -> ResourceRequirements {
    let mut resources = spec.resources().clone();
    let keep = |list: &mut ResourceList, name: &str, before: Option<&ResourceList>| {
        if let Some(value) = before.and_then(|before| before.get(name)) {
            list.insert(name.into(), *value);
        }
    };
    let (requests, limits) = (before.map(|before| &before.requests), before.map(|before| &before.limits));
    let request = milli_of_shares(cgroup.shares);
    if request == 0 {
        keep(&mut resources.requests, "cpu", requests);
    } else if request > MIN_SHARES || milli(&resources.requests) > MIN_SHARES {
        resources.requests.insert("cpu".into(), Quantity::milli(request));
    }
    if !resources.requests.contains_key("memory")
        && let Some(memory) = spec.requests().get("memory")
    {
        resources.requests.insert("memory".into(), *memory);
    }
    // No cgroup has a request of memory: it stays as it was shown, whatever is resized.
    keep(&mut resources.requests, "memory", requests);
    let limit = milli_of_quota(cgroup.quota, CPU_PERIOD);
    if limit <= 0 {
        keep(&mut resources.limits, "cpu", limits);
    } else if limit > MIN_CPU_LIMIT || milli(&resources.limits) > MIN_CPU_LIMIT {
        resources.limits.insert("cpu".into(), Quantity::milli(limit));
    }
    if cgroup.memory > 0 {
        resources.limits.insert("memory".into(), Quantity::binary(cgroup.memory));
    } else {
        keep(&mut resources.limits, "memory", limits);
    }
    resources
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        api::PodManifest,
        rule::pod_actions::compute_pod_actions,
        state::{InstanceState, Sandbox, SandboxId},
    };

    const APP: ContainerIndex = ContainerIndex::FIRST;

    fn spec(spec: Value) -> PodSpec {
        PodSpec::from_admitted(&serde_json::from_value::<PodManifest>(json!({"spec": spec})).unwrap()).unwrap()
    }

    /// Returns a Pod of one container with these requests and limits.
    fn one(requests: (&str, &str), limits: (&str, &str)) -> PodSpec {
        let list = |(cpu, memory): (&str, &str)| json!({"cpu": cpu, "memory": memory});
        let resources = json!({"requests": list(requests), "limits": list(limits)});
        spec(json!({"containers": [{"name": "app", "image": "nginx", "resources": resources}]}))
    }

    fn running(count: u16) -> RuntimeStatus {
        let instance = |container: u16| Instance {
            id: InstanceId::nth(0),
            container: Some(container.into()),
            sandbox: SandboxId(0),
            restart_count: 0,
            spec_changed: false,
            state: InstanceState::Running { started_at: None },
        };
        let sandbox =
            Sandbox { id: SandboxId(0), attempt: 0, is_ready: true, uses_host_network: false, has_ip: Some(true) };
        RuntimeStatus { sandboxes: Vec::from([sandbox]), instances: (0..count).map(instance).collect() }
    }

    fn actuated(spec: &PodSpec) -> Actuated {
        let containers = spec.containers().map(|(_, container)| Some(given_resources(spec, container, true)));
        Actuated { pod: Some(spec.resources().clone()), containers: containers.collect() }
    }

    fn inputs(actuated: &Actuated) -> ResizeInputs<'_> {
        ResizeInputs { actuated, resizes_pod_level: true, resizes_init_containers: true }
    }

    /// Returns the actions that turn one spec into another, while all containers run.
    fn actions(before: &PodSpec, after: &PodSpec) -> PodActions {
        let (runtime, actuated) = (running(u16::try_from(after.container_count()).unwrap()), actuated(before));
        compute_pod_actions(&SyncInputs { resize: Some(inputs(&actuated)), ..SyncInputs::new(after, &runtime) })
    }

    fn steps_of(before: &PodSpec, after: &PodSpec) -> Vec<&'static str> {
        let steps = steps(after, &actions(before, after).resize, PodCgroup::of(before), true);
        let name = |step: &ResizeStep| match step {
            ResizeStep::Sandbox(Some(Resizable::Cpu), _) => "sandbox cpu",
            ResizeStep::Sandbox(..) => "sandbox memory",
            ResizeStep::Cgroup(LinuxResources { cpu_shares: 1.., .. }, _) => "shares",
            ResizeStep::Cgroup(LinuxResources { cpu_quota: 1.., .. }, _) => "quota",
            ResizeStep::Cgroup(..) => "memory",
            ResizeStep::Container(..) => "container",
            ResizeStep::PodLevel(_) => "pod level",
        };
        steps.iter().map(name).collect()
    }

    #[test]
    fn a_pod_with_what_it_has_is_not_resized() {
        let pod = one(("500m", "256Mi"), ("1", "512Mi"));
        assert!(actions(&pod, &pod).resize.is_empty());
        assert!(!is_in_progress(&pod, &running(1), inputs(&actuated(&pod))));
    }

    #[test]
    fn more_is_given_from_the_outside_in_and_less_is_taken_from_the_inside_out() {
        let (less, more) = (one(("500m", "256Mi"), ("1", "512Mi")), one(("800m", "256Mi"), ("1500m", "512Mi")));
        let up = ["sandbox cpu", "quota", "sandbox cpu", "shares", "container"];
        assert_eq!(steps_of(&less, &more), up, "the limit grows before the request");
        let down = ["container", "sandbox cpu", "shares", "sandbox cpu", "quota"];
        assert_eq!(steps_of(&more, &less), down, "the request shrinks before the limit");
        let more = one(("500m", "256Mi"), ("1", "600Mi"));
        assert_eq!(steps_of(&less, &more), ["sandbox memory", "memory", "container"]);
    }

    #[test]
    fn an_update_carries_all_values_of_the_container() {
        let (less, more) = (one(("500m", "256Mi"), ("1", "512Mi")), one(("800m", "300Mi"), ("1500m", "600Mi")));
        let steps = steps(&more, &actions(&less, &more).resize, PodCgroup::of(&less), true);
        let given: Vec<_> = steps
            .iter()
            .filter_map(|step| if let ResizeStep::Container(_, _, given, _) = step { Some(*given) } else { None })
            .collect();
        let resources = |cpu_shares, cpu_quota, memory: i64| LinuxResources {
            cpu_shares,
            cpu_quota,
            cpu_period_micros: CPU_PERIOD,
            memory_limit: memory << 20,
        };
        assert_eq!(given, [resources(512, 100_000, 600), resources(819, 150_000, 600)], "memory first, then CPU");
    }

    #[test]
    fn a_container_whose_policy_says_so_restarts_for_new_memory_and_not_for_new_cpu() {
        let pod = |cpu: &str, memory: &str| {
            spec(json!({"containers": [{
                "name": "app", "image": "nginx",
                "resources": {"requests": {"cpu": cpu, "memory": memory}},
                "resizePolicy": [{"resourceName": "memory", "restartPolicy": "RestartContainer"}],
            }]}))
        };
        let restarted = actions(&pod("1", "1Gi"), &pod("2", "2Gi"));
        assert_eq!((restarted.kill.len(), restarted.start.as_slice()), (1, &[APP][..]));
        let resized = pod("2", "2Gi");
        let message = restarted.kill[0].message(&resized);
        assert_eq!(alloc::string::ToString::to_string(&message), "Container app resize requires restart");
        let updated = actions(&pod("1", "1Gi"), &pod("2", "1Gi"));
        assert!(updated.kill.is_empty() && updated.resize.updated().eq([APP]));
    }

    #[test]
    fn of_two_containers_the_one_that_gets_less_comes_first() {
        let pod = |one: &str, other: &str| {
            let container = |name: &str, cpu: &str| json!({"name": name, "image": "nginx", "resources": {"limits": {"cpu": cpu, "memory": "1Gi"}}});
            spec(json!({"containers": [container("app", one), container("log", other)]}))
        };
        let updated: Vec<_> = actions(&pod("1", "2"), &pod("2", "1")).resize.updated().collect();
        assert_eq!(updated, [1.into(), 0.into()]);
    }

    #[test]
    fn a_limit_of_the_pod_stands_in_for_one_that_a_container_lacks() {
        let pod = |cpu: &str| {
            spec(json!({"resources": {"requests": {"cpu": "1"}, "limits": {"cpu": cpu}},
                "containers": [{"name": "app", "image": "nginx"}]}))
        };
        let changed = actions(&pod("2"), &pod("3"));
        assert!(changed.resize.pod_level && changed.resize.updated().eq([APP]));
    }

    #[test]
    fn a_limit_below_the_memory_in_use_is_refused_in_the_kubelets_words() {
        let (before, after) = (one(("1", "256Mi"), ("1", "512Mi")), one(("1", "128Mi"), ("1", "300Mi")));
        let shrinking = ShrinkingLimits::of(&after, &actions(&before, &after).resize, PodCgroup::of(&before));
        let used = |bytes| MemoryUsage { pod: Some(bytes), containers: Vec::from([(APP, Some(bytes))]) };
        assert_eq!(shrinking.check(&after, &used((300 << 20) - 1)), Ok(()));
        assert_eq!(
            shrinking.check(&after, &used(400 << 20)).unwrap_err(),
            "cannot decrease memory limits: [attempting to set pod memory limit (314572800) below current usage \
             (419430400), attempting to set container \"app\" memory limit (314572800) below current usage (419430400)]"
        );
        assert!(ShrinkingLimits::of(&before, &actions(&after, &before).resize, PodCgroup::of(&after)).is_empty());
    }

    #[test]
    fn exclusive_cpus_of_a_guaranteed_pod_cannot_be_resized() {
        let (before, after) = (one(("1", "1Gi"), ("1", "1Gi")), one(("2", "1Gi"), ("2", "1Gi")));
        let text = infeasibility(&after, &before, true, (true, false));
        assert_eq!(text, Some("Resize is infeasible for Guaranteed Pods alongside CPU Manager policy \"static\""));
        assert_eq!(infeasibility(&after, &before, true, (false, true)), None, "memory stays");
        let burstable = one(("1", "1Gi"), ("2", "1Gi"));
        assert_eq!(infeasibility(&burstable, &before, true, (true, true)), None);
    }

    #[test]
    fn a_runtime_without_this_call_is_no_reason_to_fail() {
        assert!(is_unimplemented("rpc error: code = Unimplemented desc = unknown method"));
        assert!(is_unimplemented("rpc error: code = Unknown desc = not implemented yet"));
        assert!(!is_unimplemented("rpc error: code = Unknown desc = no room"));
        assert!(!is_unimplemented("rpc error: code = Internal desc = not implemented yet"));
    }

    #[test]
    fn a_burstable_pod_has_a_limit_only_if_every_container_has_one() {
        let pod = |limits: Value| {
            let container = |name: &str, limits: &Value| json!({"name": name, "image": "nginx", "resources": {"requests": {"cpu": "1"}, "limits": limits}});
            spec(json!({"containers": [container("app", &json!({"memory": "1Gi"})), container("log", &limits)]}))
        };
        assert_eq!(PodCgroup::of(&pod(json!({}))).memory, NO_LIMIT);
        assert_eq!(PodCgroup::of(&pod(json!({"memory": "1Gi"}))).memory, 2 << 30);
    }
}
