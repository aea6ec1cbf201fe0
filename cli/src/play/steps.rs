//! The life as people read it: a summary, then steps, each with the row of `kubectl get pods`, what happened and what
//! changed, then the events, equal ones counted.

use std::{collections::BTreeSet, fmt::Write};

use pod_lifecycle::{
    go_duration,
    kubectl::Row,
    status::{EventType, RecordedEvent},
};

use crate::{
    paint,
    play::{
        change::Change,
        life::Life,
        moment::{Event, Moment, offset},
    },
};

/// Indent of everything below a row.
const INDENT: &str = "          ";

/// Conditions that say nothing which the row does not say, unless they are asked for.
const MINOR_CONDITIONS: [&str; 4] = ["PodReadyToStartContainers", "Initialized", "ContainersReady", "PodScheduled"];

/// Prints the whole life; `all`: with every event, condition and uid.
pub(crate) fn print(life: &Life, all: bool) -> String {
    let mut steps = Steps {
        uid: format!("_{}({})", life.pod.metadata.namespace, life.pod.metadata.uid),
        all,
        warned: BTreeSet::new(),
        text: heading(life),
    };
    let columns = Columns::of(life);
    steps.line(&paint::strong(columns.line("TIME", ["READY", "STATUS", "RESTARTS", "AGE"])));
    for moment in life.moments.first() {
        steps.moment(&columns, moment);
    }
    if life.moments.left_out() > 0 {
        let more = format!("... {} steps are left out; --all prints them", life.moments.left_out());
        steps.line(&paint::faint(more));
    }
    for moment in life.moments.last() {
        steps.moment(&columns, moment);
    }
    if !all {
        steps.events(life);
    }
    steps.text + "\n" + &ending(life) + "\n"
}

fn heading(life: &Life) -> String {
    let name = paint::strong(&life.pod.metadata.name);
    let mut text = format!("{name}, from {}\n", life.start);
    for line in life.description.lines() {
        let _ = writeln!(text, "{}", paint::faint(line));
    }
    text.push('\n');
    for (what, says) in summary(life) {
        let _ = writeln!(text, "{} {says}", paint::strong(format_args!("{what:<9}")));
    }
    text + "\n"
}

/// What the life comes to: a few lines, each with its heading.
fn summary(life: &Life) -> Vec<(&'static str, String)> {
    let whole = life.removed.unwrap_or(life.end);
    let ready = match life.summary.first_ready {
        None => "never".into(),
        Some(first) if first.saturating_add(life.summary.ready) == whole => {
            format!("after {}, to the end", go_duration(first))
        }
        Some(first) => {
            let (ready, whole) = (go_duration(life.summary.ready), go_duration(whole));
            format!("first after {}; for {ready} of {whole}", go_duration(first))
        }
    };
    let mut lines = vec![("Ready", ready)];
    let restarts = life.pod.status.every_container().filter(|container| container.restart_count > 0);
    let restarts: Vec<String> = restarts.map(|it| format!("{} {}", it.name, it.restart_count)).collect();
    lines.push(("Restarts", if restarts.is_empty() { "none".into() } else { restarts.join(", ") }));
    let exits = life.summary.exits.iter().map(|((container, cause), count)| match count {
        1 => format!("{container} with {cause}"),
        count => format!("{container} {count} times with {cause}"),
    });
    let exits: Vec<String> = exits.collect();
    if !exits.is_empty() {
        lines.push(("Exits", exits.join(", ")));
    }
    let last = life.moments.newest().and_then(|moment| moment.last_row.as_ref());
    let last = last.map(|row| format!("{} {}", row.ready, row.status)).unwrap_or_default();
    lines.push(("End", format!("{last}. {}", ending(life))));
    lines
}

fn ending(life: &Life) -> String {
    let mut text = match life.finished {
        Some(at) => format!("The kubelet is done with the Pod at {}", offset(at)),
        None => format!("The simulation ends at {}; the Pod goes on", offset(life.end)),
    };
    match (life.removed, life.finished) {
        (Some(removed), Some(finished)) if removed == finished => text.push_str(", and its API object is removed"),
        (Some(removed), _) => {
            let _ = write!(text, "; its API object is removed at {}", offset(removed));
        }
        (None, Some(finished)) if finished < life.end => {
            let _ = write!(text, "; the simulation ends at {}", offset(life.end));
        }
        (None, _) => {}
    }
    text + "."
}

/// The widths of the columns: as wide as the widest cell.
struct Columns([usize; 5]);

impl Columns {
    fn of(life: &Life) -> Columns {
        let mut widths = ["TIME", "READY", "STATUS", "RESTARTS", "AGE"].map(str::len);
        for moment in life.moments.iter() {
            let time = offset(moment.at);
            let cells = moment.last_row.iter().flat_map(cells);
            for (width, cell) in widths.iter_mut().zip(std::iter::once(time.as_str()).chain(cells)) {
                *width = cell.chars().count().max(*width);
            }
        }
        widths[0] = widths[0].max(INDENT.len().saturating_sub(2));
        Columns(widths)
    }

    fn line(&self, time: &str, cells: [&str; 4]) -> String {
        let [time_width, ready, status, restarts, _] = self.0;
        let [a, b, c, d] = cells;
        format!("{time:time_width$}  {a:ready$}   {b:status$}   {c:restarts$}   {d}").trim_end().into()
    }
}

fn cells(row: &Row) -> [&str; 4] {
    [&row.ready, &row.status, &row.restarts, &row.age]
}

struct Steps {
    text: String,
    /// What stands behind the Pod's name in messages: `_shop(5f0c…)`.
    uid: String,
    all: bool,
    /// Warnings that were shown in their place.
    warned: BTreeSet<(String, Option<String>, String)>,
}

impl Steps {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn below(&mut self, line: &str) {
        self.text.push_str(INDENT);
        self.line(line);
    }

    fn moment(&mut self, columns: &Columns, moment: &Moment) {
        let changes: Vec<&Change> = moment.changes.iter().filter(|change| self.all || !is_minor(change)).collect();
        let events: Vec<&Event> = moment.events.iter().filter(|event| self.is_news(event)).collect();
        if moment.happened.is_empty() && changes.is_empty() && events.is_empty() && moment.explanation.is_none() {
            return;
        }
        let time = offset(moment.at);
        let row = moment.last_row.as_ref().map(|row| columns.line(&time, cells(row)));
        self.line(&paint::strong(row.unwrap_or(time)));
        for happened in &moment.happened {
            self.below(&paint::faint(format_args!("* {happened}")));
        }
        for change in changes {
            let line = change_line(change);
            let line = self.without_uid(&line);
            self.below(&line);
        }
        for event in events {
            let line = self.without_uid(&event_line(event));
            self.below(&line);
        }
        if let Some(explanation) = &moment.explanation {
            for line in explanation.to_string().lines() {
                self.below(&paint::faint(format_args!("| {line}")));
            }
            for (container, probe) in moment.events.iter().filter_map(failed_probe) {
                let line = format!("The kubelet stopped `{container}` because its {probe} probe had failed.");
                self.below(&paint::faint(format_args!("| {line}")));
            }
        }
    }

    /// True if an event stands in its place: the first of equal warnings, unless all are asked for.
    fn is_news(&mut self, event: &Event) -> bool {
        if self.all {
            return true;
        }
        let key = || (event.reason.clone(), event.container.clone(), event.message.clone());
        event.type_ == "Warning" && self.warned.insert(key())
    }

    fn without_uid(&self, text: &str) -> String {
        if self.all { text.into() } else { text.replace(&self.uid, "") }
    }

    /// Prints the events, each with how often it was recorded, and when first and last.
    fn events(&mut self, life: &Life) {
        if life.events.is_empty() {
            return;
        }
        self.line("");
        self.line(&paint::strong("Events, equal ones counted:"));
        let mut lines: Vec<(String, String, &RecordedEvent)> = Vec::new();
        for event in &life.events {
            let since = |at: pod_lifecycle::Timestamp| offset(at.since(life.start));
            let when = match event.count {
                1 => since(event.first_seen),
                _ => format!("{} to {}", since(event.first_seen), since(event.last_seen)),
            };
            let count = if event.count == 1 { String::new() } else { format!("{}x", event.count) };
            lines.push((when, count, event));
        }
        let width =
            |cells: fn(&(String, String, &RecordedEvent)) -> usize| lines.iter().map(cells).max().unwrap_or_default();
        let (when_width, count_width) = (width(|line| line.0.len()), width(|line| line.1.len()));
        for (when, count, event) in &lines {
            let container = event.container.as_ref().map(|name| format!(" {{{name}}}")).unwrap_or_default();
            let message = self.without_uid(&event.message.replace('\n', " "));
            let reason =
                if event.type_ == EventType::Warning { paint::odd(&event.reason) } else { event.reason.clone() };
            self.text
                .push_str(&format!("  {when:when_width$}  {count:>count_width$}  {reason}{container}: {message}\n"));
        }
    }
}

/// True if a change says nothing which the row does not say.
fn is_minor(change: &Change) -> bool {
    match change {
        Change::Condition { type_, to, .. } => {
            let is_kept = type_ == "PodScheduled" && to == "False";
            MINOR_CONDITIONS.contains(&type_.as_str()) && !is_kept
        }
        Change::Phase { .. } | Change::Container { .. } | Change::Ready { .. } | Change::Started { .. } => false,
    }
}

fn change_line(change: &Change) -> String {
    match change {
        Change::Phase { from, to, reason, message } => {
            format!("phase {}{}", step(from.as_deref(), to), because(reason, message))
        }
        Change::Condition { type_, from, to, reason, message } => {
            format!("condition {type_} {}{}", step(from.as_deref(), to), because(reason, message))
        }
        Change::Container { name, from, to, reason, exit_code, message } => {
            let code = exit_code.map(|code| format!(" with code {code}")).unwrap_or_default();
            let from = from.as_deref().filter(|from| from != to);
            format!("container {name} {}{code}{}", step(from, to), because(reason, message))
        }
        Change::Ready { name, ready: true } => format!("container {name} {}", paint::good("is ready")),
        Change::Ready { name, ready: false } => format!("container {name} {}", paint::odd("is not ready")),
        Change::Started { name, started: true } => format!("container {name} {}", paint::good("has started up")),
        Change::Started { name, started: false } => format!("container {name} {}", paint::odd("has not started up")),
    }
}

fn step(from: Option<&str>, to: &str) -> String {
    let to = match to {
        "Running" | "True" | "Succeeded" => paint::good(to),
        "Failed" | "Terminated" => paint::bad(to),
        _ => paint::odd(to),
    };
    match from {
        Some(from) => format!("{from} -> {to}"),
        None => to,
    }
}

fn because(reason: &str, message: &str) -> String {
    let message = message.replace('\n', " ");
    match (reason, message.as_str()) {
        ("", "") => String::new(),
        (one, "") | ("", one) => format!(": {one}"),
        (reason, message) => format!(": {reason}, {message}"),
    }
}

fn event_line(event: &Event) -> String {
    let type_ = if event.type_ == "Warning" { paint::odd(&event.type_) } else { event.type_.clone() };
    let container = event.container.as_ref().map(|name| format!(" {{{name}}}")).unwrap_or_default();
    format!("event {type_} {}{container}: {}", event.reason, event.message.replace('\n', " "))
}

/// Returns the container that an event says was stopped for a failed probe, and the probe; a status alone does not show it.
fn failed_probe(event: &Event) -> Option<(&str, &str)> {
    let container = event.container.as_deref().filter(|_| event.reason == "Killing")?;
    ["liveness", "startup"]
        .into_iter()
        .find_map(|probe| event.message.contains(&format!("failed {probe} probe")).then_some((container, probe)))
}
