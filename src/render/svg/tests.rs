//! Properties of every picture.

use std::{fs, path::Path};

use super::{
    canvas::{Area, Layer},
    *,
};
use crate::sim::Scenario;

/// Widths of a phone, a page and a screen, and some in between.
const WIDTHS: [f64; 5] = [320.0, 360.0, 600.0, 1_000.0, 1_600.0];

/// Returns every example scenario by name, and some that are hard to draw.
fn pictures() -> Vec<(String, Picture)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/scenarios");
    let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let named = files.map(|file| {
        let scenario = serde_saphyr::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        (file.file_stem().unwrap().to_str().unwrap().to_owned(), scenario)
    });
    let all = named.chain([("a day of crashes".into(), day_of_crashes()), ("long names".into(), long_names())]);
    let mut all: Vec<(String, Picture)> =
        all.map(|(name, scenario): (_, Scenario)| (name, Picture::of(&scenario.play().unwrap()))).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

fn scenario(yaml: &str) -> Scenario {
    serde_saphyr::from_str(yaml).unwrap()
}

/// Returns 24 hours with more than 400 restarts and thousands of probe results.
fn day_of_crashes() -> Scenario {
    scenario(
        "
pod:
  metadata: {name: flaky, namespace: shop}
  spec:
    containers:
    - name: app
      image: app:1
      startupProbe: {httpGet: {path: /, port: 80}, periodSeconds: 1, failureThreshold: 30}
      readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 1}
      livenessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 5}
config: {maxContainerRestartPeriodSeconds: 180}
script:
  endSeconds: 86400
  containers:
    app:
      runs:
      - exitsAfterSeconds: 20
        exitCode: 1
        probes:
          startup: [{from: 0, result: failure}, {from: 4, result: success}]
          readiness: [{from: 0, result: success}, {from: 10, result: failure}, {from: 12, result: success}]
",
    )
}

fn long_names() -> Scenario {
    scenario(
        "
pod:
  metadata: {name: a-pod-whose-name-is-as-long-as-names-may-be-and-then-some-more-of-it, namespace: wwwwwwwwwwwwwwwwwwww}
  spec:
    terminationGracePeriodSeconds: 100
    initContainers:
    - {name: mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm, image: m, restartPolicy: Always}
    containers:
    - {name: wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww, image: w}
    readinessGates: [{conditionType: example.com/a-condition-type-that-goes-on-and-on-and-on-and-on}]
script:
  endSeconds: 300
  containers: {}
  actions:
  - {t: 1, op: kubeletRestart}
  - {t: 2, op: setCondition, condition: example.com/a-condition-type-that-goes-on-and-on-and-on-and-on, status: 'True'}
  - {t: 3, op: kubeletRestart}
  - {t: 4, op: nodeLost}
  - {t: 5, op: nodeRecovered}
  - {t: 6, op: kubeletRestart}
  - {t: 7, op: evict, message: '<&> memory'}
",
    )
}

fn drawn(picture: &Picture, width: f64) -> Page<'_> {
    let mut page = Page::new(picture, width);
    page.draw();
    page
}

#[test]
fn no_two_texts_overlap_and_none_leaves_the_picture() {
    for (name, picture) in pictures() {
        for width in WIDTHS {
            let page = drawn(&picture, width);
            let texts: Vec<(&str, Area)> = page.canvas.texts().map(|text| (&*text.text, text.area())).collect();
            assert!(texts.len() > 10, "{name}");
            for (place, (text, area)) in texts.iter().enumerate() {
                let is_within = area.x >= 0.0
                    && area.y >= 0.0
                    && area.x + area.width <= page.width
                    && area.y + area.height <= page.y;
                assert!(is_within, "{name} at {width}: {text:?} leaves the picture: {area:?}");
                for (other, other_area) in texts.iter().skip(place + 1) {
                    assert!(!area.intersects(other_area), "{name} at {width}: {text:?} and {other:?} overlap");
                }
            }
        }
    }
}

#[test]
fn the_tick_after_a_skipped_segment_does_not_overlap_with_those_that_follow() {
    for after in (0..60).step_by(7) {
        let picture = Picture::of(&scenario(&quiet_until(7_200 + after)).play().unwrap());
        for width in WIDTHS {
            let page = drawn(&picture, width);
            let texts: Vec<(&str, Area)> = page.canvas.texts().map(|text| (&*text.text, text.area())).collect();
            let times: Vec<&(&str, Area)> = texts.iter().filter(|(text, _)| text.starts_with('+')).collect();
            assert!(!times.is_empty(), "{texts:?}");
            for (place, (text, area)) in times.iter().enumerate() {
                for (other, other_area) in times.iter().skip(place + 1) {
                    assert!(!area.intersects(other_area), "{after} s, at {width}: {text} and {other} overlap");
                }
            }
        }
    }
}

/// Returns a scenario without changes until the Pod is deleted.
fn quiet_until(second: u32) -> String {
    format!(
        "pod: {{metadata: {{name: web}}, spec: {{containers: [{{name: app, image: app}}]}}}}\n\
         script: {{endSeconds: 7300, actions: [{{t: 30, op: kubeletRestart}}, {{t: {second}, op: delete, graceSeconds: 20}}]}}",
    )
}

#[test]
fn a_day_with_hundreds_of_restarts_is_still_a_picture() {
    let picture = Picture::of(&day_of_crashes().play().unwrap());
    assert!(picture.restarts() > 400, "{}", picture.restarts());
    for width in WIDTHS {
        let size = Svg { picture: &picture, width }.to_string().len();
        assert!(size < 300_000, "{size} bytes at {width} px");
    }
}

#[test]
fn every_fill_and_marker_of_a_picture_is_in_its_legend() {
    for (name, picture) in pictures() {
        let page = drawn(&picture, 1_000.0);
        let texts: Vec<&str> = page.canvas.texts().map(|text| &*text.text).collect();
        assert!(!page.fills.is_empty() && !page.markers.is_empty(), "{name}");
        let names = page.fills.iter().map(|fill| fill.name()).chain(page.markers.iter().map(|marker| marker.name()));
        for explained in names {
            assert!(texts.contains(&explained), "{name} does not explain {explained:?}");
        }
        let explained = page.fills.iter().map(|fill| fill.class()).chain(page.markers.iter().map(|it| it.class()));
        let explained: Vec<&str> = explained.collect();
        for layer in [Layer::Bar, Layer::Overlay, Layer::Marker] {
            // Jagged edges belong to what is skipped; what cannot be seen has a title only.
            let drawn = page.canvas.classes(layer).into_iter().filter(|class| !["ce", "hi"].contains(class));
            for class in drawn {
                assert!(explained.contains(&class), "{name} draws `{class}`, which is not in its legend");
            }
        }
    }
}

#[test]
fn no_line_goes_through_a_text() {
    for (name, picture) in pictures() {
        for width in WIDTHS {
            let page = drawn(&picture, width);
            let cuts: Vec<(f64, f64, _)> = page.scale.cuts().collect();
            for text in page.canvas.texts() {
                let area = text.area();
                let (left, right) = (area.x, area.x + area.width);
                for line in page.canvas.lines() {
                    let is_beside = line.x <= left || line.x >= right;
                    let is_apart = line.bottom <= area.y || line.top >= area.y + area.height;
                    assert!(is_beside || is_apart, "{name} at {width}: a line goes through {:?}", text.text);
                }
                // Rows between the axis and the legend have jagged edges.
                let is_row =
                    cuts.iter().all(|(from, to, _)| right <= *from || left >= *to || right < page::left(width));
                let is_outside = area.y < page.rows.0 || area.y > page.rows.1;
                assert!(is_row || is_outside, "{name} at {width}: {:?} lies on skipped time", text.text);
            }
        }
    }
}

#[test]
fn text_is_large_enough_to_read() {
    for font in [layout::Font::Title, layout::Font::Name, layout::Font::Label] {
        assert!(font.size() >= 12.0, "{font:?}");
    }
}

#[test]
fn events_that_are_always_recorded_together_share_a_row() {
    let all = pictures();
    let (_, picture) = all.iter().find(|(name, _)| name == "crash-loop").unwrap();
    let page = drawn(picture, 1_600.0);
    let texts: Vec<&str> = page.canvas.texts().map(|text| &*text.text).collect();
    assert!(texts.contains(&"Pulled, Created, Started"), "{texts:?}");
    assert!(texts.contains(&"×10") && texts.contains(&"BackOff"), "{texts:?}");
}

#[test]
fn containers_come_first_and_constant_conditions_are_folded() {
    for (name, picture) in pictures() {
        let page = drawn(&picture, 1_000.0);
        let y = |wanted: &str| page.canvas.texts().find(|text| text.text == wanted).map(|text| text.y);
        let first = y(&picture.lanes[0].name);
        assert!(name == "long names" || first < y("Phase"), "{name}");
        for track in picture.conditions.iter().filter(|track| picture.is_constant(track)) {
            assert_eq!(y(&track.name), None, "{name}: {} never changes, and has a row", track.name);
        }
    }
}

#[test]
fn nothing_lies_under_the_ground_of_a_picture() {
    for (name, picture) in pictures() {
        let shapes = drawn(&picture, 1_000.0).canvas.to_string();
        let first = shapes.lines().next().unwrap();
        assert!(first.contains(r#"class="bg""#), "{name} begins with {first}");
    }
}
