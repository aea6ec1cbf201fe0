//! Generators of Pods and kubelet configurations.

use alloc::{string::ToString, sync::Arc, vec, vec::Vec};
use core::time::Duration;

use proptest::{option, prelude::*, sample};
use serde_json::{Value, json};

use super::container::{container, init_container, sidecar};
use crate::{
    api::{
        Container, ImageVolumeSource, Name, Named, ObjectMeta, PodManifest, PodManifestSpec, ReadinessGate,
        RestartPolicy, SchedulingGate, Volume, VolumeMount,
    },
    config::{BackOffLimits, FeatureGate, KubeletConfig, Kubernetes, NodeInfo, Timing},
    spec,
};

/// Condition types of readiness gates.
pub(super) const GATES: [&str; 2] = ["example.com/load-balancer", "example.com/warm"];

/// Generates a manifest that the API server admits: up to three init containers and sidecars, one to three regular
/// containers.
pub fn manifest() -> impl Strategy<Value = PodManifest> {
    let grace_seconds = prop_oneof![2 => Just(None), 3 => (0..=60_i64).prop_map(Some)];
    grace_seconds
        .prop_flat_map(|grace_seconds| {
            (spec_of(grace_seconds), any::<bool>(), prop::bool::weighted(0.05), volumes()).prop_map(pod_of)
        })
        .boxed()
}

/// Generates a valid [`PodSpec`](spec::PodSpec), lowered from a [`manifest`].
pub fn spec() -> impl Strategy<Value = Arc<spec::PodSpec>> {
    manifest().prop_filter_map("invalid manifest", |pod| spec::PodSpec::from_manifest(pod).ok().map(Arc::new)).boxed()
}

/// Generates a kubelet configuration: crash-loop back-off, resync period and timing vary.
pub fn config() -> impl Strategy<Value = Arc<KubeletConfig>> {
    let crash_loop = prop_oneof![
        3 => Just(BackOffLimits::CRASH_LOOP),
        1 => option::of(0..=400_u64).prop_map(|max| Kubernetes::default().crash_loop(max.map(Duration::from_secs))),
        1 => option::of(0..=400_u64).prop_map(|max| {
            let gate = [(FeatureGate::ReduceDefaultCrashLoopBackOffDecay, true)];
            let reduced = Kubernetes::default().with_feature_gates(gate).unwrap_or_default();
            reduced.crash_loop(max.map(Duration::from_secs))
        }),
    ];
    let timing = prop_oneof![4 => Just(Timing::Ideal), 1 => any::<u64>().prop_map(|seed| Timing::NodeLike { seed })];
    (crash_loop, timing, 1..=90_u64, any::<bool>(), option::weighted(0.2, node()))
        .prop_map(|(crash_loop, timing, resync, manages_volumes, node)| {
            let config = KubeletConfig::default().with_crash_loop(crash_loop).with_timing(timing);
            let config = KubeletConfig { node, ..config.with_volume_manager(manages_volumes) };
            Arc::new(config.with_resync_period(Duration::from_secs(resync)))
        })
        .boxed()
}

/// Generates a node that admits every Pod, or none.
pub(super) fn node() -> impl Strategy<Value = Arc<NodeInfo>> {
    sample::select(&["110", "0"][..]).prop_map(|pods| {
        let allocatable = [("cpu", "4"), ("memory", "8Gi"), ("pods", pods)];
        Arc::new(NodeInfo::with_allocatable(allocatable).unwrap_or_default())
    })
}

fn spec_of(grace_seconds: Option<i64>) -> impl Strategy<Value = PodManifestSpec> {
    // The API server's default, which bounds the sleep of a hook.
    let given = grace_seconds.unwrap_or(30);
    let containers = (init_containers(given), containers(given));
    let policy = option::weighted(0.8, sample::select(RestartPolicy::ALL).prop_map(Named::Known));
    let gates = sample::subsequence(GATES.to_vec(), 0..=GATES.len());
    let gates = prop_oneof![3 => Just(Vec::new()), 1 => gates];
    let deadline = option::weighted(0.2, 1..=600_i64);
    (containers, policy, gates, deadline, prop::bool::weighted(0.1), prop::bool::weighted(0.1))
        .prop_map(move |((init_containers, containers), restart_policy, gates, deadline, host_network, is_gated)| {
            PodManifestSpec {
                init_containers,
                containers,
                restart_policy,
                termination_grace_period_seconds: grace_seconds,
                active_deadline_seconds: deadline,
                readiness_gates: gates.iter().map(|gate| ReadinessGate { condition_type: (*gate).into() }).collect(),
                scheduling_gates: if is_gated {
                    vec![SchedulingGate { name: "example.com/hold".into() }]
                } else {
                    vec![]
                },
                host_network,
                ..PodManifestSpec::default()
            }
        })
        .boxed()
}

fn init_containers(grace_seconds: i64) -> impl Strategy<Value = Vec<Container>> {
    // Shuffled, since statuses of regular containers are sorted by name and those of init containers are not.
    let names = Just(["setup", "proxy", "migrate"].to_vec()).prop_shuffle();
    let count = prop_oneof![4 => Just(0_usize), 3 => Just(1), 2 => Just(2), 1 => Just(3)];
    (names, count)
        .prop_flat_map(move |(names, count)| {
            let one = |name: &str| {
                let name = name.to_string();
                prop_oneof![init_container(name.clone()).boxed(), sidecar(name, grace_seconds).boxed()]
            };
            names.into_iter().take(count).map(one).collect::<Vec<_>>()
        })
        .boxed()
}

fn containers(grace_seconds: i64) -> impl Strategy<Value = Vec<Container>> {
    let names = Just(["web", "app", "log"].to_vec()).prop_shuffle();
    let count = prop_oneof![4 => Just(1_usize), 3 => Just(2), 1 => Just(3)];
    (names, count)
        .prop_flat_map(move |(names, count)| {
            names.into_iter().take(count).map(|name| container(name.into(), grace_seconds)).collect::<Vec<_>>()
        })
        .boxed()
}

/// Generates volumes: a claim, one that needs no attachment, and the files of an image.
fn volumes() -> impl Strategy<Value = Vec<Volume>> {
    let of = |name: &str, source: Value| {
        let other = source.as_object().cloned().unwrap_or_default();
        Volume { name: name.into(), other, ..Volume::default() }
    };
    let data = of("data", json!({"persistentVolumeClaim": {"claimName": "data"}}));
    let cache = of("cache", json!({"emptyDir": {}}));
    let image = ImageVolumeSource { reference: "model:1".into(), ..ImageVolumeSource::default() };
    let model = Volume { name: "model".into(), image: Some(image), ..Volume::default() };
    prop_oneof![
        6 => Just(Vec::new()),
        1 => Just(vec![cache.clone()]),
        1 => Just(vec![model]),
        1 => Just(vec![data, cache]),
    ]
    .boxed()
}

/// Mounts all volumes in every container.
fn mount(spec: &mut PodManifestSpec, volumes: Vec<Volume>) {
    for container in spec.init_containers.iter_mut().chain(&mut spec.containers) {
        let mounts = volumes.iter().map(|volume| VolumeMount {
            name: volume.name.clone(),
            mount_path: ["/", &volume.name].concat(),
            ..VolumeMount::default()
        });
        container.volume_mounts = mounts.collect();
    }
    spec.volumes = volumes;
}

fn pod_of((mut spec, has_label, is_static, volumes): (PodManifestSpec, bool, bool, Vec<Volume>)) -> PodManifest {
    mount(&mut spec, volumes);
    let labels = has_label.then(|| ("app".to_string(), "web".to_string())).into_iter().collect();
    // The annotation of a Pod from a file on the node: a static Pod is critical, so the node does not evict it.
    let source = is_static.then(|| ("kubernetes.io/config.source".to_string(), "file".to_string()));
    let annotations = source.into_iter().collect();
    let (name, uid) = ("web-0".to_string(), "f5b8".to_string());
    PodManifest {
        metadata: ObjectMeta { name, uid, labels, annotations, ..ObjectMeta::default() },
        spec,
        ..PodManifest::default()
    }
}
