//! The life as a picture.

use std::{fs, path::Path};

use pod_lifecycle::render::{Gantt, Lanes, Picture, Svg};

use crate::play::{failure::Failure, life::Life};

/// Writes the life into a file, as SVG.
pub(crate) fn write_svg(life: &Life, file: &Path) -> Result<(), Failure> {
    let svg = Svg::of(&Picture::of(&life.timeline)).to_string();
    fs::write(file, svg)
        .map_err(|error| Failure::new(&file.display().to_string(), format!("cannot be written: {error}")))
}

/// The life for Mermaid.
pub(crate) fn gantt(life: &Life) -> String {
    Gantt::of(&Picture::of(&life.timeline)).to_string()
}

/// The life as lanes of letters.
pub(crate) fn lanes(life: &Life) -> String {
    Lanes::of(&Picture::of(&life.timeline)).to_string()
}
