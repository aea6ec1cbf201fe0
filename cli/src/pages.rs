//! Completions for shells, and man pages.

use std::{fs, io, path::PathBuf, process::ExitCode};

use clap::{Args, Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man as Page;

use crate::print;

/// Prints the completions for a shell.
///
/// Put them where the shell looks for them: `podlife completions bash > ~/.local/share/bash-completion/completions/podlife`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell.
    shell: Shell,
}

/// Prints the man page, or writes those of all subcommands into a folder.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Folder for `podlife.1`, `podlife-play.1` and so on.
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// Prints the completions of the program.
pub(crate) fn completions<Program: CommandFactory>(arguments: &Completions) -> ExitCode {
    let mut command = Program::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    print::text(&String::from_utf8_lossy(&script))
}

/// Prints or writes the man pages of the program.
pub(crate) fn man<Program: CommandFactory>(arguments: &Man) -> ExitCode {
    let command = Program::command();
    let written = match &arguments.folder {
        None => page(command).map(Some),
        Some(folder) => pages(command, folder).map(|()| None),
    };
    match written {
        Ok(Some(page)) => print::text(&page),
        Ok(None) => ExitCode::SUCCESS,
        Err(error) => print::usage_error(&format_args!("man pages: {error}")),
    }
}

fn page(command: Command) -> io::Result<String> {
    let mut page = Vec::new();
    Page::new(command).render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

fn pages(mut command: Command, folder: &PathBuf) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    command.build();
    let name = command.get_name().to_owned();
    for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
        let of_subcommand = format!("{name}-{}", subcommand.get_name());
        fs::write(folder.join(format!("{of_subcommand}.1")), page(subcommand.clone())?)?;
    }
    fs::write(folder.join(format!("{name}.1")), page(command)?)
}
