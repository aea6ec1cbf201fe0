//! Output of the program: text to standard output or a file, warnings and errors to standard error.

use std::{
    fmt::Display,
    fs,
    io::{self, ErrorKind, Write},
    process::ExitCode,
};

use crate::{failure::Failure, paint};

/// Exit code of a program that was used wrongly or given bad input, as shells and scripts expect it.
const USAGE_ERROR: u8 = 2;

/// Most warnings that are shown; the rest are counted.
const SHOWN: usize = 50;

/// Prints the text; a reader that closes the pipe early is no error.
pub(crate) fn text(text: &str) -> ExitCode {
    match write(text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            self::error(&format_args!("cannot write: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Writes the text into a file, without colours.
pub(crate) fn to_file(file: &str, text: &str) -> Result<(), Failure> {
    let plain = anstream::adapter::strip_str(text).to_string();
    fs::write(file, plain).map_err(|error| Failure::new(file, format!("cannot be written: {error}")))
}

/// Prints why the input cannot be used.
pub(crate) fn usage_error(error: &dyn Display) -> ExitCode {
    self::error(error);
    ExitCode::from(USAGE_ERROR)
}

/// Prints what is odd with a file.
pub(crate) fn warnings(file: &str, warnings: &[String]) {
    let mut err = anstream::stderr();
    for warning in warnings.iter().take(SHOWN) {
        // If standard error is closed, there is nothing to be done about it.
        let _ = writeln!(err, "{}{file}: {warning}", paint::odd("warning: "));
    }
    if let Some(more @ 1..) = warnings.len().checked_sub(SHOWN) {
        let _ = writeln!(err, "{}{file}: and {more} more", paint::odd("warning: "));
    }
}

/// Prints what was changed in a file's content.
pub(crate) fn notes(file: &str, notes: &[String]) {
    let mut err = anstream::stderr();
    for note in notes {
        let _ = writeln!(err, "{}{file}: {note}", paint::faint("note: "));
    }
}

fn error(error: &dyn Display) {
    // If standard error is closed, the exit code still says that it failed.
    let _ = writeln!(anstream::stderr(), "{}{error}", paint::bad("error: "));
}

fn write(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
