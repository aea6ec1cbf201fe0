//! Logs, which are a kubelet's. No node of the real API server has one, so only the one in memory is asked.

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::server::Server;

#[tokio::test]
async fn a_log_comes_from_the_kubelet_that_the_node_names() {
    let server = Server::in_memory().await;
    let kubelet = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = kubelet.local_addr().unwrap().port();
    let asked = tokio::spawn(async move {
        let (mut stream, _) = kubelet.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let length = stream.read(&mut request).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n").await.unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    let node = json!({"metadata": {"name": "node-1"}, "status": {"daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}]}});
    server.post("/api/v1/nodes", node).await.expect(201);
    server.create_pod_with("web", json!({"nodeName": "node-1"})).await;
    let log = server.get(&server.path("pods/web/log?follow=true&container=app")).await.expect(200);
    assert_eq!(log, "hello\n");
    let line = format!("GET /containerLogs/{}/web/app?follow=true HTTP/1.1", server.namespace);
    assert!(asked.await.unwrap().starts_with(&line));
}

#[tokio::test]
async fn a_log_that_cannot_be_had_is_refused_with_the_reason() {
    let server = Server::in_memory().await;
    let log = server.path("pods/web/log");
    server.get(&log).await.refused(404, "NotFound", "pods \"web\" not found");
    server.create_pod("web").await;
    server.get(&log).await.refused(400, "BadRequest", "pod web does not have a host assigned");
    server.get(&format!("{log}?container=x")).await.refused(400, "BadRequest", "container x is not valid for pod web");
    server.post("/api/v1/nodes", json!({"metadata": {"name": "node-1"}})).await.expect(201);
    let two = json!({"nodeName": "node-1", "containers": [{"name": "a", "image": "i"}, {"name": "b", "image": "i"}]});
    server.create_pod_with("two", two).await;
    server.get(&server.path("pods/two/log")).await.refused(
        400,
        "BadRequest",
        "a container name must be specified for pod two, choose one of: [a b]",
    );
    server.get(&server.path("pods/two/log?container=a")).await.refused(
        501,
        "NotImplemented",
        "the in-memory API server does not do this: the logs of two are with the kubelet of node node-1, whose \
         status.daemonEndpoints names no port",
    );
}
