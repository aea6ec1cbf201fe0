//! Fleets that leave much to chance.

use std::time::Duration;

use pod_lifecycle::{
    api::PodPhase,
    sim::{EntryKind, Fleet, FleetDigest, FleetScenario, Histograms, PodCounts, Shard, Timeline},
};
use serde_json::json;

/// Pods with probes that fail at times, crash, are rolled out, deleted, evicted and lost with their nodes, while the
/// registry is away for a minute.
fn stormy(seed: u64) -> FleetScenario {
    let pod = |image: &str| {
        json!({"metadata": {"name": "web"}, "spec": {"terminationGracePeriodSeconds": 10, "containers": [{
            "name": "app", "image": image,
            "readinessProbe": {"httpGet": {"port": 80}, "periodSeconds": 10},
            "livenessProbe": {"httpGet": {"port": 80}, "periodSeconds": 10},
        }]}})
    };
    let script = |mean: f64| {
        json!({"containers": {"app": {"image": {"present": false}, "random": {
            "exitsAfterSeconds": {"weibull": {"scale": mean, "shape": 1.5}},
            "exitCodes": {"0": 1, "1": 8, "137": 1},
            "sigtermExitAfterSeconds": {"exponential": {"mean": 4}},
            "pullSeconds": {"lognormal": {"median": 8, "sigma": 0.6}},
            "pullFailure": 0.05,
            "probes": {
                "readiness": {"failure": 0.05, "latencySeconds": {"uniform": {"min": 0.01, "max": 1.2}}},
                "liveness": {"failure": 0.01}
            }
        }}}})
    };
    serde_json::from_value(json!({
        "seed": seed,
        "podsPerNode": 10,
        "groups": [
            {"name": "v1", "beginsAfterSeconds": {"uniform": {"min": 0, "max": 60}},
             "scenario": {"pod": pod("web:1"), "script": script(900.0)}},
            {"name": "v2", "share": 0, "scenario": {"pod": pod("web:2"), "script": script(20.0)}},
        ],
        "registryOutages": [{"from": 100, "to": 160}],
        "actions": [
            {"op": "rollout", "t": 90, "from": "v1", "to": "v2", "perSecond": 2},
            {"op": "evict", "t": 120, "of": {"group": "v1", "share": 0.05, "overSeconds": 30}},
            {"op": "loseNodes", "t": 150, "share": 0.1, "forSeconds": 60},
            {"op": "delete", "t": 280, "of": {"share": 0.1, "overSeconds": 10}, "graceSeconds": 3},
        ],
    }))
    .unwrap()
}

const PODS: u64 = 400;

type Result = (PodCounts, Histograms, FleetDigest, u64);

fn lived(scenario: &FleetScenario, shards: u64, step: Duration) -> Result {
    let mut all = Result::default();
    for index in 0..shards {
        let mut fleet = Fleet::shard(scenario, PODS, Shard { index, of: shards }).unwrap();
        while fleet.now() < fleet.start() + Duration::from_secs(300) {
            fleet.advance(step).unwrap();
        }
        all.0.merge(&fleet.counts());
        all.1.merge(fleet.histograms());
        all.2.merge(fleet.digest());
        all.3 += fleet.events();
    }
    all
}

#[test]
fn the_same_seed_gives_the_same_lives_however_they_are_cut_and_stepped() {
    let scenario = stormy(1);
    let whole = lived(&scenario, 1, Duration::from_secs(300));
    let (counts, spreads, ..) = &whole;
    assert!(counts.of_status("CrashLoopBackOff") > 0 && counts.of_phase(PodPhase::Unknown) == 0, "{counts:?}");
    assert!(spreads.millis_to_ready.count() > PODS && spreads.millis_to_stop.count() > PODS / 2, "{spreads:?}");
    let small_steps = lived(&scenario, 1, Duration::from_secs(5));
    assert_eq!(whole, small_steps);
    for shards in [2, 3, 7] {
        assert_eq!(whole, lived(&scenario, shards, Duration::from_secs(60)), "{shards} shards");
    }
    assert_ne!(whole.2, lived(&stormy(2), 1, Duration::from_secs(300)).2);
}

#[test]
fn moments_taken_together_show_what_they_show_one_after_the_other() {
    let scenario = stormy(4);
    let mut together = Fleet::new(&scenario, PODS).unwrap();
    let mut one_by_one = Fleet::new(&scenario, PODS).unwrap();
    let moments: Vec<_> = (1..=60).map(|nth| together.start() + Duration::from_secs(5 * nth)).collect();
    let counted: Vec<_> = moments.chunks(7).flat_map(|some| together.advance_through(some).unwrap()).collect();
    let expected = moments.iter().map(|moment| {
        one_by_one.advance_to(*moment).unwrap();
        one_by_one.sample()
    });
    assert_eq!(counted, expected.collect::<Vec<_>>());
    assert!(counted.windows(2).all(|two| two[0].events < two[1].events && two[0].digest != two[1].digest));
    assert_eq!(together.histograms(), one_by_one.histograms());
    assert_eq!(together.sample(), one_by_one.sample());
}

#[test]
fn a_moment_that_has_passed_is_the_present() {
    let mut fleet = Fleet::new(&stormy(5), PODS).unwrap();
    let at = |seconds| fleet.start() + Duration::from_secs(seconds);
    let (early, late) = (at(20), at(40));
    let counted = fleet.advance_through(&[late, early]).unwrap();
    assert_eq!(counted.iter().map(|census| census.at).collect::<Vec<_>>(), [late, late]);
    assert_eq!(counted[0], counted[1]);
    assert_eq!(fleet.advance_through(&[early]).unwrap(), counted[1..]);
    assert_eq!(fleet.advance_through(&[]).unwrap(), []);
    assert_eq!(fleet.sample(), counted[1]);
}

#[test]
fn shards_add_up_to_the_whole_at_each_moment() {
    let scenario = stormy(6);
    let through = |shard| {
        let mut fleet = Fleet::shard(&scenario, PODS, shard).unwrap();
        let moments = [30, 100, 200].map(|seconds| fleet.start() + Duration::from_secs(seconds));
        fleet.advance_through(&moments).unwrap()
    };
    let mut sum = through(Shard { index: 0, of: 2 });
    sum.iter_mut().zip(&through(Shard { index: 1, of: 2 })).for_each(|(sum, other)| sum.merge(other));
    assert_eq!(sum, through(Shard::WHOLE));
}

#[test]
fn what_is_counted_is_what_the_timelines_of_the_pods_show() {
    let mut fleet = Fleet::new(&stormy(3), PODS).unwrap();
    for second in [45, 130, 170, 300] {
        fleet.advance_to(fleet.start() + Duration::from_secs(second)).unwrap();
        let mut shown = PodCounts::default();
        for number in 0..fleet.pods() {
            let scenario = fleet.scenario(number).unwrap();
            if scenario.config.start.is_some_and(|begins_at| begins_at > fleet.now()) {
                continue;
            }
            let life = {
                let mut life = scenario.simulate().unwrap();
                life.advance_to(fleet.now()).unwrap();
                life
            };
            let Some(row) = life.row() else { continue };
            let one = |word: &str| [(word.to_string(), 1)].into_iter().collect();
            shown.merge(&PodCounts {
                pods: 1,
                ready: u64::from(life.is_ready()),
                phases: one(pod_lifecycle::api::Name::name(life.phase())),
                statuses: one(&row.status),
            });
        }
        assert_eq!(fleet.counts(), shown, "at {second} s");
    }
}

#[test]
fn a_timeline_tells_what_the_listeners_heard() {
    let mut fleet = Fleet::new(&stormy(5), 40).unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    fleet.listen(move |number, transition| sender.send((number, transition.clone())).unwrap());
    fleet.advance(Duration::from_secs(240)).unwrap();
    let heard: Vec<_> = receiver.try_iter().collect();
    assert!(heard.len() > 200);
    for number in 0..fleet.pods() {
        let timeline: Timeline = fleet.timeline(number).unwrap();
        let played = timeline.entries.iter().filter_map(|entry| match &entry.kind {
            EntryKind::Transition(transition) => Some(transition.clone()),
            _ => None,
        });
        let own = heard.iter().filter(|(of, _)| *of == number).map(|(_, transition)| transition.clone());
        assert_eq!(played.collect::<Vec<_>>(), own.collect::<Vec<_>>(), "Pod {number}");
    }
}

/// A fleet of Pods that end so long after their start, if the registry answers.
fn short(exits_after: f64, outage: [f64; 2]) -> Fleet {
    let scenario: FleetScenario = serde_json::from_value(json!({
        "groups": [{"name": "web", "scenario": {
            "pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "web:1"}]}},
            "script": {"containers": {"app": {
                "image": {"present": false, "pullSeconds": 1}, "runs": [{"exitsAfterSeconds": exits_after, "exitCode": 1}],
            }}},
        }}],
        "registryOutages": [{"from": outage[0], "to": outage[1]}],
    }))
    .unwrap();
    Fleet::new(&scenario, 5).unwrap()
}

#[test]
fn the_digest_tells_lives_apart_that_differ_only_in_when_something_happens() {
    let digest = |exits_after: f64| {
        let mut fleet = short(exits_after, [500.0, 501.0]);
        fleet.advance_to(fleet.start() + Duration::from_secs(9)).unwrap();
        fleet.digest()
    };
    assert_eq!(digest(5.0), digest(5.0));
    assert_ne!(digest(5.0), digest(6.0));
}

#[test]
fn while_the_registry_is_away_no_image_is_pulled() {
    let running = |second: u64, outage: [f64; 2]| {
        let mut fleet = short(600.0, outage);
        fleet.advance_to(fleet.start() + Duration::from_secs(second)).unwrap();
        (fleet.counts().of_phase(PodPhase::Running), fleet.counts().of_phase(PodPhase::Pending))
    };
    assert_eq!(running(50, [0.0, 60.0]), (0, 5));
    assert_eq!(running(50, [55.0, 60.0]), (5, 0), "an outage that comes later is none yet");
    assert_eq!(running(400, [0.0, 60.0]), (5, 0), "after it, a pull is tried again");
}
