//! Draws the pictures and diagrams of the documentation anew.
//!
//! `cargo run -p pod-lifecycle-pictures`

use std::{fs, io, path::Path, path::PathBuf, process::ExitCode};

use clap::Parser;
use pod_lifecycle_pictures as gallery;

/// Draws the pictures and diagrams of the documentation anew, where they differ.
#[derive(Debug, Parser)]
struct Arguments {
    /// Writes nothing; names the files that are out of date, and fails if there are any.
    #[arg(long, conflicts_with = "gallery")]
    check: bool,
    /// Writes nothing to the documentation; draws every scenario into this folder instead, at several widths.
    #[arg(long, value_name = "FOLDER")]
    gallery: Option<PathBuf>,
}

fn main() -> ExitCode {
    // Help and mistakes end here: nothing has been written.
    let arguments = Arguments::parse();
    let result = match &arguments.gallery {
        Some(folder) => draw_gallery(folder).map(|()| true),
        None => update(arguments.check),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Writes what is out of date, or names it. Returns false if a check has found something.
fn update(is_check: bool) -> io::Result<bool> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut is_current = true;
    for (file, content) in gallery::files()? {
        let path = root.join(&file);
        if fs::read_to_string(&path).is_ok_and(|present| present == content) {
            continue;
        }
        is_current = false;
        if is_check {
            println!("out of date: {file}");
            continue;
        }
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, content)?;
        println!("{file}");
    }
    Ok(is_current || !is_check)
}

fn draw_gallery(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (file, content) in gallery::gallery()? {
        fs::write(folder.join(&file), content)?;
    }
    Ok(())
}
