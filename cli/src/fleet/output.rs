//! Output: the page, and the files, which are checked before the run.

use std::{fs, io, path::Path, process::ExitCode};

use super::{Arguments, Run, chart, summary};
use crate::{failure::Failure, print};

/// Files that can be written.
pub(super) struct Outputs(());

impl Outputs {
    /// Refuses a file that cannot be written. Nothing is left behind where there was nothing.
    pub(super) fn check(arguments: &Arguments) -> Result<Outputs, Failure> {
        let files: Vec<(&str, &str)> = arguments.outputs().collect();
        for (place, (option, file)) in files.iter().enumerate() {
            if files.iter().take(place).any(|(_, before)| before == file) {
                return Err(Failure::new(option, format!("{file}: expected another file for each output")));
            }
            if *file != "-" {
                check_file(Path::new(file))
                    .map_err(|error| Failure::new(file, format!("cannot be written: {error}")))?;
            }
        }
        Ok(Outputs(()))
    }

    /// Writes the files, and prints the page unless standard output is one of them.
    pub(super) fn write(&self, arguments: &Arguments, description: &str, run: &Run) -> Result<ExitCode, Failure> {
        let mut page = format!("{}\n", summary::text(arguments, description, run));
        for (option, file) in arguments.outputs() {
            let text = match option {
                "--svg" => chart::svg(description, run),
                "--csv" => summary::csv(run),
                _ => serde_json::to_string_pretty(run).map_err(|error| Failure::new(file, error.to_string()))? + "\n",
            };
            if file == "-" {
                page = text;
            } else {
                print::to_file(file, &text)?;
            }
        }
        Ok(print::text(&page))
    }
}

fn check_file(file: &Path) -> io::Result<()> {
    let is_new = !file.try_exists()?;
    // Appending nothing asks for the same rights as writing, and changes nothing.
    fs::OpenOptions::new().append(true).create(true).open(file)?;
    if is_new { fs::remove_file(file) } else { Ok(()) }
}
