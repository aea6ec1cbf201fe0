//! Where containers write: a file for each run, as the kubelet has them below `/var/log/pods`.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use pod_lifecycle::state::InstanceId;

/// How much of a log becomes last words, in bytes and lines.
const LAST_WORDS: (usize, usize) = (2048, 80);

/// The folder of a Pod's logs.
pub(super) struct Logs(PathBuf);

impl Logs {
    pub(super) fn of_pod(folder: &Path, pod: &str) -> Logs {
        Logs(folder.join(pod))
    }

    pub(super) fn of(&self, container: &str, instance: InstanceId) -> Log {
        Log(self.0.join(container).join(format!("{}.log", instance.ordinal())))
    }
}

/// What one run of a container writes.
#[derive(Clone)]
pub(crate) struct Log(PathBuf);

impl Log {
    /// Makes an empty log.
    pub(super) fn create(&self) -> io::Result<()> {
        self.0.parent().map_or(Ok(()), fs::create_dir_all)?;
        File::create(&self.0).map(drop)
    }

    pub(super) fn open(&self) -> io::Result<File> {
        OpenOptions::new().append(true).open(&self.0)
    }

    /// The end of the log, which `FallbackToLogsOnError` makes a container's last words.
    pub(super) fn last_words(&self) -> Option<Box<str>> {
        let (bytes, lines) = LAST_WORDS;
        let written = fs::read(&self.0).ok()?;
        let end = written.get(written.len().saturating_sub(bytes)..)?;
        let text = String::from_utf8_lossy(end);
        let first = text.lines().count().saturating_sub(lines);
        let last: Vec<&str> = text.lines().skip(first).collect();
        (!last.is_empty()).then(|| last.join("\n").into())
    }
}
