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

Play your own Pod: `podlife play POD.yaml --kubernetes 1.34`, and again with the other version.
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
    let lives: Vec<Difference> = lines.iter().filter_map(|line| Difference::of(line, from, to)).collect();
    if lives.is_empty() {
        page.push_str("\nNone of the named lives differs.\n");
        return;
    }
    let (only_events, others): (Vec<&Difference>, Vec<&Difference>) =
        lives.iter().partition(|it| it.is_of_events_only());
    writeln!(page, "\nOf {} lives {} differ.", lines.len(), lives.len()).unwrap();
    if !others.is_empty() {
        page.push_str("In each column, the second of the first difference:\n\n");
        page.push_str("| life | status | calls of the runtime | events |\n|---|---|---|---|\n");
        others.iter().for_each(|life| page.push_str(&life.row()));
    }
    if !only_events.is_empty() {
        let names: Vec<String> = only_events.iter().map(|life| format!("`{}`", life.name)).collect();
        writeln!(page, "\nOnly events differ in {}: {}.", names.len(), names.join(", ")).unwrap();
    }
}

/// Life that two versions play differently.
struct Difference {
    name: String,
    /// Second of the first difference in statuses, calls of the runtime and events.
    at: [Option<f64>; 3],
}

impl Difference {
    /// Returns how two versions differ in a life; `None` if they do not.
    fn of(line: &Value, from: KubernetesVersion, to: KubernetesVersion) -> Option<Difference> {
        let [before, after] = [from, to].map(|version| play(line, version));
        let at = ["statuses", "cri", "events"].map(|part| first_difference(&before[part], &after[part]));
        let name = line["id"].as_str().unwrap().trim_start_matches("named-").to_owned();
        at.iter().any(Option::is_some).then_some(Difference { name, at })
    }

    fn is_of_events_only(&self) -> bool {
        matches!(self.at, [None, None, _])
    }

    fn row(&self) -> String {
        let cells = self.at.map(|at| at.map_or_else(|| "same".to_owned(), |at| format!("{at} s")));
        format!("| {} | {} |\n", self.name, cells.join(" | "))
    }
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
