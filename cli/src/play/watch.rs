//! What `kubectl get pods --watch` prints: a row for each change, the last for the removed object.

use pod_lifecycle::kubectl::Row;

use crate::play::life::Life;

const HEADINGS: [&str; 5] = ["NAME", "READY", "STATUS", "RESTARTS", "AGE"];
/// Between two columns, as `kubectl` has it.
const GAP: usize = 3;

/// The heading and every row.
pub(crate) fn table(life: &Life) -> String {
    let name = &life.pod.metadata.name;
    let cells = |row| cells(name, row);
    let heading = std::iter::once(HEADINGS);
    let lines: Vec<[&str; 5]> = heading.chain(life.rows.first().iter().map(cells)).collect();
    let rest: Vec<[&str; 5]> = life.rows.last().map(cells).collect();
    let widths = widths(lines.iter().chain(&rest));
    let mut text = String::new();
    print(&mut text, &lines, widths);
    if life.rows.left_out() > 0 {
        text.push_str(&format!("... {} rows are left out; --all prints them\n", life.rows.left_out()));
    }
    print(&mut text, &rest, widths);
    text
}

/// The heading and the row at the end.
#[cfg(feature = "mdbook")]
pub(crate) fn last(life: &Life) -> String {
    let row = pod_lifecycle::kubectl::row(&life.pod, life.start + life.end);
    let lines = [HEADINGS, cells(&life.pod.metadata.name, &row)];
    let mut text = String::new();
    print(&mut text, &lines, widths(&lines));
    text
}

fn cells<'a>(name: &'a str, row: &'a Row) -> [&'a str; 5] {
    [name, &row.ready, &row.status, &row.restarts, &row.age]
}

fn widths<'a, 'b: 'a>(lines: impl IntoIterator<Item = &'a [&'b str; 5]>) -> [usize; 5] {
    lines.into_iter().fold([0; 5], |widths: [usize; 5], line| {
        let mut cells = line.iter().map(|cell| cell.chars().count());
        widths.map(|width| width.max(cells.next().unwrap_or_default()))
    })
}

fn print(text: &mut String, lines: &[[&str; 5]], widths: [usize; 5]) {
    for line in lines {
        let padded = line.iter().zip(widths).map(|(cell, width)| format!("{cell:0$}", width.saturating_add(GAP)));
        text.push_str(padded.collect::<String>().trim_end());
        text.push('\n');
    }
}
