//! Small Pods in which the known bugs of kubelets show.

use pod_lifecycle::config::{KnownBug, Kubernetes};

use super::{Budget, SmallPods};

/// Returns the model of a Pod in which a bug shows, on a kubelet that has this bug alone; `None` if the machine's events
/// cannot lead to it.
///
/// The Pod is as small, and the budget as tight, as the bug allows: a breadth-first search then ends with the shortest
/// way to it.
pub fn small_pod_with(bug: KnownBug) -> Option<SmallPods> {
    let (pod, budget) = of(bug)?;
    let kubernetes = Kubernetes::new(bug.versions().1).with_only_bug(bug);
    Some(SmallPods::of([pod], budget).judged_by_documentation(kubernetes))
}

/// Returns the same model on a kubelet of the same version without known bugs.
pub fn small_pod_without(bug: KnownBug) -> Option<SmallPods> {
    let (pod, budget) = of(bug)?;
    let kubernetes = Kubernetes::new(bug.versions().1).as_documented();
    Some(SmallPods::of([pod], budget).judged_by_documentation(kubernetes))
}

const NOTHING: Budget = Budget { exits: 0, failures: 0, anomalies: 0, disturbances: 0, wakes: 0 };

fn of(bug: KnownBug) -> Option<(&'static str, Budget)> {
    Some(match bug {
        KnownBug::InheritedStarted => (
            r#"{"containers": [{"name": "app", "image": "a",
                "startupProbe": {"exec": {"command": ["x"]}, "periodSeconds": 1},
                "livenessProbe": {"exec": {"command": ["x"]}, "periodSeconds": 1, "failureThreshold": 1}}]}"#,
            Budget { failures: 1, wakes: 4, ..NOTHING },
        ),
        KnownBug::SidecarStartupForgotten => (
            r#"{"initContainers": [{"name": "proxy", "image": "a", "restartPolicy": "Always",
                "startupProbe": {"exec": {"command": ["x"]}, "periodSeconds": 20}}], "containers": [{"name": "app", "image": "b"}]}"#,
            Budget { exits: 1, disturbances: 1, wakes: 2, ..NOTHING },
        ),
        KnownBug::StartedBeforeFirstProbe => (
            r#"{"containers": [{"name": "app", "image": "a", "startupProbe": {"exec": {"command": ["x"]}}}]}"#,
            Budget { disturbances: 1, ..NOTHING },
        ),
        KnownBug::ReadyWithoutStarted => (
            r#"{"containers": [{"name": "app", "image": "a",
                "startupProbe": {"exec": {"command": ["x"]}, "periodSeconds": 1}}, {"name": "log", "image": "b"}]}"#,
            Budget { exits: 1, failures: 1, disturbances: 1, wakes: 4, ..NOTHING },
        ),
        KnownBug::InitContainersSkipped => (
            r#"{"initContainers": [{"name": "first", "image": "a"}, {"name": "second", "image": "b"}],
                "containers": [{"name": "app", "image": "c"}]}"#,
            Budget { exits: 3, disturbances: 1, wakes: 1, ..NOTHING },
        ),
        KnownBug::PendingAfterLostSandbox => (
            r#"{"restartPolicy": "Never", "containers": [{"name": "app", "image": "a"}]}"#,
            Budget { disturbances: 1, wakes: 1, ..NOTHING },
        ),
        KnownBug::ProbeKillIgnoresExitCode => (
            r#"{"restartPolicy": "OnFailure", "containers": [{"name": "app", "image": "a",
                "livenessProbe": {"exec": {"command": ["x"]}, "failureThreshold": 1}}]}"#,
            Budget { exits: 1, failures: 1, wakes: 1, ..NOTHING },
        ),
        KnownBug::OldTransitionTime => {
            (r#"{"containers": [{"name": "app", "image": "a"}]}"#, Budget { disturbances: 2, wakes: 1, ..NOTHING })
        }
        KnownBug::ReadinessStopsAtEviction => (
            r#"{"containers": [{"name": "app", "image": "a", "lifecycle": {"preStop": {"exec": {"command": ["x"]}}},
                "readinessProbe": {"exec": {"command": ["x"]}, "periodSeconds": 1}}],
                "terminationGracePeriodSeconds": 60}"#,
            Budget { disturbances: 1, wakes: 6, ..NOTHING },
        ),
        KnownBug::ReadinessForgotten | KnownBug::ReadinessOfFormerInstance | KnownBug::ExitLostAtEviction => {
            return None;
        }
        KnownBug::ReadyBeforeFirstProbe => (
            r#"{"containers": [{"name": "app", "image": "a", "readinessProbe": {"exec": {"command": ["x"]}}}]}"#,
            Budget { disturbances: 1, ..NOTHING },
        ),
        KnownBug::ProbeRunSpansInstances => (
            r#"{"containers": [{"name": "app", "image": "a",
                "livenessProbe": {"exec": {"command": ["x"]}, "periodSeconds": 1, "failureThreshold": 2}}]}"#,
            Budget { exits: 1, failures: 2, wakes: 3, ..NOTHING },
        ),
        KnownBug::LateProbeSuccess => (
            r#"{"containers": [{"name": "app", "image": "a", "imagePullPolicy": "Always",
                "readinessProbe": {"exec": {"command": ["x"]}}}]}"#,
            Budget { exits: 1, wakes: 3, ..NOTHING },
        ),
        KnownBug::StatusFrozenByInitContainers => (
            r#"{"restartPolicy": "OnFailure", "initContainers": [{"name": "setup", "image": "a"}],
                "containers": [{"name": "app", "image": "b"}]}"#,
            Budget { exits: 1, disturbances: 1, wakes: 3, ..NOTHING },
        ),
        _ => return None,
    })
}
