//! Where lines come from.

use std::{
    fmt, fs,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use serde_json::Value;

/// A file of recorded lines.
pub struct Recording {
    /// Where it is.
    pub path: PathBuf,
    /// Its name without `.jsonl.gz`.
    pub name: String,
}

/// Why recordings cannot be read.
#[derive(Debug)]
pub struct ReadError {
    what: String,
    why: String,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}

impl ReadError {
    fn new(path: &Path, why: impl fmt::Display) -> ReadError {
        ReadError { what: path.display().to_string(), why: why.to_string() }
    }
}

/// Returns the recordings in a directory and in the folders below it, by path.
pub fn recordings(directory: &Path) -> Result<Vec<Recording>, ReadError> {
    let mut found = Vec::new();
    collect(directory, &mut found)?;
    if found.is_empty() {
        return Err(ReadError::new(directory, "holds no *.jsonl.gz"));
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

fn collect(directory: &Path, found: &mut Vec<Recording>) -> Result<(), ReadError> {
    let in_directory = |error: io::Error| ReadError::new(directory, error);
    for entry in fs::read_dir(directory).map_err(in_directory)? {
        let path = entry.map_err(in_directory)?.path();
        if path.is_dir() {
            collect(&path, found)?;
            continue;
        }
        let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(name) = file.strip_suffix(".jsonl.gz").or_else(|| file.strip_suffix(".jsonl")) else { continue };
        found.push(Recording { name: name.to_owned(), path });
    }
    Ok(())
}

/// The lines of a recording, one at a time.
pub fn lines(recording: &Recording) -> Result<impl Iterator<Item = Result<Value, ReadError>> + use<>, ReadError> {
    let path = recording.path.clone();
    let file = fs::File::open(&path).map_err(|error| ReadError::new(&path, error))?;
    let is_compressed = path.extension().is_some_and(|extension| extension == "gz");
    let bytes: Box<dyn Read> = if is_compressed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let numbered = BufReader::new(bytes).lines().zip(1..);
    let filled = numbered.filter(|(text, _)| text.as_ref().map_or(true, |text| !text.trim().is_empty()));
    Ok(filled.map(move |(text, number)| {
        let at_line = |error: &dyn fmt::Display| ReadError::new(&path, format_args!("line {number}: {error}"));
        let text = text.map_err(|error| at_line(&error))?;
        serde_json::from_str(&text).map_err(|error| at_line(&error))
    }))
}
