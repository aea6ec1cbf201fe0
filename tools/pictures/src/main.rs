//! Draws the pictures and diagrams of the documentation anew.
//!
//! `cargo run --release -p pod-lifecycle-pictures`

use std::{fs, io, path::Path};

use pod_lifecycle_pictures as gallery;

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (file, content) in gallery::files()? {
        let path = root.join(&file);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, content)?;
        println!("{file}");
    }
    Ok(())
}
