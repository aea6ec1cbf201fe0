//! Report on Pods: those in trouble first, equal causes together, the others counted.

use std::{collections::BTreeMap, fmt::Write as _};

use pod_lifecycle::{
    Timestamp,
    api::PodManifest,
    explain::{Explanation, ObservedPod, Urgency},
    kubectl,
};
use serde_json::{Value, json};

use super::{
    Format, Shown,
    input::{Input, Objects},
    strong,
    workload::Explained,
};

/// Most Pods of one cause that the table has; `--all` shows them all.
const SHOWN: usize = 10;

/// What was found out about everything that was read.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// Pods that are shown, in the order of the files.
    pods: Vec<Entry>,
    workloads: Vec<Explained>,
    /// Numbers of Pods by urgency.
    counts: BTreeMap<Urgency, usize>,
    /// Numbers of the objects that make no Pods, by kind.
    others: BTreeMap<String, usize>,
    events: usize,
    errors: Vec<String>,
    shows_all: bool,
    /// True for JSON.
    is_data: bool,
}

/// A Pod that is shown.
#[derive(Debug)]
struct Entry {
    namespace: String,
    name: String,
    row: kubectl::Row,
    urgency: Urgency,
    cause: String,
    /// Explanation as text, with the contradictions of the status.
    text: String,
    /// The same as data, if it is asked for.
    json: Option<Value>,
}

impl Report {
    /// Explains everything that was read.
    pub(super) fn of(input: &Input, shown: &Shown) -> Report {
        let mut objects = input.objects();
        let mut report = Report { shows_all: shown.all, is_data: shown.output == Format::Json, ..Report::default() };
        let (now, node) = (shown.now(), shown.node());
        let is_one = objects.pods.len() == 1;
        let pods = std::mem::take(&mut objects.pods);
        for object in &pods {
            let observed = object.pod().and_then(|manifest| {
                let observed =
                    ObservedPod::from_manifest(manifest).map_err(|error| format!("{}: {error}", object.place()))?;
                let events = objects.events_of(&observed.manifest().metadata);
                Ok(observed.with_events(events))
            });
            match observed {
                Ok(pod) => report.add(&pod, &pod.explain_on(&node, now), now, is_one),
                Err(error) => report.errors.push(error),
            }
        }
        report.add_workloads(&mut objects);
        report.events = objects.event_count();
        report.others = objects.others;
        // Errors of files and of lists come first.
        report.errors.splice(..0, objects.errors);
        report
    }

    fn add(&mut self, pod: &ObservedPod, explanation: &Explanation, now: Timestamp, is_only: bool) {
        let urgency = explanation.urgency();
        let count = self.counts.entry(urgency).or_default();
        *count = count.saturating_add(1);
        let is_shown = match urgency {
            Urgency::Trouble | Urgency::Restarted | Urgency::Changing => true,
            Urgency::Well | Urgency::Done | _ => is_only || self.shows_all,
        };
        if is_shown {
            self.pods.push(Entry::of(pod, explanation, urgency, now, self.is_data));
        }
    }

    fn add_workloads(&mut self, objects: &mut Objects<'_>) {
        for (object, _) in &std::mem::take(&mut objects.workloads) {
            match object.workload() {
                Ok(workload) => self.workloads.push(Explained::of(&workload)),
                Err(error) => self.errors.push(error),
            }
        }
    }

    /// Returns what cannot be read.
    pub(super) fn errors(&self) -> &[String] {
        &self.errors
    }

    /// Returns the state of the Pods without times: equal as long as there is nothing new to say.
    pub(super) fn state(&self) -> String {
        let state = |entry: &Entry| format!("{} {} {}", entry.row.status, entry.row.ready, entry.cause);
        self.pods.iter().map(state).collect::<Vec<_>>().join("\n")
    }

    fn total(&self) -> usize {
        self.counts.values().sum()
    }

    // --- Text ---

    /// Returns the report for people; empty if nothing could be read.
    pub(super) fn text(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        match (&*self.pods, self.total()) {
            ([only], 1) => parts.push(format!("{}\n{}", only.table(), only.text)),
            _ => {
                let groups = self.groups();
                parts.extend(self.table(&groups));
                parts.extend(self.summary());
                parts.extend(groups.iter().map(|group| Report::group_text(group)));
            }
        }
        parts.extend(self.workloads_text());
        parts.extend(self.others_text());
        parts.join("\n")
    }

    /// Returns the Pods of equal causes together, the most urgent first; of equal urgency, the largest group.
    fn groups(&self) -> Vec<Vec<&Entry>> {
        let mut groups: BTreeMap<(Urgency, &str), Vec<&Entry>> = BTreeMap::new();
        for entry in &self.pods {
            groups.entry((entry.urgency, &entry.cause)).or_default().push(entry);
        }
        let mut groups: Vec<Vec<&Entry>> = groups.into_values().collect();
        groups.sort_by_key(|group| (group.first().map(|entry| entry.urgency), std::cmp::Reverse(group.len())));
        groups
    }

    fn table(&self, groups: &[Vec<&Entry>]) -> Option<String> {
        let has_namespaces = self.pods.iter().any(|entry| !entry.namespace.is_empty());
        let mut lines: Vec<Vec<String>> = Vec::new();
        for group in groups {
            let most = if self.shows_all { usize::MAX } else { SHOWN };
            lines.extend(group.iter().take(most).map(|entry| entry.cells(has_namespaces)));
            if let Some(more @ 1..) = group.len().checked_sub(most) {
                let mut cells = vec![String::new(); if has_namespaces { 1 } else { 0 }];
                cells.push(format!("... and {} more like these", thousands(more)));
                lines.push(cells);
            }
        }
        if lines.is_empty() {
            return None;
        }
        let mut headings = vec!["NAME", "READY", "STATUS", "RESTARTS", "AGE"];
        if has_namespaces {
            headings.insert(0, "NAMESPACE");
        }
        lines.insert(0, headings.into_iter().map(str::to_owned).collect());
        Some(aligned(&lines))
    }

    /// Returns the numbers of Pods, if there is more than one or none.
    fn summary(&self) -> Option<String> {
        let total = self.total();
        if total == 0 {
            return None;
        }
        let count = |urgency: Urgency| self.counts.get(&urgency).copied().unwrap_or_default();
        let mut counts = Vec::new();
        for (urgency, words) in [
            (Urgency::Trouble, "in trouble"),
            (Urgency::Restarted, "running again after an exit within the last hour"),
            (Urgency::Changing, "starting or being stopped"),
            (Urgency::Well, "well"),
            (Urgency::Done, "succeeded"),
        ] {
            if count(urgency) > 0 {
                counts.push(format!("{} {words}", thousands(count(urgency))));
            }
        }
        let pods = if total == 1 { "Pod" } else { "Pods" };
        let hint = if self.shows_all || self.pods.len() == total { "" } else { " (--all shows every one)" };
        Some(strong(format!("{} {pods}: {}", thousands(total), counts.join(", "))) + hint + "\n")
    }

    fn group_text(group: &[&Entry]) -> String {
        let mut text = String::new();
        let Some((first, rest)) = group.split_first() else { return text };
        if !rest.is_empty() {
            let names: Vec<String> = rest.iter().take(SHOWN).map(|entry| entry.full_name()).collect();
            let more = rest.len().checked_sub(SHOWN).filter(|more| *more > 0);
            let more = more.map(|more| format!(" and {} more", thousands(more))).unwrap_or_default();
            let _ = writeln!(text, "{}", strong(format!("{} Pods: {}", thousands(group.len()), first.cause)));
            let _ = writeln!(text, "{} stands for {}{more}.", first.full_name(), names.join(", "));
        }
        text.push_str(&first.text);
        text
    }

    fn workloads_text(&self) -> Option<String> {
        // Beside Pods, only what the Pods do not show.
        let is_shown = |workload: &&Explained| self.total() == 0 || self.shows_all || !workload.troubles.is_empty();
        let mut text = String::new();
        for workload in self.workloads.iter().filter(is_shown) {
            let _ = writeln!(text, "{}: {}.", workload.name, workload.makes);
            if !workload.troubles.is_empty() {
                let _ = writeln!(text, "  Conditions: {}.", workload.troubles.join("; "));
            }
            if self.total() == 0 {
                let _ = writeln!(
                    text,
                    "  Why its Pods are as they are stands in the Pods: give them too (kubectl get pods -o json)."
                );
            }
        }
        let left_out = self.workloads.iter().filter(|workload| !is_shown(workload)).count();
        if left_out > 0 {
            let words = if left_out == 1 { "object makes Pods and has" } else { "objects make Pods and have" };
            let _ = writeln!(
                text,
                "{} {words} no trouble of {}.",
                thousands(left_out),
                if left_out == 1 { "its own" } else { "their own" }
            );
        }
        Some(text).filter(|text| !text.is_empty())
    }

    fn others_text(&self) -> Option<String> {
        if self.others.is_empty() {
            return None;
        }
        let kinds: Vec<String> =
            self.others.iter().map(|(kind, count)| format!("{} {kind}", thousands(*count))).collect();
        Some(format!("Skipped, since they make no Pods: {}.\n", kinds.join(", ")))
    }

    // --- Data ---

    /// Returns the report as one JSON document.
    pub(super) fn json(&self) -> String {
        let count = |urgency: Urgency| self.counts.get(&urgency).copied().unwrap_or_default();
        let mut pods: Vec<&Entry> = self.groups().into_iter().flatten().collect();
        pods.sort_by_key(|entry| entry.urgency);
        let workloads = self
            .workloads
            .iter()
            .map(|workload| json!({"name": workload.name, "makes": workload.makes, "conditions": workload.troubles}));
        let document = json!({
            "counts": {
                "pods": self.total(),
                "trouble": count(Urgency::Trouble),
                "restarted": count(Urgency::Restarted),
                "changing": count(Urgency::Changing),
                "well": count(Urgency::Well),
                "done": count(Urgency::Done),
                "events": self.events,
            },
            "pods": pods.iter().filter_map(|entry| entry.json.as_ref()).collect::<Vec<_>>(),
            "workloads": workloads.collect::<Vec<_>>(),
            "skipped": self.others,
            "errors": self.errors,
        });
        format!("{document:#}\n")
    }
}

impl Entry {
    fn of(pod: &ObservedPod, explanation: &Explanation, urgency: Urgency, now: Timestamp, is_data: bool) -> Entry {
        let PodManifest { metadata, .. } = pod.manifest();
        let mut text = format!("{explanation}\n");
        let inconsistencies = pod.inconsistencies();
        for inconsistency in &inconsistencies {
            let _ = writeln!(text, "! {inconsistency}");
        }
        let (row, cause) = (pod.row(now), explanation.cause());
        let contradictions: Vec<Value> = inconsistencies
            .iter()
            .map(|inconsistency| json!({"field": inconsistency.field, "text": inconsistency.what.to_string()}))
            .collect();
        let json = || {
            json!({
                "namespace": metadata.namespace,
                "name": metadata.name,
                "urgency": urgency,
                "cause": cause,
                "status": row.status,
                "ready": row.ready,
                "restarts": row.restarts,
                "age": row.age,
                "text": explanation.to_string(),
                "explanation": explanation,
                "inconsistencies": contradictions,
            })
        };
        let (namespace, name) = (metadata.namespace.clone(), metadata.name.clone());
        let json = is_data.then(json);
        Entry { namespace, name, row, urgency, cause, text, json }
    }

    /// Returns namespace and name.
    fn full_name(&self) -> String {
        if self.namespace.is_empty() { self.name.clone() } else { format!("{}/{}", self.namespace, self.name) }
    }

    fn cells(&self, has_namespaces: bool) -> Vec<String> {
        let kubectl::Row { ready, status, restarts, age, .. } = &self.row;
        let mut cells = vec![self.name.clone(), ready.clone(), status.clone(), restarts.clone(), age.clone()];
        if has_namespaces {
            cells.insert(0, self.namespace.clone());
        }
        cells
    }

    /// Returns the table of `kubectl get pods` for this Pod alone.
    fn table(&self) -> String {
        let headings = ["NAME", "READY", "STATUS", "RESTARTS", "AGE"].map(str::to_owned).to_vec();
        aligned(&[headings, self.cells(false)])
    }
}

/// Returns lines of cells in columns, three spaces apart, as `kubectl` prints them.
fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        // A line with fewer cells is a remark, whose last cell is no column's.
        let cells = lines.iter().filter(|line| line.len() == columns).filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let mut padded = String::new();
        for (cell, width) in line.iter().zip(&widths) {
            let _ = write!(padded, "{cell:width$}   ");
        }
        text.push_str(padded.trim_end());
        text.push('\n');
    }
    text
}

/// Returns a number with commas: `5,800`.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        let left = digits.len().saturating_sub(place);
        if place > 0 && left.is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
