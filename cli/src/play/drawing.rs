//! The life as a picture.

use std::io::{self, IsTerminal as _};

use pod_lifecycle::render::{Gantt, Lanes, Picture, Svg};

/// Columns where there is no terminal.
const COLUMNS: u16 = 80;

/// Width of a picture in px: a README and a book have room for it, so that its text is not scaled down.
const WIDTH: u32 = 720;

/// The life as SVG.
pub(crate) fn svg(picture: &Picture) -> String {
    Svg::of(picture).width(WIDTH).to_string()
}

/// The life for Mermaid.
pub(crate) fn gantt(picture: &Picture) -> String {
    Gantt::of(picture).to_string()
}

/// The life as lanes of letters, as wide as the terminal; 80 columns in a file.
pub(crate) fn lanes(picture: &Picture) -> String {
    let from_environment = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let of_terminal = || io::stdout().is_terminal().then(|| console::Term::stdout().size().1);
    let columns: u16 = from_environment.or_else(of_terminal).unwrap_or(COLUMNS);
    Lanes::of(picture).columns(columns.into()).to_string()
}
