//! One of the two API servers, as these tests talk to it: over HTTP, whatever is behind.

use std::{io::Write, time::Duration};

use http::Request;
use http_body_util::BodyExt;
use kube::{Client, Config, client::Body, config::KubeConfigOptions};
use pod_lifecycle_api_server::ApiServer;
use serde_json::{Value, json};
use tokio::time::timeout;

/// How long something may take that happens by itself.
const PATIENCE: Duration = Duration::from_secs(20);

/// An API server, and a namespace in it for one test alone.
pub(crate) struct Server {
    client: Client,
    pub(crate) namespace: String,
}

/// What it says.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) body: Value,
}

impl Server {
    pub(crate) async fn in_memory() -> Server {
        Server::begin(ApiServer::new().client()).await
    }

    /// The real one that `KUBECONFIG` names, as long as it is on this machine; and a loud word if there is none.
    pub(crate) async fn real() -> Option<Server> {
        if std::env::var_os("KUBECONFIG").is_none() {
            not_run("KUBECONFIG is not set (fake-node/e2e/real_api_server.sh starts one)");
            return None;
        }
        let mut config = match Config::from_kubeconfig(&KubeConfigOptions::default()).await {
            Ok(config) => config,
            Err(error) => {
                not_run(&error.to_string());
                return None;
            }
        };
        if !matches!(config.cluster_url.host(), Some("127.0.0.1" | "localhost" | "[::1]")) {
            not_run("KUBECONFIG names a server on another machine, which is not for tests to write to");
            return None;
        }
        // What is refused is what these tests are about.
        config.default_retry = false;
        Some(Server::begin(Client::try_from(config).unwrap()).await)
    }

    /// The server that a client reaches.
    pub(crate) async fn with(client: Client) -> Server {
        Server::begin(client).await
    }

    async fn begin(client: Client) -> Server {
        let mut server = Server { client, namespace: String::new() };
        let namespace = json!({"metadata": {"generateName": "api-"}});
        let namespace = server.post("/api/v1/namespaces", namespace).await.expect(201);
        server.namespace = namespace["metadata"]["name"].as_str().unwrap().into();
        server
    }

    /// The path of a resource of the core group in the test's namespace, and what follows it.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/api/v1/namespaces/{}/{rest}", self.namespace)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "application/json", String::new()).await
    }

    /// Reads what is there in another shape.
    pub(crate) async fn get_as(&self, path: &str, accept: &str) -> Answer {
        let request = Request::get(path).header("Accept", accept).body(Body::empty()).unwrap();
        self.answer(request).await
    }

    /// Waits until a path is served; a real API server takes a moment for a new definition.
    pub(crate) async fn served(&self, path: &str) {
        for _ in 0..100 {
            if self.get(path).await.code == 200 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, "application/json", body.to_string()).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send("PUT", path, "application/json", body.to_string()).await
    }

    pub(crate) async fn delete(&self, path: &str, options: Value) -> Answer {
        self.send("DELETE", path, "application/json", options.to_string()).await
    }

    pub(crate) async fn merge_patch(&self, path: &str, patch: Value) -> Answer {
        self.send("PATCH", path, "application/merge-patch+json", patch.to_string()).await
    }

    pub(crate) async fn strategic_patch(&self, path: &str, patch: Value) -> Answer {
        self.send("PATCH", path, "application/strategic-merge-patch+json", patch.to_string()).await
    }

    pub(crate) async fn json_patch(&self, path: &str, patch: Value) -> Answer {
        self.send("PATCH", path, "application/json-patch+json", patch.to_string()).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, content_type: &str, body: String) -> Answer {
        let request = Request::builder().method(method).uri(path).header("Content-Type", content_type);
        self.answer(request.body(Body::from(body.into_bytes())).unwrap()).await
    }

    async fn answer(&self, request: Request<Body>) -> Answer {
        let response = self.client.send(request).await.unwrap();
        let code = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into());
        Answer { code, body }
    }

    /// Creates a Pod with one container, `app`, that nothing is wrong with.
    pub(crate) async fn create_pod(&self, name: &str) -> Value {
        self.create_pod_with(name, json!({})).await
    }

    /// The same, with more in its spec.
    pub(crate) async fn create_pod_with(&self, name: &str, spec: Value) -> Value {
        self.post(&self.path("pods"), pod(name, spec)).await.expect(201)
    }

    pub(crate) async fn watch(&self, path: &str) -> Events {
        let response = self.client.send(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        Events { body: response.into_body(), read: Vec::new() }
    }
}

/// Says loudly, past the capture of the test harness, that something was not tried against the real server.
pub(crate) fn not_run(why: &str) {
    let _ = writeln!(std::io::stderr(), "!!! NOT RUN against a real API server: {why}");
}

/// A watch under way.
pub(crate) struct Events {
    body: Body,
    read: Vec<u8>,
}

impl Events {
    /// The next event: its type and its object.
    pub(crate) async fn next(&mut self) -> (String, Value) {
        let event = timeout(PATIENCE, self.line()).await.expect("nothing happens any more");
        let mut event: Value = serde_json::from_slice(&event.expect("the watch has ended")).unwrap();
        (event["type"].as_str().unwrap().into(), event["object"].take())
    }

    /// The next event: its type, and the name of its object.
    pub(crate) async fn next_name(&mut self) -> (String, String) {
        let (kind, object) = self.next().await;
        (kind, object["metadata"]["name"].as_str().unwrap_or_default().into())
    }

    /// That nothing more comes.
    pub(crate) async fn ends(&mut self) {
        let rest = timeout(PATIENCE, self.line()).await.expect("the watch goes on");
        assert!(rest.is_none(), "{rest:?}");
    }

    async fn line(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let rest = self.read.split_off(end + 1);
                return Some(std::mem::replace(&mut self.read, rest));
            }
            let frame = self.body.frame().await?.unwrap();
            self.read.extend_from_slice(frame.data_ref().unwrap());
        }
    }
}

/// A Pod with one container, `app`, and more in its spec.
pub(crate) fn pod(name: &str, spec: Value) -> Value {
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}
    });
    for (field, value) in spec.as_object().unwrap() {
        pod["spec"][field] = value.clone();
    }
    pod
}

impl Answer {
    /// What was answered, if it was answered with this code.
    #[track_caller]
    pub(crate) fn expect(self, code: u16) -> Value {
        assert_eq!(self.code, code, "{:#}", self.body);
        self.body
    }

    /// Refused with a `Status` of this code, reason and message.
    #[track_caller]
    pub(crate) fn refused(self, code: u16, reason: &str, message: &str) -> Value {
        let status = self.expect(code);
        assert_eq!((&status["kind"], &status["status"]), (&json!("Status"), &json!("Failure")), "{status:#}");
        assert_eq!(status["reason"].as_str().unwrap_or_default(), reason, "{status:#}");
        assert_eq!(status["message"], message);
        assert_eq!(status["code"], code);
        status
    }
}

/// That everything expected is there; maps may have more in them, and lists may not.
#[track_caller]
pub(crate) fn assert_has(actual: &Value, expected: Value) {
    assert!(has(actual, &expected), "{expected:#}\nis not in\n{actual:#}");
}

fn has(actual: &Value, expected: &Value) -> bool {
    match (actual, expected) {
        (Value::Object(actual), Value::Object(expected)) => {
            expected.iter().all(|(key, value)| actual.get(key).is_some_and(|actual| has(actual, value)))
        }
        (Value::Array(actual), Value::Array(expected)) => {
            actual.len() == expected.len()
                && actual.iter().zip(expected).all(|(actual, expected)| has(actual, expected))
        }
        (actual, expected) => actual == expected,
    }
}

/// The names of the items of a list.
pub(crate) fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["metadata"]["name"].as_str().unwrap()).collect()
}
