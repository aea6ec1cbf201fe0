//! What a fleet costs: instructions of an event, a start, a crash and restart, and a delete, counted by callgrind; and
//! events a second.
//!
//! `scripts/bench fleet` measures time. With `--count` and a subject the bench does it once, so that `valgrind
//! --tool=callgrind` can count; `--without SHORTCUT` switches one of the kubelet's shortcuts off. `scripts/shortcuts` uses
//! both, `--time-without` and `--bytes`.

#![allow(clippy::unwrap_used, reason = "a benchmark may stop")]

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput};
use pod_lifecycle::{
    config::FastPath,
    sim::{Fleet, FleetScenario},
};
use serde_json::{Value, json};

fn main() {
    let argument = |option: &str| std::env::args().skip_while(|it| it != option).nth(1);
    let fast_path = match argument("--without") {
        None => FastPath::ALL,
        Some(name) => FastPath::ALL.without(shortcut(&name)),
    };
    if let Some(subject) = argument("--count") {
        count(&subject, fast_path);
        return;
    }
    if let Some(pods) = argument("--bytes") {
        println!("{}", bytes_a_pod(pods.parse().unwrap(), fast_path));
        return;
    }
    if let Some(name) = argument("--time-without") {
        time_without(&name);
        return;
    }
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("fleet");
    group.sample_size(10);
    for pods in [1, 1_000, 100_000] {
        let mut fleet = started(&probed(), pods);
        let events = events_of(&mut fleet, Duration::from_secs(10));
        group.throughput(Throughput::Elements(events));
        group.bench_with_input(BenchmarkId::new("ten seconds of probes", pods), &(), |bencher, ()| {
            bencher.iter(|| fleet.advance(Duration::from_secs(10)).unwrap());
        });
    }
    group.throughput(Throughput::Elements(1_000));
    group.bench_function("a thousand starts", |bencher| bencher.iter(|| black_box(started(&probed(), 1_000))));
    group.finish();
    criterion.final_summary();
}

/// Returns a shortcut by its name.
fn shortcut(name: &str) -> FastPath {
    match name {
        "resync" => FastPath::RESYNC,
        "interner" => FastPath::INTERNER,
        "probe-answer" => FastPath::PROBE_ANSWER,
        "next-wake" => FastPath::NEXT_WAKE,
        other => unreachable!("no shortcut is called {other}"),
    }
}

/// Prints the processor time of a fleet with all shortcuts over that without one, at 1,000 and at 100,000 Pods: medians
/// of pairs that are measured in turn.
fn time_without(name: &str) {
    let off = FastPath::ALL.without(shortcut(name));
    for (pods, minutes, pairs) in [(1_000, 600_u32, 11), (100_000, 10, 7)] {
        let time = |fast_path| {
            let mut fleet = started(&with(probed(), fast_path), pods);
            let before = processor_time();
            // Ten seconds a time, as a program that counts its Pods does.
            (0..minutes.saturating_mul(6)).for_each(|_| fleet.advance(Duration::from_secs(10)).unwrap());
            processor_time() - before
        };
        let mut ratios: Vec<f64> = (0..pairs).map(|_| time(FastPath::ALL) / time(off)).collect();
        ratios.sort_by(f64::total_cmp);
        println!("{name}, {pods} Pods: {:.3} of the time", ratios.get(pairs / 2).unwrap());
    }
}

/// Returns the nanoseconds for which this thread had a processor, which other programs disturb less than the clock's.
fn processor_time() -> f64 {
    let times = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    times.split(' ').next().unwrap().parse().unwrap()
}

/// Returns how many bytes of memory a Pod of a fleet takes after its third minute, by what the system has given.
fn bytes_a_pod(pods: u64, fast_path: FastPath) -> u64 {
    let resident = || {
        let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
        pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap().saturating_mul(4_096)
    };
    let before = resident();
    let mut fleet = Fleet::new(&with(probed(), fast_path), pods).unwrap();
    fleet.advance(Duration::from_secs(180)).unwrap();
    let bytes = resident().saturating_sub(before);
    black_box(fleet.digest());
    bytes.checked_div(pods).unwrap()
}

/// Sets the shortcuts of all Pods.
fn with(mut scenario: FleetScenario, fast_path: FastPath) -> FleetScenario {
    for group in &mut scenario.groups {
        group.scenario.config.fast_path = fast_path;
    }
    scenario
}

/// Does one thing many times, so that callgrind can count it.
fn count(name: &str, fast_path: FastPath) {
    const PODS: u64 = 500;
    let [probed, failing] = [probed(), failing()].map(|it| with(it, fast_path));
    let [crashing, deleted] = [crashing(), deleted()].map(|it| with(it, fast_path));
    match name {
        // All of what the others begin with: it is taken off.
        "start" => drop(black_box(started(&probed, PODS))),
        "probes" => {
            let mut fleet = started(&probed, PODS);
            fleet.advance(Duration::from_secs(100)).unwrap();
            black_box(fleet.digest());
        }
        "start-of-failing" => drop(black_box(started(&failing, PODS))),
        // A readiness that turns every ten seconds.
        "verdicts" => {
            let mut fleet = started(&failing, PODS);
            fleet.advance(Duration::from_secs(100)).unwrap();
            black_box(fleet.digest());
        }
        // An exit after a second, a back-off of ten, and a restart.
        "crash" => {
            let mut fleet = Fleet::new(&crashing, PODS).unwrap();
            fleet.advance(Duration::from_secs(12)).unwrap();
            black_box(fleet.digest());
        }
        "start-of-deleted" | "delete" => {
            let mut fleet = Fleet::new(&deleted, PODS).unwrap();
            fleet.advance(Duration::from_secs(if name == "delete" { 20 } else { 4 })).unwrap();
            black_box(fleet.digest());
        }
        other => eprintln!("nothing is called {other}"),
    }
}

fn started(scenario: &FleetScenario, pods: u64) -> Fleet {
    let mut fleet = Fleet::new(scenario, pods).unwrap();
    fleet.advance(Duration::from_secs(60)).unwrap();
    fleet
}

fn events_of(fleet: &mut Fleet, time: Duration) -> u64 {
    let before = fleet.events();
    fleet.advance(time).unwrap();
    fleet.events().saturating_sub(before)
}

fn scenario(container: Value, script: Value, actions: Value) -> FleetScenario {
    let mut app = json!({"name": "app", "image": "web:1"});
    app.as_object_mut().unwrap().extend(container.as_object().unwrap().clone());
    let pod = json!({"metadata": {"name": "web"}, "spec": {"containers": [app]}});
    serde_json::from_value(json!({
        "seed": 1,
        "groups": [{
            "name": "web",
            "beginsAfterSeconds": {"uniform": {"min": 0, "max": 1}},
            "scenario": {"pod": pod, "script": {"containers": {"app": script}}},
        }],
        "actions": actions,
    }))
    .unwrap()
}

/// Liveness and readiness every ten seconds.
fn probed() -> FleetScenario {
    let probe = json!({"httpGet": {"port": 80}, "periodSeconds": 10});
    scenario(json!({"livenessProbe": probe, "readinessProbe": probe}), json!({}), json!([]))
}

/// Readiness says something else every ten seconds.
fn failing() -> FleetScenario {
    let probe = json!({"httpGet": {"port": 80}, "periodSeconds": 10, "failureThreshold": 1});
    let steps = (0..30)
        .map(|n| json!({"from": 10_i32.saturating_mul(n), "result": if n % 2 == 0 { "success" } else { "failure" }}));
    let script = json!({"runs": [{"probes": {"readiness": steps.collect::<Vec<_>>()}}]});
    scenario(json!({"readinessProbe": probe}), script, json!([]))
}

fn crashing() -> FleetScenario {
    scenario(json!({}), json!({"runs": [{"exitsAfterSeconds": 1, "exitCode": 1}]}), json!([]))
}

fn deleted() -> FleetScenario {
    scenario(json!({}), json!({}), json!([{"op": "delete", "t": 5, "graceSeconds": 10}]))
}
