//! Generator of simulation scenarios: a manifest, and a script for its containers and for the API server and node.

use alloc::{
    boxed::Box,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use core::time::Duration;

use proptest::{collection, option, prelude::*, sample};

use super::{
    container::{EXIT_CODES, ephemeral_container},
    pod::{GATES, manifest},
};
use crate::{
    api::{ConditionStatus, Name, PodManifest},
    rule::probe::ProbeOutcome,
    sim::{
        CallOutcome, ContainerScript, HookScript, ImageScript, NetworkOutage, ProbeScript, ProbeStep, Run,
        SandboxOutcome, Scenario, Script, ScriptAction, ScriptActionKind, Settings, StartOutcome, VolumeCall,
        VolumeScript,
    },
    state::ConditionReason,
};

/// Generates a scenario with valid names and times.
///
/// Playing it may still fail: with [`ScenarioError::Impossible`](crate::sim::ScenarioError::Impossible), since a node
/// cannot evict a Pod that has ended by then, or with [`Endless`](crate::sim::ScenarioError::Endless), if containers
/// that exit at once keep restarting all the others.
pub fn scenario() -> impl Strategy<Value = Scenario> {
    manifest()
        .prop_flat_map(|pod| {
            let containers = pod.spec.init_containers.iter().chain(&pod.spec.containers);
            let names: Vec<String> = containers.map(|container| container.name.clone()).collect();
            let is_gated = !pod.spec.scheduling_gates.is_empty();
            (Just(pod), script(names, is_gated), settings(), volume_script()).prop_map(
                |(pod, mut script, config, of_volumes)| {
                    let end = script.end.unwrap_or_default();
                    if let Some(of_volumes) = of_volumes {
                        let volumes = pod.spec.volumes.iter().map(|volume| (volume.name.clone(), of_volumes.clone()));
                        script.volumes = volumes.collect();
                    }
                    let script = without_missing_hooks_and_probes(script, &pod);
                    // An action after the end would make the scenario invalid.
                    Scenario { description: String::new(), pod, script, config }.cut_at(end)
                },
            )
        })
        .boxed()
}

fn settings() -> impl Strategy<Value = Settings> {
    let seed = option::weighted(0.2, any::<u64>());
    (seed, option::weighted(0.2, 1..=300_u32), any::<bool>(), option::weighted(0.2, 1..=90_u32))
        .prop_map(|(node_like_seed, max, reduced, resync)| Settings {
            node_like_seed,
            max_container_restart_period: max.map(|max| Duration::from_secs(max.into())),
            reduced_crash_loop_back_off: reduced,
            resync_period: resync.map(|resync| Duration::from_secs(resync.into())),
            ..Settings::default()
        })
        .boxed()
}

fn script(names: Vec<String>, is_gated: bool) -> impl Strategy<Value = Script> {
    let containers: Vec<_> = names.iter().map(|_| option::weighted(0.8, container_script())).collect();
    let deaths = prop_oneof![4 => Just(Vec::new()), 1 => collection::vec(seconds(400), 1..=2)];
    (containers, deaths, node_failures(), actions(names.clone()), 60..=1200_u32)
        .prop_map(move |(scripts, sandbox_deaths, (sandboxes, network_not_ready), actions, end)| {
            let scripts = names.iter().cloned().zip(scripts);
            let before = if is_gated { binding() } else { Vec::new() };
            Script {
                end: Some(Duration::from_secs(end.into())),
                containers: scripts.filter_map(|(name, script)| Some((name, script?))).collect(),
                sandbox_deaths,
                sandboxes,
                network_not_ready,
                actions: before.into_iter().chain(actions).collect(),
                seed: 0,
                ..Script::default()
            }
        })
        .boxed()
}

/// Generates a script for the Pod's volumes; with none their mounts are left out.
fn volume_script() -> impl Strategy<Value = Option<VolumeScript>> {
    let from = || option::weighted(0.3, seconds(100));
    let call = || {
        (seconds(20), option::of(Just("exit status 32".to_string())))
            .prop_map(|(takes, error)| VolumeCall { takes, error })
    };
    let one = (from(), from(), from(), prop::bool::weighted(0.1), rarely(call()), rarely(call())).prop_map(
        |(claim_exists_from, claim_bound_from, attached_from, attach_exhausted, set_up, tear_down)| VolumeScript {
            claim_exists_from,
            claim_bound_from,
            attached_from,
            attach_exhausted,
            set_up,
            tear_down,
            ..VolumeScript::default()
        },
    );
    option::of(one).boxed()
}

/// Generates outcomes of the creations of sandboxes, and a time without a network.
fn node_failures() -> impl Strategy<Value = (Vec<SandboxOutcome>, Vec<NetworkOutage>)> {
    let outcome = prop_oneof![
        Just(SandboxOutcome::default()),
        Just(SandboxOutcome { error: Some("failed to reserve sandbox name".into()), no_ip: false }),
        Just(SandboxOutcome { error: None, no_ip: true }),
    ];
    let outage = (seconds(100), seconds(60)).prop_map(|(from, time)| NetworkOutage {
        from,
        to: Some(from.saturating_add(time)),
        message: "cni plugin not initialized".into(),
    });
    (rarely(outcome), prop_oneof![6 => Just(Vec::new()), 1 => outage.prop_map(|outage| vec![outage])]).boxed()
}

/// Generates a list that is mostly empty.
fn rarely<S: Strategy>(strategy: S) -> impl Strategy<Value = Vec<S::Value>>
where
    S::Value: Clone,
{
    prop_oneof![6 => Just(Vec::new()), 1 => collection::vec(strategy, 1..=3)]
}

/// Removes the scripts of hooks and probes that the Pod does not have.
fn without_missing_hooks_and_probes(mut script: Script, pod: &PodManifest) -> Script {
    for container in pod.spec.init_containers.iter().chain(&pod.spec.containers) {
        let Some(script) = script.containers.get_mut(&container.name) else { continue };
        let hooks = container.lifecycle.as_ref();
        script.post_start = script.post_start.filter(|_| hooks.is_some_and(|hooks| hooks.post_start.is_some()));
        script.pre_stop = script.pre_stop.filter(|_| hooks.is_some_and(|hooks| hooks.pre_stop.is_some()));
        for ProbeScript { startup, readiness, liveness } in script.runs.iter_mut().map(|run| &mut run.probes) {
            let probes = [
                (startup, &container.startup_probe),
                (readiness, &container.readiness_probe),
                (liveness, &container.liveness_probe),
            ];
            probes.into_iter().filter(|(_, probe)| probe.is_none()).for_each(|(steps, _)| steps.clear());
        }
    }
    script
}

/// Returns the actions that bind a Pod with scheduling gates to a node.
fn binding() -> Vec<ScriptAction> {
    let scheduler = ScriptActionKind::Unschedulable { message: "0/1 nodes are available".into() };
    // In this order: the scheduler does not try a gated Pod, and binds it only after the failed attempt.
    let kinds = [ScriptActionKind::RemoveSchedulingGates, scheduler, ScriptActionKind::Bind];
    kinds.into_iter().map(|kind| ScriptAction { at: Duration::ZERO, kind }).collect()
}

fn actions(names: Vec<String>) -> impl Strategy<Value = Vec<ScriptAction>> {
    let one = (seconds(600), action(names)).prop_map(|(at, kind)| vec![ScriptAction { at, kind }]);
    // Losing a lost node is refused, and so is recovering one that is not: the two come as a pair.
    let lost_and_recovered = (seconds(300), seconds(300)).prop_map(|(lost, later)| {
        vec![
            ScriptAction { at: lost, kind: ScriptActionKind::NodeLost },
            ScriptAction { at: lost.saturating_add(later), kind: ScriptActionKind::NodeRecovered },
        ]
    });
    let ephemeral = (seconds(300), ephemeral_container("debug".into())).prop_map(|(at, container)| {
        vec![ScriptAction { at, kind: ScriptActionKind::AddEphemeralContainer { container: Box::new(container) } }]
    });
    let optional = |strategy: BoxedStrategy<Vec<ScriptAction>>| prop_oneof![6 => Just(Vec::new()), 1 => strategy];
    (collection::vec(one, 0..=3), optional(lost_and_recovered.boxed()), optional(ephemeral.boxed()))
        .prop_map(|(single, node, ephemeral)| single.into_iter().flatten().chain(node).chain(ephemeral).collect())
        .boxed()
}

fn action(names: Vec<String>) -> impl Strategy<Value = ScriptActionKind> {
    let grace = || option::of((0..=60_u64).prop_map(Duration::from_secs));
    let image = sample::select(&["nginx:2", "nginx:3"][..]);
    prop_oneof![
        5 => grace().prop_map(|grace| ScriptActionKind::Delete { grace }),
        1 => Just(ScriptActionKind::ForceDelete),
        3 => (sample::select(&GATES[..]), sample::select(ConditionStatus::ALL))
            .prop_map(|(condition, status)| ScriptActionKind::SetCondition { condition: condition.into(), status }),
        2 => Just(ScriptActionKind::KubeletRestart),
        1 => grace().prop_map(|grace| ScriptActionKind::Evict { message: None, grace }),
        1 => Just(ScriptActionKind::Preempt),
        1 => Just(ScriptActionKind::EvictOverLimit { message: "Pod ephemeral local storage usage exceeds".into() }),
        1 => grace().prop_map(|grace| ScriptActionKind::Shutdown { grace }),
        1 => Just(ScriptActionKind::Disrupt {
            reason: ConditionReason::EvictionByEvictionApi,
            message: "Eviction API: evicting".into(),
        }),
        2 => (sample::select(names), image).prop_map(|(container, image)| {
            ScriptActionKind::SetImage { container, image: image.to_string() }
        }),
    ]
    .boxed()
}

fn container_script() -> impl Strategy<Value = ContainerScript> {
    let hook = || option::weighted(0.3, hook());
    let failed = || rarely(option::of(Just("it broke".to_string())).prop_map(|error| CallOutcome { error }));
    let start = (option::of(Just("no such file".to_string())), any::<bool>())
        .prop_map(|(error, stays_created)| StartOutcome { error, stays_created });
    let calls = (failed(), failed(), failed(), failed(), rarely(start));
    (collection::vec(run(), 0..=3), image(), calls, hook(), hook())
        .prop_map(|(runs, image, (configure, create, pre_create, pre_start, start), post_start, pre_stop)| {
            ContainerScript {
                runs,
                image,
                configure,
                create,
                start,
                pre_create,
                pre_start,
                post_start,
                pre_stop,
                ..ContainerScript::default()
            }
        })
        .boxed()
}

fn run() -> impl Strategy<Value = Run> {
    let exit = (option::weighted(0.7, seconds(200)), sample::select(&EXIT_CODES[..]));
    let sigterm = (prop::bool::weighted(0.1), seconds(40), option::of(sample::select(&EXIT_CODES[..])));
    let reason = option::weighted(0.1, Just("OOMKilled".to_string()));
    (exit, sigterm, reason, probe_script())
        .prop_map(|((after, exit_code), sigterm, reason, probes)| Run {
            exits_after: after,
            exit_code,
            oom_killed: false,
            ignores_sigterm: sigterm.0,
            sigterm_exit_after: sigterm.1,
            sigterm_exit_code: sigterm.2,
            reason,
            message: None,
            probes,
        })
        .boxed()
}

fn probe_script() -> impl Strategy<Value = ProbeScript> {
    (steps(), steps(), steps())
        .prop_map(|(startup, readiness, liveness)| ProbeScript { startup, readiness, liveness })
        .boxed()
}

fn steps() -> impl Strategy<Value = Vec<ProbeStep>> {
    let step =
        (seconds(120), sample::select(ProbeOutcome::ALL)).prop_map(|(from, result)| ProbeStep::new(from, result));
    prop_oneof![2 => Just(Vec::new()), 1 => collection::vec(step, 1..=3)]
        .prop_map(|mut steps| {
            steps.sort_by_key(|step| step.from);
            // Scenarios need each step later than the one before.
            steps.dedup_by(|next, before| next.from <= before.from);
            steps
        })
        .boxed()
}

fn image() -> impl Strategy<Value = ImageScript> {
    let failures = prop_oneof![3 => Just(0), 1 => 1..=4_u32];
    let inspections = prop_oneof![6 => Just(0), 1 => 1..=3_u32];
    (prop::bool::weighted(0.7), seconds(20), failures, inspections)
        .prop_map(|(present, pull_time, failures_before_success, inspect_failures)| ImageScript {
            present,
            pull_time,
            failures_before_success,
            inspect_failures,
            ..ImageScript::default()
        })
        .boxed()
}

fn hook() -> impl Strategy<Value = HookScript> {
    (seconds(20), prop_oneof![3 => Just(0), 1 => Just(1)])
        .prop_map(|(duration, exit_code)| HookScript { duration, exit_code })
        .boxed()
}

/// Generates a time in tenths of a second. Most are whole seconds, so that several things happen at one instant.
fn seconds(at_most: u32) -> impl Strategy<Value = Duration> {
    prop_oneof![
        3 => (0..=at_most).prop_map(|seconds| Duration::from_secs(seconds.into())),
        1 => (0..=at_most.saturating_mul(10)).prop_map(|tenths| Duration::from_millis(u64::from(tenths).saturating_mul(100))),
    ]
}
