//! An API server in memory, as a tower service.
//!
//! Objects of any resource are stored as JSON. Requests are answered as by the API server of Kubernetes 1.36,
//! refusals in its words. Pods are defaulted and
//! validated by [`pod_lifecycle::api`].
//!
//! ```
//! use pod_lifecycle_api_server::ApiServer;
//! use futures_util::StreamExt;
//! use k8s_openapi::api::core::v1::Pod;
//! use kube::{Api, api::{DeleteParams, PostParams, WatchEvent, WatchParams}};
//! use serde_json::json;
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
//! # runtime.block_on(async {
//! let server = ApiServer::new();
//! let pods: Api<Pod> = Api::default_namespaced(server.client());
//!
//! let web = serde_json::from_value(json!({
//!     "metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx"}]}
//! }))?;
//! let web = pods.create(&PostParams::default(), &web).await?;
//! assert_eq!(web.spec.unwrap().restart_policy.as_deref(), Some("Always"));
//!
//! let seen = web.metadata.resource_version.unwrap();
//! let mut events = pods.watch(&WatchParams::default(), &seen).await?.boxed();
//! pods.delete("web", &DeleteParams::default()).await?;
//! // Not bound to a node, so it is removed at once.
//! assert!(matches!(events.next().await, Some(Ok(WatchEvent::Modified(_)))));
//! assert!(matches!(events.next().await, Some(Ok(WatchEvent::Deleted(_)))));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it does
//!
//! * Create (with `generateName`), get, list (pages, `resourceVersion`, `resourceVersionMatch`), replace, delete and
//!   delete a collection, each with `dryRun`; JSON patch, JSON merge patch, strategic merge patch.
//! * Server-side apply with conflicts, and `managedFields` of every write; lists are merged by the keys of Kubernetes'
//!   types or of a definition's schema.
//! * `fieldValidation`: unknown fields are refused, named in a warning, or dropped; of custom resources by their schema.
//! * Bodies in JSON or, for Kubernetes' own kinds, in protobuf. Answers are JSON.
//! * Watches from a resource version, from now, or with initial events; bookmarks; 410 for expired versions.
//! * Label selectors and field selectors. Tables and bare metadata (`PartialObjectMetadata`) on request.
//! * The subresources `status`; of Pods `binding`, `eviction` (with disruption budgets), `ephemeralcontainers`, `resize`;
//!   of namespaces `finalize`; `scale` of workloads and of custom resources that define it.
//! * Access reviews, all answered with yes.
//! * `generation`, `uid`, `resourceVersion`, finalizers, deletion with grace, preconditions.
//! * Garbage collection by owner references, in the background, in the foreground or not at all (`propagationPolicy`).
//! * Custom resources: by their definition or, without one, by the first object that is created.
//! * Discovery and `/openapi/v3` as far as `kubectl` needs them. [`ApiServer::listen`] serves on a port.
//!
//! # What it does not do
//!
//! * No scheduler and no controllers: Pods get a node by `binding` or `spec.nodeName`; a Deployment creates no
//!   Pods, a deleted namespace is not emptied, and disruption budgets keep the status they are given.
//! * No authentication and no RBAC: every request is allowed.
//! * No admission webhooks. Three rules of admission plugins are enforced: the namespace must exist, a Pod gets a
//!   priority (0, no classes), and tolerates a lost node for five minutes.
//! * Only Pods are validated field by field, and only as far as the core knows them. Of others, names, labels,
//!   annotations, finalizers and immutable fields are checked, and that fields exist and have the right type. Of the
//!   schemas of custom resources only the names of fields and the merge rules of lists count.
//! * Logs are asked of the kubelet whose port a node's `status.daemonEndpoints` names; without one, and for exec,
//!   port-forward and proxy, the answer is 501.
//! * No YAML but in an apply; no protobuf and no CBOR in answers.

#![forbid(unsafe_code)]

mod answer;
mod apply;
mod builtin;
mod chaos;
mod clock;
mod convert;
mod definitions;
mod delete;
mod discovery;
mod fields;
mod list;
mod listen;
mod logs;
mod metadata;
mod names;
mod namespaces;
mod nodes;
mod object;
mod open_api;
mod owners;
mod patch;
mod path;
mod pods;
mod protobuf;
mod query;
mod resource;
mod reviews;
mod scale;
mod selection;
mod selector;
mod serve;
mod state;
mod status;
mod store;
mod strategy;
mod table;
mod types;
mod update;
mod validation;
mod view;
mod watch;
mod workloads;

pub use answer::Body;
pub use chaos::{Chaos, ChaosRule, ChaosServer, Failure, InvalidChaos};
pub use clock::TokioClock;
pub use listen::Listening;

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use http::{Request, Response};
use http_body_util::BodyExt;
use pod_lifecycle::{Clock, Timestamp};
use tower_service::Service;

use names::Names;
use resource::Resources;
use state::State;
use status::StatusError;
use store::Store;

/// Source of time.
type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Default number of changes kept for each resource.
const HISTORY_LIMIT: usize = 10_000;

/// API server in memory. Clones share the same state.
///
/// It is a [tower service](Service) for [`kube::Client::new`]; [`ApiServer::client`] does that, too.
#[derive(Clone)]
pub struct ApiServer {
    shared: Arc<Shared>,
}

struct Shared {
    state: Arc<Mutex<State>>,
    now: Now,
}

impl ApiServer {
    /// Returns a server with the default namespaces. Its clock is tokio's, from
    /// 2026-01-01T12:00:00Z on.
    #[must_use]
    pub fn new() -> ApiServer {
        ApiServer::with_clock(TokioClock::starting_at(clock::START))
    }

    /// Returns a server with a clock of its own.
    ///
    /// ```
    /// use pod_lifecycle_api_server::ApiServer;
    /// use pod_lifecycle::SystemClock;
    ///
    /// let server = ApiServer::with_clock(SystemClock);
    /// ```
    #[must_use]
    pub fn with_clock(clock: impl Clock + Send + Sync + 'static) -> ApiServer {
        let now: Now = Arc::new(move || clock.now());
        let (mut store, mut names) = (Store::new(HISTORY_LIMIT), Names::default());
        namespaces::begin(&mut store, &mut names, now());
        let state = State { store, resources: Resources::built_in(), names, notes_missing_controllers: false };
        ApiServer { shared: Arc::new(Shared { state: Arc::new(Mutex::new(state)), now }) }
    }

    /// Records an event on each new workload (Deployment, Job …), which says that no controller acts on it.
    ///
    /// For people who try the server by hand; a test that runs controllers of its own has no use for it.
    pub fn note_missing_controllers(&self) {
        self.state().notes_missing_controllers = true;
    }

    /// Returns a client for the namespace `default`.
    #[must_use]
    pub fn client(&self) -> kube::Client {
        kube::Client::new(self.clone(), "default")
    }

    /// Drops all past changes, as a compaction of etcd does: a watch from an older resource version or the next page of an older
    /// list is answered with 410.
    ///
    /// ```
    /// use pod_lifecycle_api_server::ApiServer;
    /// use k8s_openapi::api::core::v1::Namespace;
    /// use kube::{Api, api::ListParams};
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    /// # runtime.block_on(async {
    /// let server = ApiServer::new();
    /// let namespaces: Api<Namespace> = Api::all(server.client());
    /// let first = namespaces.list(&ListParams::default().limit(1)).await?;
    /// namespaces.create(&Default::default(), &serde_json::from_value(serde_json::json!({"metadata": {"name": "x"}}))?).await?;
    /// server.forget_history();
    /// let next = namespaces.list(&ListParams::default().continue_token(&first.metadata.continue_.unwrap())).await;
    /// assert!(matches!(next, Err(kube::Error::Api(status)) if status.code == 410));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn forget_history(&self) {
        self.state().store.forget();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        (self.shared.now)()
    }
}

impl Default for ApiServer {
    fn default() -> ApiServer {
        ApiServer::new()
    }
}

impl fmt::Debug for ApiServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiServer").finish_non_exhaustive()
    }
}

impl<B> Service<Request<B>> for ApiServer
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let server = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let mut answer = match server.log_location(&parts) {
                Some(Ok(location)) => logs::fetch(location).await,
                Some(Err(error)) => answer::refusal(&error),
                None => match body.collect().await {
                    Ok(body) => server.answer(&parts, body.to_bytes().into()),
                    Err(_) => answer::refusal(&StatusError::bad_request("the body of the request broke off")),
                },
            };
            answer::set_date(&mut answer, server.now());
            Ok(answer)
        })
    }
}
