//! Embeds every scenario of the crate, so that the gallery cannot fall behind.

use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../examples/scenarios").canonicalize()?;
    println!("cargo::rerun-if-changed={}", folder.display());
    let entries: Result<Vec<_>, _> = fs::read_dir(&folder)?.collect();
    let mut files: Vec<_> = entries?.into_iter().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let mut source = String::from("[\n");
    for file in &files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        source += &format!("({name:?}, include_str!({:?})),\n", file.to_string_lossy());
    }
    source += "]\n";
    fs::write(Path::new(&env::var("OUT_DIR")?).join("scenarios.rs"), source)?;
    Ok(())
}
