//! Output of the program: text to standard output, errors to standard error.

use std::{
    fmt::Display,
    io::{self, ErrorKind, Write},
    process::ExitCode,
};

use crate::paint;

/// Exit code of a program that was used wrongly, as shells and scripts expect it.
const USAGE_ERROR: u8 = 2;

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

/// Prints why the input cannot be used.
pub(crate) fn usage_error(error: &dyn Display) -> ExitCode {
    self::error(error);
    ExitCode::from(USAGE_ERROR)
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
