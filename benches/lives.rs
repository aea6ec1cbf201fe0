//! What a whole life costs: 20 virtual minutes of a Pod with all three probes, played and written down.

#![allow(clippy::unwrap_used, reason = "a benchmark may stop")]

use std::{hint::black_box, time::Instant};

use criterion::{Criterion, Throughput};
use pod_lifecycle::sim::Scenario;
use serde_json::json;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let lives = [("web server, three probes", web_server(false)), ("the same, crashing every 30 s", web_server(true))];
    let mut group = criterion.benchmark_group("lives");
    group.throughput(Throughput::Elements(1));
    for (name, scenario) in &lives {
        group.bench_function(*name, |bencher| bencher.iter(|| black_box(scenario.play().unwrap())));
    }
    group.finish();
    criterion.final_summary();
    println!();
    for (name, scenario) in &lives {
        let entries = scenario.play().unwrap().entries.len();
        println!("a life of 20 virtual minutes ({name}): {:.3} ms, {entries} entries", millis_a_life(scenario));
    }
}

/// A Pod that is probed by startup, readiness and liveness, 20 minutes long.
fn web_server(crashes: bool) -> Scenario {
    let probe = |period: u32| json!({"httpGet": {"port": 8080, "path": "/healthz"}, "periodSeconds": period});
    let exits = if crashes { json!(30) } else { json!(null) };
    serde_json::from_value(json!({
        "pod": {"metadata": {"name": "web"}, "spec": {"containers": [{
            "name": "app", "image": "nginx:1.27",
            "startupProbe": probe(2), "readinessProbe": probe(5), "livenessProbe": probe(10),
        }]}},
        "script": {"endSeconds": 1200, "containers": {"app": {"runs": [{"exitsAfterSeconds": exits, "exitCode": 1}]}}},
    }))
    .unwrap()
}

/// The median of a hundred lives.
#[allow(clippy::disallowed_methods, reason = "a benchmark looks at the clock")]
fn millis_a_life(scenario: &Scenario) -> f64 {
    let mut times: Vec<f64> = (0..100)
        .map(|_| {
            let start = Instant::now();
            black_box(scenario.play().unwrap());
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}
