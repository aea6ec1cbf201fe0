//! What is told of the recorded statuses is what the kubelet did then.

use std::time::Duration;

use pod_lifecycle::{
    api::ContainerStatus,
    explain::{NextStep, ObservedPod, Situation, When},
};

use super::recorded::{Moment, moments};

#[test]
fn every_recorded_status_is_explained_in_full_sentences() {
    for Moment { name, at, object, .. } in moments() {
        let pod = ObservedPod::from_manifest(object).unwrap();
        let explanation = pod.explain(at);
        let text = explanation.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert!((2..=7).contains(&lines.len()), "{name}: {text}");
        assert!(lines.iter().all(|line| line.ends_with('.') && !line.contains("  ")), "{name}: {text}");
        assert_eq!(explanation.containers.len(), pod.spec().container_count(), "{name}");
        assert_eq!(explanation.ready, pod.status().condition("Ready").unwrap().status.as_str() == "True", "{name}");
    }
}

#[test]
fn no_container_is_started_before_it_is_said_to_be() {
    let (mut exact, mut within, mut late) = (0, 0, 0);
    for Moment { name, at, object, starts } in moments() {
        let pod = ObservedPod::from_manifest(object).unwrap();
        // An exit that restarts all containers ends every back-off, and a kubelet that restarts forgets them.
        if pod.spec().all_containers_could_restart() || name.starts_with("kubelet-restart") {
            continue;
        }
        let explanation = pod.explain(at);
        for next in &explanation.next {
            let NextStep::Start { container } = &next.what else { continue };
            let Some((_, start)) = starts.iter().find(|(started, _)| started == container) else { continue };
            assert!(next.when.time() <= *start, "{name}: started at {start}, said\n{explanation}");
            match next.when {
                When::At(_) => panic!("{name}: a status tells no exact time\n{explanation}"),
                When::NotBefore(_) => exact += 1,
                When::Between { latest, .. } => {
                    within += 1;
                    // The API drops what is less than a second; and another container may hold up the whole Pod.
                    late += usize::from(*start > latest + Duration::from_secs(1));
                }
            }
        }
    }
    assert!(exact > 400 && within > 300, "{exact} exact and {within} within bounds");
    assert!(late * 20 < within, "{late} of {within} were late");
}

#[test]
fn the_delay_that_the_kubelet_tells_lies_within_the_bounds_of_the_restart_count() {
    let mut count = 0;
    for Moment { name, at, object, .. } in moments() {
        let mut silent = object.clone();
        let strip = |status: &mut ContainerStatus| {
            if let Some(waiting) = &mut status.state.waiting {
                waiting.message.clear();
            }
        };
        silent.status.container_statuses.iter_mut().for_each(strip);
        silent.status.init_container_statuses.iter_mut().for_each(strip);
        let told = ObservedPod::from_manifest(object).unwrap().explain(at);
        let guessed = ObservedPod::from_manifest(silent).unwrap().explain(at);
        for (told, guessed) in told.containers.iter().zip(&guessed.containers) {
            let Situation::HeldBack { delay, until, .. } = told.situation else { continue };
            count += 1;
            match &guessed.situation {
                Situation::HeldBack { delay: guess, .. } => assert_eq!(*guess, delay, "{name}"),
                Situation::HeldBackBetween { least_delay, most_delay, exit, .. } => {
                    let bounds = *least_delay..=*most_delay;
                    assert!(bounds.contains(&delay), "{name}: {delay:?}, said {bounds:?}");
                    let exit = exit.as_ref().unwrap().at.unwrap();
                    assert_eq!(until.since(exit), delay, "{name}");
                }
                other => panic!("{name}: {other:?}"),
            }
        }
    }
    assert!(count > 300, "{count}");
}
