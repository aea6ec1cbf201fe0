//! Colours; taken out again where standard output is no terminal.

use std::fmt::Display;

use clap::builder::styling::{AnsiColor, Style};

/// Something is wrong.
pub(crate) fn bad(text: impl Display) -> String {
    paint(AnsiColor::Red.on_default().bold(), text)
}

/// Something deserves a look.
pub(crate) fn odd(text: impl Display) -> String {
    paint(AnsiColor::Yellow.on_default(), text)
}

/// All is well.
pub(crate) fn good(text: impl Display) -> String {
    paint(AnsiColor::Green.on_default(), text)
}

/// What the eye looks for first.
pub(crate) fn strong(text: impl Display) -> String {
    paint(Style::new().bold(), text)
}

/// What the eye may skip.
pub(crate) fn faint(text: impl Display) -> String {
    paint(Style::new().dimmed(), text)
}

fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}
