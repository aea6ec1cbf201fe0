//! What `kubectl get pods --watch` prints: a row whenever one but for the passing of time changes.

use pod_lifecycle::kubectl::Row;

use crate::play::life::Life;

const HEADINGS: [&str; 5] = ["NAME", "READY", "STATUS", "RESTARTS", "AGE"];
/// Between two columns, as `kubectl` has it.
const GAP: usize = 3;

/// The heading and every row.
pub(crate) fn table(life: &Life) -> String {
    let name = &life.pod.metadata.name;
    let mut rows: Vec<&Row> = life.moments.iter().filter_map(|moment| moment.row.as_ref()).collect();
    rows.dedup_by(|next, before| lasting(next) == lasting(before));
    let cells = rows.into_iter().map(|row| [name.as_str(), &row.ready, &row.status, &row.restarts, &row.age]);
    let lines: Vec<[&str; 5]> = std::iter::once(HEADINGS).chain(cells).collect();
    let widths = lines.iter().fold([0; 5], |widths: [usize; 5], line| {
        let mut cells = line.iter().map(|cell| cell.chars().count());
        widths.map(|width| width.max(cells.next().unwrap_or_default()))
    });
    let mut text = String::new();
    for line in &lines {
        let padded = line.iter().zip(widths).map(|(cell, width)| format!("{cell:0$}", width.saturating_add(GAP)));
        text.push_str(padded.collect::<String>().trim_end());
        text.push('\n');
    }
    text
}

/// What of a row does not change by itself: AGE does, and the `(5m ago)` of RESTARTS.
fn lasting(row: &Row) -> (&str, &str, &str) {
    let restarts = row.restarts.split_once(' ').map_or(&*row.restarts, |(count, _)| count);
    (&row.ready, &row.status, restarts)
}
