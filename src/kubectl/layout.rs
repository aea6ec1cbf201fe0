//! Text in columns.

use alloc::{string::String, vec::Vec};
use core::iter;

/// A cell wider than this does not widen its column, so that absurd input cannot fill the memory with blanks.
const WIDEST: usize = 1_024;

/// How wide columns are, in characters.
#[derive(Clone, Copy)]
pub(super) struct Columns {
    /// The least width of a column.
    pub(super) min_width: usize,
    /// Blanks after the widest cell of a column.
    pub(super) padding: usize,
}

/// Replaces the tabs of a text by blanks so that cells stand below each other.
///
/// A column is a run of consecutive lines that have a cell there; what follows a line's last tab is in no column.
///
/// Kubernetes: kubectl's output goes through Go's `text/tabwriter`.
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

/// A piece of text between two tabs or line ends; a line's last one keeps its line end.
struct Cell<'a> {
    text: &'a str,
    /// Which of all columns it stands in.
    column: Option<usize>,
}

/// Splits a text into cells, and says how wide each column is.
fn measure(text: &str, columns: Columns) -> (Vec<Cell<'_>>, Vec<usize>) {
    let (mut cells, mut widths) = (Vec::new(), Vec::new());
    let mut open: Vec<usize> = Vec::new();
    for line in text.split_inclusive(LINE_ENDS) {
        let (tabbed, last) = line.rsplit_once(CELL_ENDS).map_or((None, line), |(tabbed, last)| (Some(tabbed), last));
        let mut depth: usize = 0;
        for text in tabbed.into_iter().flat_map(|tabbed| tabbed.split(CELL_ENDS)) {
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
        open.truncate(depth);
        cells.push(Cell { text: last, column: None });
    }
    (cells, widths)
}

const CELL_ENDS: [char; 2] = ['\t', '\u{b}'];
const LINE_ENDS: [char; 2] = ['\n', '\u{c}'];

/// What a terminal would obey is shown instead.
///
/// Answers to `WriteEscaped` in `k8s.io/cli-runtime/pkg/printers`.
pub(super) fn escape(text: &str) -> String {
    text.replace('\u{1b}', "^[").replace('\r', "\\r")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIGHT: Columns = Columns { min_width: 0, padding: 1 };

    #[test]
    fn a_column_ends_where_a_line_has_no_cell_in_it() {
        let text = "a\tb\tc\naaa\tb\tc\nbreak\naaaaa\tb\na\tbbb\tc\n";
        assert_eq!(align(text, TIGHT), "a   b c\naaa b c\nbreak\naaaaa b\na     bbb c\n");
    }

    #[test]
    fn characters_count_not_bytes() {
        assert_eq!(align("é\tx\nee\tx\n", TIGHT), "é  x\nee x\n");
    }

    #[test]
    fn one_absurd_cell_does_not_blow_up_the_others() {
        let text = alloc::format!("{}\tx\n", "w".repeat(1_000_000)) + &"a\tx\n".repeat(1_000);
        assert!(align(&text, TIGHT).len() < 3_000_000);
    }
}
