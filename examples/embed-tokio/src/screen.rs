//! What is to be seen: the table of `kubectl get pods`, and below it why each Pod is as it is.

use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};

use pod_lifecycle::{
    Clock, SystemClock,
    api::PodManifest,
    kubectl::{Row, row, table},
};
use tokio::{sync::watch, time};

use crate::agent::Shown;

/// Redraw period. Ages and "in 8 s" change by themselves.
const EVERY: Duration = Duration::from_millis(100);

/// Clears a terminal, and starts at its top.
const CLEAR: &str = "\x1b[2J\x1b[H";

/// Shows the Pods until all of them are gone: on a terminal in one place, and otherwise below each other, whenever
/// something other than an age has changed.
pub(crate) async fn show(pods: Vec<watch::Receiver<Shown>>, explain: bool) -> io::Result<()> {
    let is_live = io::stdout().is_terminal();
    let mut before = Vec::new();
    loop {
        let are_gone = pods.iter().all(|pod| pod.has_changed().is_err());
        let shown: Vec<Shown> = pods.iter().map(|pod| pod.borrow().clone()).collect();
        let rows = rows(&shown);
        if is_live || rows != before {
            let mut stdout = io::stdout().lock();
            write!(stdout, "{}{}", if is_live { CLEAR } else { "" }, page(&shown, explain))?;
            stdout.flush()?;
            before = rows;
        }
        if are_gone {
            return Ok(());
        }
        time::sleep(EVERY).await;
    }
}

/// The rows of the table, whatever time it is.
fn rows(shown: &[Shown]) -> Vec<Row> {
    let row = |shown: &Shown| {
        let mut row = row(&shown.object, SystemClock.now());
        row.age.clear();
        row.restarts = row.restarts.split(' ').take(1).collect();
        row
    };
    shown.iter().map(row).collect()
}

fn page(shown: &[Shown], explain: bool) -> String {
    let objects = shown.iter().map(|shown| &shown.object);
    let table = table(objects.collect::<Vec<&PodManifest>>(), SystemClock.now());
    let explanations = shown.iter().filter(|_| explain).map(|shown| format!("\n{}", shown.explanation.trim_end()));
    format!("{table}{}\n\n", explanations.collect::<String>())
}
