//! Grace periods and the order of sidecars.

use core::time::Duration;

use crate::given::*;
use pod_lifecycle::{
    rule::{
        grace::{self, MINIMUM_GRACE},
        termination_order,
    },
    spec::{PodSpec, ProbeKind},
};
use serde_json::json;

fn with_grace(grace: Option<i64>) -> PodSpec {
    let probe = |grace: i64| json!({"exec": {"command": ["ok"]}, "terminationGracePeriodSeconds": grace});
    pod(json!({"terminationGracePeriodSeconds": grace, "containers": [
        {"name": "app", "livenessProbe": probe(5), "startupProbe": probe(7), "readinessProbe": {"exec": {}}}]}))
}

#[test]
fn the_deletions_grace_beats_the_probes_own_and_that_beats_the_pods() {
    let spec = with_grace(Some(30));
    let grace = |deletion: Option<u64>, failed_probe| {
        let deletion = deletion.map(Duration::from_secs);
        grace::container_grace(&spec, deletion, container(&spec, "app"), failed_probe).as_secs()
    };
    assert_eq!(grace(None, None), 30);
    assert_eq!(grace(None, Some(ProbeKind::Liveness)), 5);
    assert_eq!(grace(None, Some(ProbeKind::Startup)), 7);
    assert_eq!(grace(None, Some(ProbeKind::Readiness)), 30);
    assert_eq!(grace(Some(10), Some(ProbeKind::Liveness)), 10);
    assert_eq!(grace(Some(0), None), 0);
}

#[test]
fn without_any_grace_it_is_2_seconds() {
    let spec = with_grace(None);
    assert_eq!(grace::container_grace(&spec, None, container(&spec, "app"), Some(ProbeKind::Liveness)), MINIMUM_GRACE);
}

#[test]
fn hooks_and_waits_take_whole_seconds_of_the_grace_and_leave_at_least_2() {
    let left = |millis| grace::remaining_grace(Duration::from_secs(30), Duration::from_millis(millis));
    assert_eq!(left(4_900), Duration::from_secs(26));
    assert_eq!([left(30_000), left(40_000)].map(grace::stop_timeout), [MINIMUM_GRACE; 2]);
    assert!(grace::has_time_left(left(29_000)) && !grace::has_time_left(left(30_000)));
}

#[test]
fn a_sidecar_waits_for_the_regular_containers_and_for_the_next_sidecar_only() {
    let sidecar = |name| json!({"name": name, "restartPolicy": "Always"});
    let spec = pod(json!({"initContainers": [sidecar("one"), {"name": "init"}, sidecar("two"), sidecar("three")],
        "containers": [{"name": "app"}]}));
    let waits = |one, other| termination_order::waits_for(&spec, index(&spec, one), index(&spec, other));
    assert!(waits("three", "app") && waits("one", "app"));
    assert!(waits("one", "two") && waits("two", "three"));
    assert!(!waits("one", "three") && !waits("one", "init") && !waits("two", "one"));
    assert!(!waits("app", "three") && !waits("init", "app"));
}

#[test]
fn a_pods_grace_only_shrinks_and_is_at_least_1() {
    let spec = with_grace(Some(30));
    let effective = |in_force, deletion, by_force| {
        let [in_force, deletion, by_force] =
            [in_force, deletion, by_force].map(|grace: Option<u64>| grace.map(Duration::from_secs));
        grace::effective_grace(&spec, in_force, deletion, by_force).as_secs()
    };
    assert_eq!(effective(None, None, None), 30);
    assert_eq!(effective(None, Some(20), None), 20);
    assert_eq!(effective(Some(20), Some(25), None), 20);
    assert_eq!(effective(Some(20), Some(25), Some(5)), 5);
    assert_eq!(effective(None, Some(0), None), 1);
}

/// The API server makes it 1 before anybody sees it; a static Pod's manifest is not admitted by one.
#[test]
fn a_negative_grace_counts_as_1() {
    assert_eq!(with_grace(Some(-5)).termination_grace(), Some(Duration::from_secs(1)));
}
