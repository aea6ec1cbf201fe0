//! A bar on standard error while a long life is played; none where that is no terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pod_lifecycle::go_duration;

/// Lives that are shorter are over before a bar would be seen.
const LONG: Duration = Duration::from_secs(24 * 3600);

/// Drawn at most so often a second.
const PER_SECOND: u8 = 5;

/// The bar of a long life.
pub(crate) struct Progress(Option<ProgressBar>);

impl Progress {
    /// Creates the bar of a life of this length.
    pub(crate) fn new(length: Option<Duration>) -> Progress {
        let long = length.filter(|length| *length >= LONG);
        Progress(long.map(|length| {
            let bar =
                ProgressBar::with_draw_target(Some(length.as_secs()), ProgressDrawTarget::stderr_with_hz(PER_SECOND));
            // The template is known to be right; else the bar has its own.
            let style = ProgressStyle::with_template("{bar:40} {percent}% of {msg}, {eta} left");
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())).with_message(go_duration(length))
        }))
    }

    /// Moves the bar.
    pub(crate) fn reach(&mut self, at: Duration) {
        if let Some(bar) = &self.0 {
            bar.set_position(at.as_secs());
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(self) {
        if let Some(bar) = self.0 {
            bar.finish_and_clear();
        }
    }
}
