//! The guide's page on upgrades: written by playing the named recordings on every version.

use std::{env, fmt::Write as _, fs, path::Path};

use pod_lifecycle::{
    config::{FeatureGate, KubeletChange, KubernetesVersion},
    sim::Scenario,
};
use pod_lifecycle_conformance as recordings;
use serde_json::Value;

const PAGE: &str = "docs/upgrading.md";

const HEAD: &str = "\
# What changes for your Pods when you upgrade

The 64 named lives of `tests/vectors/lives/named.jsonl.gz`, played on each version of the kubelet with its own feature
gates. A life is one Pod with a script of what its containers do; its name says what happens. This page is written by
`cargo test -p pod-lifecycle-conformance upgrading`, which fails if it is no longer true; with `UPDATE=1` it writes the page
anew. The recordings of the real kubelets are in `tests/vectors/versions`.

Play your own Pod: `podlife play --pod POD.yaml --kubernetes 1.34`.
";

/// Versions whose kubelets were recorded.
const VERSIONS: [KubernetesVersion; 5] = [
    KubernetesVersion::V1_32,
    KubernetesVersion::V1_33,
    KubernetesVersion::V1_34,
    KubernetesVersion::V1_35,
    KubernetesVersion::V1_36,
];

#[test]
fn the_page_on_upgrades_says_where_the_named_lives_differ_between_versions() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = page(&root);
    let file = root.join(PAGE);
    if env::var_os("UPDATE").is_some() {
        fs::write(&file, &page).unwrap();
    }
    assert_eq!(fs::read_to_string(&file).unwrap_or_default(), page, "{PAGE} is out of date: UPDATE=1 writes it");
}

fn page(root: &Path) -> String {
    let named = recordings::recordings(&root.join("tests/vectors/lives")).unwrap();
    let named = named.into_iter().find(|recording| recording.name == "named").unwrap();
    let lines: Vec<Value> = recordings::lines(&named).unwrap().map(Result::unwrap).collect();
    let mut page = HEAD.to_owned();
    for pair in VERSIONS.windows(2) {
        write_upgrade(&mut page, pair[0], pair[1], &lines);
    }
    page
}

fn write_upgrade(page: &mut String, from: KubernetesVersion, to: KubernetesVersion, lines: &[Value]) {
    write!(page, "\n## From {from} to {to}\n\n").unwrap();
    for change in KubeletChange::ALL.iter().filter(|change| change.since() == to) {
        writeln!(page, "- {}", change.description()).unwrap();
    }
    let turned_on = |gate: &&FeatureGate| gate.default_in(from) != Some(true) && gate.default_in(to) == Some(true);
    let gates: Vec<String> = FeatureGate::ALL.iter().filter(turned_on).map(|gate| format!("`{gate}`")).collect();
    if !gates.is_empty() {
        writeln!(page, "- Feature gates that are on now: {}.", gates.join(", ")).unwrap();
    }
    let rows: Vec<String> = lines.iter().filter_map(|line| row(line, from, to)).collect();
    if rows.is_empty() {
        page.push_str("\nNone of the named lives differs.\n");
        return;
    }
    writeln!(
        page,
        "\nOf {} lives {} differ; in each column, the second of the first difference:\n",
        lines.len(),
        rows.len()
    )
    .unwrap();
    page.push_str("| life | status | calls of the runtime | events |\n|---|---|---|---|\n");
    rows.iter().for_each(|row| page.push_str(row));
}

/// A life with the second at which it first differs, in statuses, calls and events; `None` if it does not.
fn row(line: &Value, from: KubernetesVersion, to: KubernetesVersion) -> Option<String> {
    let [before, after] = [from, to].map(|version| play(line, version));
    let differ = ["statuses", "cri", "events"].map(|part| first_difference(&before[part], &after[part]));
    if differ.iter().all(Option::is_none) {
        return None;
    }
    let cells = differ.map(|at| at.map_or_else(|| "same".to_owned(), |at| format!("{at} s")));
    let name = line["id"].as_str().unwrap().trim_start_matches("named-");
    Some(format!("| {name} | {} |\n", cells.join(" | ")))
}

fn play(line: &Value, version: KubernetesVersion) -> Value {
    let mut line = line.clone();
    line["version"] = version.as_str().into();
    let scenario: Scenario = recordings::lives::scenario(&line).unwrap();
    assert_eq!(scenario.config.kubernetes, version);
    recordings::lives::replay(&line).unwrap()
}

/// Returns the time of the first entry that differs; several statuses of one instant count as their last.
fn first_difference(before: &Value, after: &Value) -> Option<f64> {
    let [before, after] = [before, after].map(last_of_each_instant);
    let place = (0..before.len().max(after.len())).find(|&place| before.get(place) != after.get(place))?;
    let times = [before.get(place), after.get(place)].into_iter().flatten().filter_map(|entry| entry["t"].as_f64());
    times.reduce(f64::min)
}

fn last_of_each_instant(entries: &Value) -> Vec<Value> {
    let mut last: Vec<Value> = Vec::new();
    for entry in entries.as_array().into_iter().flatten() {
        if entry.get("status").is_some() && last.last().is_some_and(|before| before["t"] == entry["t"]) {
            last.pop();
        }
        last.push(entry.clone());
    }
    last
}
