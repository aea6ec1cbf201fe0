//! The life as steps: at each moment the row of `kubectl get pods`, then what happened, what changed and what the
//! kubelet recorded.

use std::fmt::Write;

use pod_lifecycle::kubectl::Row;

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

/// Prints the whole life.
pub(crate) fn print(life: &Life) -> String {
    let mut text = heading(life);
    let columns = Columns::of(life);
    let _ = writeln!(text, "{}", paint::strong(columns.line("TIME", ["READY", "STATUS", "RESTARTS", "AGE"])));
    for moment in &life.moments {
        print_moment(&mut text, &columns, moment);
    }
    text + &ending(life)
}

fn heading(life: &Life) -> String {
    let name = paint::strong(&life.pod.metadata.name);
    let mut text = format!("{name} begins at {}\n", life.timeline.start);
    for line in life.description.lines() {
        let _ = writeln!(text, "{}", paint::faint(line));
    }
    text + "\n"
}

fn ending(life: &Life) -> String {
    let at = offset(life.end);
    let mut text = match life.is_finished {
        true => format!("\nThe kubelet is done with the Pod at {at}"),
        false => format!("\nThe simulation ends at {at}; the Pod goes on"),
    };
    if let Some(removed) = life.removed {
        let _ = write!(text, "; its API object was removed at {}", offset(removed));
    }
    text + ".\n"
}

/// The widths of the columns: as wide as the widest cell.
struct Columns([usize; 5]);

impl Columns {
    fn of(life: &Life) -> Columns {
        let mut widths = ["TIME", "READY", "STATUS", "RESTARTS", "AGE"].map(str::len);
        for moment in &life.moments {
            let time = offset(moment.at);
            let cells = moment.row.iter().flat_map(cells);
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

fn print_moment(text: &mut String, columns: &Columns, moment: &Moment) {
    let time = offset(moment.at);
    let line = match &moment.row {
        Some(row) => columns.line(&time, cells(row)),
        None => columns.line(&time, ["-", "(removed from the API)", "", ""]),
    };
    let _ = writeln!(text, "{}", paint::strong(line));
    for happened in &moment.happened {
        let _ = writeln!(text, "{INDENT}{}", paint::faint(format_args!("* {happened}")));
    }
    for change in &moment.changes {
        let _ = writeln!(text, "{INDENT}{}", change_line(change));
    }
    for event in &moment.events {
        let _ = writeln!(text, "{INDENT}{}", event_line(event));
    }
    if let Some(explanation) = &moment.explanation {
        for line in explanation.to_string().lines() {
            let _ = writeln!(text, "{INDENT}{}", paint::faint(format_args!("| {line}")));
        }
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
