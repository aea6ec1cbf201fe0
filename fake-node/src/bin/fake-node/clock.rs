//! Clock of `fake-node serve`: tokio's, which can be stopped and moved.
//!
//! Tokio's stopped clock jumps to the next timer whenever there is nothing else to do, except while a blocking task
//! runs. So a blocking task holds it, and letting go of that moves it: from timer to timer, never past one.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{Arc, mpsc},
    task::{Context, Poll},
    thread,
    time::Duration,
};

use bytes::Bytes;
use fake_node::api_server::{Body, ChaosServer};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use tokio::{sync::Mutex, task};
use tower_service::Service;

/// Real time between two moves of a clock that runs faster.
const STEP: Duration = Duration::from_millis(10);

/// The longest move: a year.
const LONGEST: f64 = 31_536_000.0;

/// Holder of a stopped clock, which lets go when dropped.
struct Hold {
    _release: mpsc::Sender<()>,
}

impl Hold {
    fn new() -> Hold {
        let (release, released) = mpsc::channel::<()>();
        // Ends with an error when the sender is dropped, which is what is waited for.
        task::spawn_blocking(move || released.recv());
        Hold { _release: release }
    }
}

/// Stopped clock.
#[derive(Clone)]
pub(crate) struct StoppedClock {
    hold: Arc<Mutex<Option<Hold>>>,
}

impl StoppedClock {
    /// Stops tokio's clock, which only a runtime of one thread allows.
    pub(crate) fn stop() -> StoppedClock {
        tokio::time::pause();
        StoppedClock { hold: Arc::new(Mutex::new(Some(Hold::new()))) }
    }

    /// Moves the clock, once all before it have.
    async fn advance(&self, by: Duration) {
        let mut hold = self.hold.lock().await;
        *hold = None;
        tokio::time::sleep(by).await;
        *hold = Some(Hold::new());
    }
}

/// Moves tokio's clock at so many times the speed of real time.
pub(crate) async fn run_fast(speed: u32) {
    tokio::time::pause();
    loop {
        // A blocking task holds the clock while real time passes.
        if task::spawn_blocking(|| thread::sleep(STEP)).await.is_err() {
            return;
        }
        tokio::time::sleep(STEP.saturating_mul(speed)).await;
    }
}

/// API server with the path `/clock/advance` before it.
#[derive(Clone)]
pub(crate) struct WithClock {
    pub(crate) server: ChaosServer,
    pub(crate) clock: Option<StoppedClock>,
}

impl Service<Request<Incoming>> for WithClock {
    type Response = Response<Either<Body, Full<Bytes>>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        if request.uri().path() != "/clock/advance" {
            let answer = self.server.call(request);
            return Box::pin(async move { answer.await.map(|answer| answer.map(Either::Left)) });
        }
        let clock = self.clock.clone();
        Box::pin(async move {
            let (code, text) = match (clock, request.method() == Method::POST) {
                (_, false) => (StatusCode::METHOD_NOT_ALLOWED, "wanted POST\n".into()),
                (None, true) => (StatusCode::CONFLICT, "the clock is not stopped: start with --paused\n".into()),
                (Some(clock), true) => match seconds(request.uri().query().unwrap_or_default()) {
                    Ok(by) => {
                        // A task of its own: a client that goes away must not leave the clock without its holder.
                        match task::spawn(async move { clock.advance(by).await }).await {
                            Ok(()) => (StatusCode::OK, String::new()),
                            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
                        }
                    }
                    Err(error) => (StatusCode::BAD_REQUEST, error),
                },
            };
            let mut answer = Response::new(Either::Right(Full::new(Bytes::from(text))));
            *answer.status_mut() = code;
            Ok(answer)
        })
    }
}

/// Parses `seconds=N`.
fn seconds(query: &str) -> Result<Duration, String> {
    let text = query.strip_prefix("seconds=").unwrap_or_default();
    let number = text.parse::<f64>().ok().filter(|seconds| (0.0..=LONGEST).contains(seconds));
    number.map(Duration::from_secs_f64).ok_or_else(|| format!("seconds={text}: wanted seconds=N, from 0 to a year\n"))
}
