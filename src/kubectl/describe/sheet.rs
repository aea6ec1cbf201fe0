//! A text that grows line by line.

use alloc::{
    format,
    string::{String, ToString},
};
use core::fmt::Display;

use crate::kubectl::layout::{Columns, align, escape};

/// The widths of `kubectl describe`.
const COLUMNS: Columns = Columns { min_width: 0, padding: 2 };

const INDENT: &str = "  ";

/// Lines with tabs between their cells.
#[derive(Default)]
pub(super) struct Sheet {
    text: String,
}

impl Sheet {
    /// A line, indented by its level.
    pub(super) fn line(&mut self, level: usize, text: impl Display) {
        self.text.extend([&*INDENT.repeat(level), &*text.to_string(), "\n"]);
    }

    /// A line of the form `Label:  value`.
    pub(super) fn field(&mut self, level: usize, label: &str, value: impl Display) {
        self.line(level, format_args!("{label}:\t{value}"));
    }

    /// A field, unless there is nothing to say.
    pub(super) fn field_if_any(&mut self, level: usize, label: &str, value: &str) {
        if !value.is_empty() {
            self.field(level, label, value);
        }
    }

    /// A field of several lines, or of `<none>`.
    pub(super) fn list(&mut self, label: &str, lines: impl IntoIterator<Item = String>) {
        let mut lines = lines.into_iter();
        self.field(0, label, lines.next().as_deref().unwrap_or("<none>"));
        lines.for_each(|line| self.line(0, format!("\t{line}")));
    }

    /// The text with its columns aligned and its control sequences made harmless.
    pub(super) fn finish(self) -> String {
        align(&escape(&self.text), COLUMNS)
    }
}
