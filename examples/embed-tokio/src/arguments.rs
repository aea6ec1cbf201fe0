//! What the command line says.

use std::{future, io, path::PathBuf, time::Duration};

use clap::Parser;
use tokio::{
    signal::unix::{SignalKind, signal},
    time,
};

/// Runs Pods as processes of this machine. Ctrl-C stops them gracefully.
#[derive(Parser)]
pub(crate) struct Arguments {
    /// Manifests in YAML or JSON: Pods, and whatever makes Pods.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Where containers write what they say: a file `POD/CONTAINER/RUN.log` for each run.
    #[arg(long, default_value_os_t = std::env::temp_dir().join("embed_tokio"))]
    pub(crate) logs: PathBuf,
    /// Stop the Pods after so many seconds.
    #[arg(long = "for", value_name = "SECONDS")]
    seconds: Option<u64>,
    /// Say below the table why each Pod is as it is, and what happens next.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, value_name = "BOOL")]
    pub(crate) explain: bool,
}

impl Arguments {
    pub(crate) fn from_command_line() -> Arguments {
        Arguments::parse()
    }

    /// Waits for Ctrl-C, for SIGTERM, or for the end of the time that the Pods have.
    pub(crate) async fn until_stopped(&self) -> io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed,
            _ = terminate.recv() => Ok(()),
            () = after(self.seconds) => Ok(()),
        }
    }
}

async fn after(seconds: Option<u64>) {
    match seconds {
        Some(seconds) => time::sleep(Duration::from_secs(seconds)).await,
        None => future::pending().await,
    }
}
