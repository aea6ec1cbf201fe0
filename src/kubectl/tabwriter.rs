//! Text in aligned columns, as Go's `text/tabwriter` writes it.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt::Display, iter};

/// Widest cell that widens its column; bounds the memory that one absurd cell can take.
const WIDEST: usize = 1_024;

/// Widths of columns, in characters.
#[derive(Clone, Copy)]
pub(super) struct Columns {
    /// Least width of a column.
    pub(super) min_width: usize,
    /// Blanks after the widest cell of a column.
    pub(super) padding: usize,
}

/// Replaces the tabs of a text by blanks so that columns are aligned.
///
/// A column is a run of consecutive lines that have a cell there; text after a line's last tab belongs to no column.
pub(super) fn align(text: &str, columns: Columns) -> String {
    let (cells, widths) = measure(text, columns);
    let mut aligned = String::with_capacity(text.len());
    for cell in cells {
        aligned.push_str(cell.text);
        let width = cell.column.and_then(|column| widths.get(column)).copied().unwrap_or(0);
        aligned.extend(iter::repeat_n(' ', width.saturating_sub(cell.text.chars().count())));
    }
    aligned
}

/// Text between two tabs or line ends; the last cell of a line contains its line end.
struct Cell<'a> {
    text: &'a str,
    /// Index of its column; `None` for the last of a line.
    column: Option<usize>,
}

/// Splits a text into cells and returns the width of each column.
fn measure(text: &str, columns: Columns) -> (Vec<Cell<'_>>, Vec<usize>) {
    let (mut cells, mut widths) = (Vec::new(), Vec::new());
    // Columns that the line before left open, by depth; each points into `widths`.
    let mut open: Vec<usize> = Vec::new();
    for line in text.split_inclusive(LINE_ENDS) {
        let (tabbed, last) = line.rsplit_once(CELL_ENDS).map_or((None, line), |(tabbed, last)| (Some(tabbed), last));
        let mut depth: usize = 0;
        for text in tabbed.into_iter().flat_map(|tabbed| tabbed.split(CELL_ENDS)) {
            // A cell below another one shares its column; else it begins a new one.
            let column = open.get(depth).copied().unwrap_or_else(|| {
                open.push(widths.len());
                widths.push(columns.min_width);
                widths.len().saturating_sub(1)
            });
            if let Some(width) = widths.get_mut(column) {
                *width = text.chars().count().min(WIDEST).saturating_add(columns.padding).max(*width);
            }
            cells.push(Cell { text, column: Some(column) });
            depth = depth.saturating_add(1);
        }
        // A line without a cell at some depth ends the columns from there on.
        open.truncate(depth);
        cells.push(Cell { text: last, column: None });
    }
    (cells, widths)
}

// text/tabwriter takes vertical tabs for cell ends and form feeds for line ends.
const CELL_ENDS: [char; 2] = ['\t', '\u{b}'];
const LINE_ENDS: [char; 2] = ['\n', '\u{c}'];

/// Makes control sequences visible instead of passing them to the terminal.
///
/// Answers to `WriteEscaped` in `k8s.io/cli-runtime/pkg/printers`.
pub(super) fn escape(text: &str) -> String {
    text.replace('\u{1b}', "^[").replace('\r', "\\r")
}

const INDENT: &str = "  ";

/// Text of `kubectl describe` that is written line by line, with tabs between cells: `PrefixWriter`.
#[derive(Default)]
pub(super) struct Sheet {
    text: String,
}

impl Sheet {
    /// Widths of `kubectl describe`: `tabbedString`.
    const COLUMNS: Columns = Columns { min_width: 0, padding: 2 };

    /// Writes a line, indented by its level.
    pub(super) fn line(&mut self, level: usize, text: impl Display) {
        self.text.extend([&*INDENT.repeat(level), &*text.to_string(), "\n"]);
    }

    /// Writes a line of the form `Label:  value`.
    pub(super) fn field(&mut self, level: usize, label: &str, value: impl Display) {
        self.line(level, format_args!("{label}:\t{value}"));
    }

    /// Writes a field unless its value is empty.
    pub(super) fn field_if_any(&mut self, level: usize, label: &str, value: &str) {
        if !value.is_empty() {
            self.field(level, label, value);
        }
    }

    /// Writes a field of several lines, or of `<none>`.
    pub(super) fn list(&mut self, label: &str, lines: impl IntoIterator<Item = String>) {
        let mut lines = lines.into_iter();
        self.field(0, label, lines.next().as_deref().unwrap_or("<none>"));
        // An empty first cell, so that the values stand below one another.
        lines.for_each(|line| self.line(0, format!("\t{line}")));
    }

    /// Returns the text with its columns aligned and control sequences made visible.
    pub(super) fn finish(self) -> String {
        align(&escape(&self.text), Sheet::COLUMNS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIGHT: Columns = Columns { min_width: 0, padding: 1 };

    #[test]
    fn a_column_ends_at_a_line_without_a_cell_in_it() {
        let text = "a\tb\tc\naaa\tb\tc\nbreak\naaaaa\tb\na\tbbb\tc\n";
        assert_eq!(align(text, TIGHT), "a   b c\naaa b c\nbreak\naaaaa b\na     bbb c\n");
    }

    #[test]
    fn widths_are_counted_in_characters() {
        assert_eq!(align("é\tx\nee\tx\n", TIGHT), "é  x\nee x\n");
    }

    #[test]
    fn one_absurd_cell_does_not_widen_its_column() {
        let text = alloc::format!("{}\tx\n", "w".repeat(1_000_000)) + &"a\tx\n".repeat(1_000);
        assert!(align(&text, TIGHT).len() < 3_000_000);
    }
}
