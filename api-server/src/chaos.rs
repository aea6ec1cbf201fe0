//! Chaos: an API server that fails on purpose, by a seeded plan.
//!
//! The plan stands before the server, so clients of the server itself are not touched. Each decision depends on the seed,
//! the rule, and the number of requests that the rule has fitted: the same requests in the same order fail the same way.

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Request, Response, StatusCode, Uri};
use http_body::Frame;
use http_body_util::{BodyExt, BodyStream, StreamBody};
use serde::Deserialize;
use tower_service::Service;

use super::{
    ApiServer,
    answer::{self, Body},
    path::{Route, Target},
    status::StatusError,
};

/// Longest delay: an hour.
const LONGEST_DELAY: f64 = 3_600.0;

/// Plan of failures.
///
/// ```
/// use pod_lifecycle_api_server::{ApiServer, Chaos, ChaosRule, Failure};
/// use k8s_openapi::api::core::v1::ConfigMap;
/// use kube::{Api, Error};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
/// # runtime.block_on(async {
/// let refuse = ChaosRule::new(Failure::Refuse { code: 409 }).verbs(["create"]).resources(["configmaps"]).times(1);
/// let server = ApiServer::new().with_chaos(Chaos::new(7).rule(refuse))?;
/// let maps: Api<ConfigMap> = Api::default_namespaced(server.client());
/// let map = serde_json::from_value(serde_json::json!({"metadata": {"name": "settings"}}))?;
/// let first = maps.create(&Default::default(), &map).await;
/// assert!(matches!(first, Err(Error::Api(status)) if status.code == 409));
/// maps.create(&Default::default(), &map).await?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A file has the same in YAML: `{seed: 7, rules: [{verbs: [create], resources: [configmaps], times: 1, refuse: {code: 409}}]}`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Chaos {
    seed: u64,
    rules: Vec<ChaosRule>,
}

/// Rule of a plan: requests, and what becomes of them. The first rule that strikes counts.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", from = "RuleFields")]
pub struct ChaosRule {
    verbs: Vec<String>,
    resources: Vec<String>,
    namespaces: Vec<String>,
    probability: f64,
    skip: u64,
    times: u64,
    failures: Vec<Failure>,
}

/// Failure of a request.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Failure {
    /// Answered with an error, and not carried out: 409, 429, 500, 503 or 504.
    Refuse {
        /// HTTP status code.
        code: u16,
    },
    /// Carried out, and answered with a timeout (504).
    TimeoutAfterSuccess {},
    /// Carried out later.
    Delay {
        /// Delay in seconds.
        seconds: f64,
    },
    /// Watch that ends after some events.
    DropWatch {
        /// Number of events before the end.
        after_events: u64,
    },
    /// Watch that sends each event twice.
    DoubleEvents {},
    /// List as it was some changes ago.
    StaleList {
        /// Number of changes, of any resource, that the list does not show.
        changes: u64,
    },
}

/// Rule as a file has it: the failure is one of its fields.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RuleFields {
    #[serde(default)]
    verbs: Vec<String>,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default)]
    namespaces: Vec<String>,
    probability: Option<f64>,
    #[serde(default)]
    skip: u64,
    times: Option<u64>,
    refuse: Option<Refuse>,
    timeout_after_success: Option<bool>,
    delay: Option<Delay>,
    drop_watch: Option<DropWatch>,
    double_events: Option<bool>,
    stale_list: Option<StaleList>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refuse {
    code: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Delay {
    seconds: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DropWatch {
    after_events: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StaleList {
    changes: u64,
}

impl From<RuleFields> for ChaosRule {
    fn from(fields: RuleFields) -> ChaosRule {
        let failures = [
            fields.refuse.map(|it| Failure::Refuse { code: it.code }),
            fields.timeout_after_success.filter(|it| *it).map(|_| Failure::TimeoutAfterSuccess {}),
            fields.delay.map(|it| Failure::Delay { seconds: it.seconds }),
            fields.drop_watch.map(|it| Failure::DropWatch { after_events: it.after_events }),
            fields.double_events.filter(|it| *it).map(|_| Failure::DoubleEvents {}),
            fields.stale_list.map(|it| Failure::StaleList { changes: it.changes }),
        ];
        ChaosRule {
            verbs: fields.verbs,
            resources: fields.resources,
            namespaces: fields.namespaces,
            probability: fields.probability.unwrap_or(1.0),
            skip: fields.skip,
            times: fields.times.unwrap_or(u64::MAX),
            failures: failures.into_iter().flatten().collect(),
        }
    }
}

/// Plan that cannot be carried out.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("rules[{rule}].{field}: {detail}")]
pub struct InvalidChaos {
    rule: usize,
    field: &'static str,
    detail: String,
}

impl Chaos {
    /// Returns a plan without rules.
    #[must_use]
    pub fn new(seed: u64) -> Chaos {
        Chaos { seed, rules: Vec::new() }
    }

    /// Adds a rule.
    #[must_use]
    pub fn rule(mut self, rule: ChaosRule) -> Chaos {
        self.rules.push(rule);
        self
    }

    fn check(&self) -> Result<(), InvalidChaos> {
        self.rules.iter().enumerate().try_for_each(|(index, rule)| {
            rule.check().map_err(|(field, detail)| InvalidChaos { rule: index, field, detail })
        })
    }
}

impl ChaosRule {
    /// Verbs that a rule can name.
    const VERBS: [&str; 8] = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];

    /// Returns a rule that strikes every request.
    #[must_use]
    pub fn new(failure: Failure) -> ChaosRule {
        ChaosRule {
            verbs: Vec::new(),
            resources: Vec::new(),
            namespaces: Vec::new(),
            probability: 1.0,
            skip: 0,
            times: u64::MAX,
            failures: vec![failure],
        }
    }

    /// Restricts the rule to these verbs: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
    #[must_use]
    pub fn verbs<'a>(mut self, verbs: impl IntoIterator<Item = &'a str>) -> ChaosRule {
        self.verbs = verbs.into_iter().map(Into::into).collect();
        self
    }

    /// Restricts the rule to these resources: `pods`, or with a subresource `pods/status`.
    #[must_use]
    pub fn resources<'a>(mut self, resources: impl IntoIterator<Item = &'a str>) -> ChaosRule {
        self.resources = resources.into_iter().map(Into::into).collect();
        self
    }

    /// Restricts the rule to these namespaces.
    #[must_use]
    pub fn namespaces<'a>(mut self, namespaces: impl IntoIterator<Item = &'a str>) -> ChaosRule {
        self.namespaces = namespaces.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the part of the requests that is struck, from 0 to 1; 1 by default.
    #[must_use]
    pub fn probability(mut self, probability: f64) -> ChaosRule {
        self.probability = probability;
        self
    }

    /// Spares the first requests that fit.
    #[must_use]
    pub fn skip(mut self, requests: u64) -> ChaosRule {
        self.skip = requests;
        self
    }

    /// Ends the rule after it has struck so many requests.
    #[must_use]
    pub fn times(mut self, times: u64) -> ChaosRule {
        self.times = times;
        self
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        if let Some(unknown) = self.verbs.iter().find(|verb| !Self::VERBS.contains(&&***verb)) {
            return Err(("verbs", format!("{unknown:?} is no verb; there are {}", Self::VERBS.join(", "))));
        }
        if !(0.0..=1.0).contains(&self.probability) {
            return Err(("probability", format!("{} is not between 0 and 1", self.probability)));
        }
        match &*self.failures {
            [Failure::Refuse { code }] if ![409, 429, 500, 503, 504].contains(code) => {
                Err(("refuse.code", format!("{code} is none of 409, 429, 500, 503, 504")))
            }
            [Failure::Delay { seconds }] if !(0.0..=LONGEST_DELAY).contains(seconds) => {
                Err(("delay.seconds", format!("{seconds} is not between 0 and 3600")))
            }
            [_] => Ok(()),
            _ => Err((
                "refuse",
                "a rule has one of refuse, timeoutAfterSuccess, delay, dropWatch, doubleEvents, staleList".into(),
            )),
        }
    }

    fn fits(&self, verb: &str, target: &Target) -> bool {
        let resource = match &target.subresource {
            None => target.plural.clone(),
            Some(part) => format!("{}/{part}", target.plural),
        };
        let namespace = target.namespace.as_deref().unwrap_or_default();
        let allows = |list: &[String], word: &str| list.is_empty() || list.iter().any(|one| one == word);
        allows(&self.verbs, verb) && allows(&self.resources, &resource) && allows(&self.namespaces, namespace)
    }

    /// True if the failure makes sense for the verb.
    fn concerns(&self, verb: &str) -> bool {
        match self.failures.first() {
            Some(Failure::DropWatch { .. } | Failure::DoubleEvents {}) => verb == "watch",
            Some(Failure::StaleList { .. }) => verb == "list",
            Some(Failure::TimeoutAfterSuccess {}) => verb != "watch",
            Some(Failure::Refuse { .. } | Failure::Delay { .. }) => true,
            None => false,
        }
    }
}

/// [`ApiServer`] behind a plan of failures.
#[derive(Clone)]
pub struct ChaosServer {
    server: ApiServer,
    plan: Arc<Plan>,
}

struct Plan {
    chaos: Chaos,
    /// Requests that each rule has fitted, and those that it has struck.
    counts: Vec<(AtomicU64, AtomicU64)>,
}

impl fmt::Debug for ChaosServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChaosServer").field("chaos", &self.plan.chaos).finish_non_exhaustive()
    }
}

impl ApiServer {
    /// Returns the server behind a plan of failures; both have the same objects.
    ///
    /// # Errors
    ///
    /// [`InvalidChaos`], which names the rule and the field.
    pub fn with_chaos(&self, chaos: Chaos) -> Result<ChaosServer, InvalidChaos> {
        chaos.check()?;
        let counts = chaos.rules.iter().map(|_| Default::default()).collect();
        Ok(ChaosServer { server: self.clone(), plan: Arc::new(Plan { chaos, counts }) })
    }
}

impl ChaosServer {
    /// Returns a client for the namespace `default`, whose requests fail by the plan.
    #[must_use]
    pub fn client(&self) -> kube::Client {
        kube::Client::new(self.clone(), "default")
    }

    /// Returns the number of requests that each rule has struck.
    #[must_use]
    pub fn struck(&self) -> Vec<u64> {
        self.plan.counts.iter().map(|(_, struck)| struck.load(Ordering::Relaxed)).collect()
    }
}

impl Plan {
    /// Returns the failure of a request, if one strikes it.
    fn failure(&self, verb: &str, target: &Target) -> Option<Failure> {
        for (index, (rule, (fitted, struck))) in self.chaos.rules.iter().zip(&self.counts).enumerate() {
            if !rule.fits(verb, target) || !rule.concerns(verb) {
                continue;
            }
            let number = fitted.fetch_add(1, Ordering::Relaxed);
            let is_over = struck.load(Ordering::Relaxed) >= rule.times;
            if number < rule.skip || is_over || draw(self.chaos.seed, index as u64, number) >= rule.probability {
                continue;
            }
            struck.fetch_add(1, Ordering::Relaxed);
            return rule.failures.first().cloned();
        }
        None
    }
}

/// Draws a number from 0 to 1 (SplitMix64).
fn draw(seed: u64, rule: u64, number: u64) -> f64 {
    let mut mixed = seed;
    for word in [rule, number] {
        mixed = mixed.wrapping_add(word.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
    }
    // 53 bits are what a float holds.
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

fn verb(method: &str, target: &Target, query: &str) -> &'static str {
    let is_watch = form_urlencoded::parse(query.as_bytes())
        .any(|(key, value)| key == "watch" && !matches!(&*value, "0" | "false"));
    match (method, target.name.is_some()) {
        ("GET", _) if is_watch => "watch",
        ("GET", true) => "get",
        ("GET", false) => "list",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        ("DELETE", true) => "delete",
        ("DELETE", false) => "deletecollection",
        _ => "",
    }
}

impl<B> Service<Request<B>> for ChaosServer
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

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let query = request.uri().query().unwrap_or_default();
        let failure = match Route::read(request.uri().path()) {
            Route::Objects(target) => self.plan.failure(verb(request.method().as_str(), &target, query), &target),
            Route::Discovery(_) | Route::OpenApi(_) | Route::Version | Route::Health | Route::Unknown => None,
        };
        let Some(failure) = failure else { return self.server.call(request) };
        match failure {
            Failure::Refuse { code } => {
                let refused = answer::refusal(&refusal(code));
                Box::pin(async move { Ok(refused) })
            }
            Failure::TimeoutAfterSuccess {} => {
                let carried_out = self.server.call(request);
                Box::pin(async move {
                    let answered = carried_out.await?;
                    // What was refused has not succeeded.
                    let timeout = || answer::refusal(&refusal(StatusCode::GATEWAY_TIMEOUT.as_u16()));
                    Ok(if answered.status().is_success() { timeout() } else { answered })
                })
            }
            Failure::Delay { seconds } => {
                let mut server = self.server.clone();
                Box::pin(async move {
                    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
                    server.call(request).await
                })
            }
            Failure::DropWatch { after_events } => {
                let watch = self.server.call(request);
                Box::pin(async move { Ok(watch.await?.map(|body| dropped(body, after_events))) })
            }
            Failure::DoubleEvents {} => {
                let watch = self.server.call(request);
                Box::pin(async move { Ok(watch.await?.map(doubled)) })
            }
            Failure::StaleList { changes } => {
                let revision = self.server.state().store.revision().saturating_sub(changes).max(1);
                if let Some(stale) = at_revision(request.uri(), revision) {
                    *request.uri_mut() = stale;
                }
                self.server.call(request)
            }
        }
    }
}

fn refusal(code: u16) -> StatusError {
    match code {
        409 => StatusError::chaos(
            StatusCode::CONFLICT,
            "Conflict",
            "Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest \
             version and try again",
        ),
        429 => StatusError::chaos(
            StatusCode::TOO_MANY_REQUESTS,
            "TooManyRequests",
            "too many requests, please try again later",
        ),
        503 => StatusError::chaos(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailable",
            "the server is currently unable to handle the request",
        ),
        504 => StatusError::chaos(
            StatusCode::GATEWAY_TIMEOUT,
            "Timeout",
            "Timeout: request did not complete within the allotted timeout",
        ),
        _ => StatusError::chaos(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "Internal error occurred: chaos"),
    }
}

/// Ends a watch after some events; each event is one frame.
fn dropped(body: Body, after_events: u64) -> Body {
    let frames = BodyStream::new(body).take(usize::try_from(after_events).unwrap_or(usize::MAX));
    StreamBody::new(frames).boxed_unsync()
}

/// Sends each event of a watch twice.
fn doubled(body: Body) -> Body {
    let frames = BodyStream::new(body).flat_map(|frame| {
        let copy = match &frame {
            Ok(frame) => frame.data_ref().map(|data: &Bytes| Ok(Frame::data(data.clone()))),
            Err(never) => match *never {},
        };
        stream::iter(std::iter::once(frame).chain(copy))
    });
    StreamBody::new(frames).boxed_unsync()
}

/// Returns a list's address with a resource version; `None` if the client asks for one itself, or for a next page.
fn at_revision(uri: &Uri, revision: u64) -> Option<Uri> {
    let query = uri.query().unwrap_or_default();
    let is_free = |(key, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| match &*key {
        "resourceVersion" => value.is_empty() || value == "0",
        "resourceVersionMatch" | "continue" => false,
        _ => true,
    };
    if !form_urlencoded::parse(query.as_bytes()).all(is_free) {
        return None;
    }
    let others = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key != "resourceVersion");
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(others)
        .append_pair("resourceVersion", &revision.to_string())
        .append_pair("resourceVersionMatch", "Exact")
        .finish();
    format!("{}?{query}", uri.path()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Chaos, ChaosRule, Failure, InvalidChaos, draw};

    #[test]
    fn a_plan_is_read_from_a_file() {
        let text = "seed: 7\nrules:\n- {verbs: [patch], resources: [pods/status], probability: 0.3, refuse: {code: 409}}\n\
                    - {verbs: [watch], dropWatch: {afterEvents: 5}}\n- {timeoutAfterSuccess: true, skip: 2, times: 1}\n";
        let plan = Chaos::new(7)
            .rule(
                ChaosRule::new(Failure::Refuse { code: 409 })
                    .verbs(["patch"])
                    .resources(["pods/status"])
                    .probability(0.3),
            )
            .rule(ChaosRule::new(Failure::DropWatch { after_events: 5 }).verbs(["watch"]))
            .rule(ChaosRule::new(Failure::TimeoutAfterSuccess {}).skip(2).times(1));
        assert_eq!(serde_saphyr::from_str::<Chaos>(text).unwrap(), plan);
        assert_eq!(plan.check(), Ok(()));
    }

    #[test]
    fn a_plan_that_makes_no_sense_names_the_rule_and_the_field() {
        let error = |rule: ChaosRule| Chaos::new(1).rule(rule).check().unwrap_err().to_string();
        let refuse = || ChaosRule::new(Failure::Refuse { code: 500 });
        assert_eq!(error(refuse().probability(2.0)), "rules[0].probability: 2 is not between 0 and 1");
        assert!(error(refuse().verbs(["steal"])).starts_with("rules[0].verbs: \"steal\" is no verb"));
        let code = error(ChaosRule::new(Failure::Refuse { code: 200 }));
        assert_eq!(code, "rules[0].refuse.code: 200 is none of 409, 429, 500, 503, 504");
        let nothing: Chaos = serde_saphyr::from_str("rules: [{verbs: [get]}]").unwrap();
        assert!(matches!(nothing.check(), Err(InvalidChaos { rule: 0, .. })));
        let unknown = serde_saphyr::from_str::<Chaos>("rules: [{refuses: {code: 500}}]").unwrap_err().to_string();
        assert!(unknown.contains("refuses"), "{unknown}");
    }

    #[test]
    fn draws_are_even_and_repeat() {
        let draws: Vec<f64> = (0..10_000).map(|number| draw(7, 0, number)).collect();
        let below = draws.iter().filter(|draw| **draw < 0.3).count();
        assert!((2_800..3_200).contains(&below), "{below}");
        assert_eq!(draws, (0..10_000).map(|number| draw(7, 0, number)).collect::<Vec<_>>());
    }
}
