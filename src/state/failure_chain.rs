//! A failed start for serde: a list, and no failure within a failure, so that no file can nest them without end.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{FailureMessage, StartError, StartFailure};

/// More failures than that do not lead to one another.
const LONGEST: usize = 8;

/// A failure, what it came of, and so on.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct FailureChain(Vec<Link>);

#[derive(Serialize, Deserialize)]
struct Link {
    error: StartError,
    message: LinkMessage,
}

#[derive(Serialize, Deserialize)]
enum LinkMessage {
    Text(Box<str>),
    RestartBackOff { delay: Duration },
    PullBackOff { image: Box<str> },
}

/// A list of failures that is none.
#[derive(Debug, thiserror::Error)]
#[error("expected from 1 to {LONGEST} failures, each of which came of the next, and there are {count}")]
pub(super) struct NoChain {
    count: usize,
}

impl From<StartFailure> for FailureChain {
    fn from(failure: StartFailure) -> FailureChain {
        let (mut links, mut next) = (Vec::new(), Some(&failure));
        while let Some(StartFailure { error, message }) = next.filter(|_| links.len() < LONGEST) {
            let (message, last) = match message {
                FailureMessage::Text(text) => (LinkMessage::Text(text.clone()), None),
                FailureMessage::RestartBackOff { delay } => (LinkMessage::RestartBackOff { delay: *delay }, None),
                FailureMessage::PullBackOff { image, last } => {
                    (LinkMessage::PullBackOff { image: image.clone() }, last.as_deref())
                }
            };
            links.push(Link { error: error.clone(), message });
            next = last;
        }
        FailureChain(links)
    }
}

impl TryFrom<FailureChain> for StartFailure {
    type Error = NoChain;

    fn try_from(FailureChain(links): FailureChain) -> Result<StartFailure, NoChain> {
        let count = links.len();
        let links = if count > LONGEST { Vec::new() } else { links };
        let chained = links.into_iter().rev().fold(None, |last: Option<StartFailure>, Link { error, message }| {
            let message = match message {
                LinkMessage::Text(text) => FailureMessage::Text(text),
                LinkMessage::RestartBackOff { delay } => FailureMessage::RestartBackOff { delay },
                LinkMessage::PullBackOff { image } => FailureMessage::PullBackOff { image, last: last.map(Arc::new) },
            };
            Some(StartFailure { error, message })
        });
        chained.ok_or(NoChain { count })
    }
}
