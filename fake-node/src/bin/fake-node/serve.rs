//! `fake-node serve`: API server in memory, nodes and binder in one process.

use std::{
    fs,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{ExitCode, ExitStatus},
};

use fake_node::{
    Binder, Node,
    api_server::{ApiServer, Listening, TokioClock},
};
use pod_lifecycle::{Clock, SystemClock};
use serde_json::json;
use tokio::process::Command;

use super::{
    Failure, Signals,
    cli::Serve,
    clock::{StoppedClock, WithClock, run_fast},
    ready,
};

/// Kubeconfig in the folder for temporary files, removed in the end.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // It may have been removed by the command.
        let _ = fs::remove_file(&self.0);
    }
}

/// Serves until the command ends or a signal arrives.
pub(crate) async fn serve(serve: Serve) -> Result<ExitCode, Failure> {
    let mut signals = Signals::new()?;
    let clock = TokioClock::starting_at(SystemClock.now());
    let stopped = serve.paused.then(StoppedClock::stop);
    if let Some(speed) = serve.speed.filter(|speed| *speed > 1) {
        tokio::spawn(run_fast(speed));
    }
    let server = ApiServer::with_clock(clock);
    server.note_missing_controllers();
    // The nodes and the binder reach the server itself, so the plan strikes clients outside only.
    let flaky = server.with_chaos(serve.chaos.clone().unwrap_or_default())?;
    let service = WithClock { server: flaky, clock: stopped };
    let listening =
        Listening::of(service, &*serve.listen).await.map_err(|error| format!("--listen {}: {error}", serve.listen))?;
    let running = serve.options.set_up(Node::new(server.client()).with_clock(clock)).start().await?;
    let binder = Binder::new(server.client()).with_clock(clock).start();
    if let Some(address) = serve.options.metrics_address.as_deref().filter(|address| *address != "0") {
        running.serve_metrics(address).await?;
    }

    let url = format!("http://{}", listening.address());
    let mut temporary = None;
    let kubeconfig = serve.kubeconfig_out.clone().or_else(|| {
        serve.exec.as_ref()?;
        let file = std::env::temp_dir().join(format!("fake-node-{}.kubeconfig", std::process::id()));
        temporary = Some(Temporary(file.clone()));
        Some(file)
    });
    if let Some(file) = &kubeconfig {
        fs::write(file, config(&url)).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let line = json!({"server": url, "kubeconfig": kubeconfig, "nodes": serve.options.count()});
    ready(&line, serve.options.ready_file.as_deref(), serve.exec.is_none())?;
    let code = match (&serve.exec, &kubeconfig) {
        (Some(command), Some(kubeconfig)) => run(command, kubeconfig, &mut signals).await?,
        _ => {
            signals.any().await;
            ExitCode::SUCCESS
        }
    };
    drop(binder);
    running.stop().await;
    Ok(code)
}

/// Runs the command; a signal ends it, and then the program.
async fn run(command: &str, kubeconfig: &Path, signals: &mut Signals) -> Result<ExitCode, Failure> {
    let mut shell = Command::new("/bin/sh");
    let mut child = shell.arg("-c").arg(command).env("KUBECONFIG", kubeconfig).kill_on_drop(true).spawn()?;
    tokio::select! {
        status = child.wait() => Ok(exit_code(status?)),
        () = signals.any() => {
            child.kill().await?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Returns the code as a shell has it: 128 and the number of the signal that ended the command.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| status.signal().map(|signal| signal.saturating_add(128)));
    code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// Returns a kubeconfig; JSON is YAML.
fn config(url: &str) -> String {
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "fake",
        // The JavaScript client takes plain HTTP only if certificates are not looked at.
        "clusters": [{"name": "fake", "cluster": {"server": url, "insecure-skip-tls-verify": true}}],
        "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "fake", "namespace": "default"}}],
        // A kubectl without any credentials asks for a user name, so there is a token, which is not looked at.
        "users": [{"name": "fake", "user": {"token": "fake"}}],
    });
    format!("{config:#}\n")
}
