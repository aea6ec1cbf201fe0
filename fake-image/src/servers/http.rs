//! Answers of the servers to HTTP requests.

use std::{collections::BTreeMap, time::Duration};

use super::{Kind, Server};
use crate::{
    container::{HttpError, HttpRequest, HttpResponse, Stream},
    files::{Node, lock},
    os::{Descriptor, Os},
    text::{go_duration, go_log_time, go_string},
};

/// Answers a request as the server that listens on its port.
pub(crate) fn respond(os: &Os, request: &HttpRequest) -> Result<HttpResponse, HttpError> {
    let server = os.kernel().servers.iter().find(|server| server.port == request.port).cloned();
    let server = server.ok_or(HttpError::Refused)?;
    let speaks_http = !matches!(server.kind, Kind::Tcp | Kind::Grpc { .. });
    match (speaks_http, server.https, request.https) {
        (false, ..) => return Err(HttpError::Closed),
        (true, true, false) => {
            return Ok(HttpResponse::text(400, "Client sent an HTTP request to an HTTPS server.\n"));
        }
        (true, false, true) => return Err(HttpError::NoTls),
        (true, ..) => (),
    }
    let (path, query) = parse_target(&request.path);
    let age = os.now().saturating_sub(server.started);
    match &server.kind {
        Kind::Liveness => Ok(liveness(&path, &query, age)),
        Kind::ServeHostname => {
            log(os, &server, "HTTP request from 127.0.0.1");
            Ok(HttpResponse::text(200, &os.kernel().host.name))
        }
        Kind::Files => Ok(file(os, &server, &path).unwrap_or_else(|| HttpResponse::text(404, "404 page not found\n"))),
        Kind::Site { page, root } => {
            let from_file = file(os, &server, &format!("{root}{path}"));
            Ok(match from_file {
                Some(response) if response.status == 200 && path != "/" => response,
                _ if path == "/" || path == "/index.html" => {
                    file(os, &server, &format!("{root}/index.html")).unwrap_or_else(|| HttpResponse::text(200, page))
                }
                _ => HttpResponse::text(404, "404 Not Found\n"),
            })
        }
        Kind::Text(text) => Ok(HttpResponse::text(200, text)),
        Kind::Nettest => Ok(nettest(&server, &path, request)),
        Kind::GrpcControl => {
            let healthy = match path.as_str() {
                "/make-serving" => true,
                "/make-not-serving" => false,
                _ => return Ok(HttpResponse::text(404, "404 page not found\n")),
            };
            lock(&server.state).forced = Some(healthy);
            log(os, &server, if healthy { "Mark as healthy" } else { "Mark as unhealthy" });
            Ok(HttpResponse::text(200, &go_string(age)))
        }
        Kind::Netexec { override_path: Some(target) } => {
            let (path, query) = parse_target(target);
            netexec(os, &server, &path, &query, &HttpRequest { path: target.clone(), ..request.clone() })
        }
        Kind::Netexec { override_path: None } => netexec(os, &server, &path, &query, request),
        Kind::Tcp | Kind::Grpc { .. } => Err(HttpError::Closed),
    }
}

/// Splits a request's target into its path and the values of its query.
pub(crate) fn parse_target(target: &str) -> (String, BTreeMap<String, String>) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut values = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        values.entry(decoded(name)).or_insert_with(|| decoded(value));
    }
    (decoded(path), values)
}

/// Decodes `%41` and `+`.
fn decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let mut ahead = bytes.clone();
                let digits = [ahead.next(), ahead.next()].map(|digit| digit.map_or(' ', char::from));
                let text: String = digits.into_iter().collect();
                match u8::from_str_radix(&text, 16) {
                    Ok(byte) => {
                        out.push(byte);
                        bytes = ahead;
                    }
                    Err(_) => out.push(b'%'),
                }
            }
            byte => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Prints a line of a server's log.
fn log(os: &Os, server: &Server, message: &str) {
    let line = format!("{} {message}\n", go_log_time(os.now()));
    let mut kernel = os.kernel();
    let error = kernel.processes.get(&server.pid).and_then(|process| process.descriptors.get(&2).cloned());
    if let Some(Descriptor::Console { session, .. }) = error {
        kernel.print(session, Stream::Stderr, line.as_bytes());
    }
}

/// Answers to `main` in `test/images/agnhost/liveness`.
fn liveness(path: &str, query: &BTreeMap<String, String>, age: Duration) -> HttpResponse {
    match path {
        "/started" => HttpResponse::text(200, &go_string(age)),
        "/healthz" if age.as_secs_f64() > 10.0 => HttpResponse::text(500, &format!("error: {}", age.as_secs_f64())),
        "/healthz" => HttpResponse::text(200, "ok"),
        "/redirect" => HttpResponse::redirect(302, query.get("loc").map_or("", String::as_str)),
        _ => HttpResponse::text(404, "404 page not found\n"),
    }
}

/// Reads a file of the container, or lists a directory.
fn file(os: &Os, server: &Server, path: &str) -> Option<HttpResponse> {
    let place = os.resolve(server.pid, path, true).ok()?;
    match place.node()? {
        Node::File(file) => Some(HttpResponse { status: 200, headers: BTreeMap::new(), body: file.content() }),
        Node::Directory { .. } => {
            let names = place.volume.names_in(&place.inner);
            let lines: String = names.iter().map(|name| format!("<a href=\"{name}\">{name}</a>\n")).collect();
            Some(HttpResponse::text(200, &format!("<pre>\n{lines}</pre>\n")))
        }
        Node::Link(_) => None,
    }
}

fn nettest(server: &Server, path: &str, request: &HttpRequest) -> HttpResponse {
    match path {
        "/write" => {
            let body = String::from_utf8_lossy(&request.body);
            let source = body.split_once("\"Source\"").and_then(|(_, rest)| rest.split('"').nth(1)).unwrap_or_default();
            let mut state = lock(&server.state);
            // As many as there are Pods in the largest test.
            if state.received.len() < 1000 {
                let count = state.received.entry(source.to_owned()).or_default();
                *count = count.saturating_add(1);
            }
            HttpResponse::text(200, "{}")
        }
        "/read" => {
            let state = lock(&server.state);
            let received: Vec<String> =
                state.received.iter().map(|(source, count)| format!("{}:{count}", quoted(source))).collect();
            HttpResponse::text(
                200,
                &format!("{{\"Hostname\":\"\",\"Sent\":{{}},\"Received\":{{{}}}}}", received.join(",")),
            )
        }
        "/status" => HttpResponse::text(200, "pass"),
        _ => HttpResponse::text(404, "404 page not found\n"),
    }
}

/// Writes text as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Answers to `addRoutes` in `test/images/agnhost/netexec`.
fn netexec(
    os: &Os,
    server: &Server,
    path: &str,
    query: &BTreeMap<String, String>,
    request: &HttpRequest,
) -> Result<HttpResponse, HttpError> {
    // Values may also come in a form.
    let form = parse_target(&format!("?{}", String::from_utf8_lossy(&request.body))).1;
    let value = |name: &str| query.get(name).or_else(|| form.get(name)).map_or("", String::as_str);
    let is_terminating = lock(&server.state).is_terminating;
    let response = match path {
        "/echo" => {
            let (message, code) = (value("msg"), value("code"));
            log(os, server, &format!("GET /echo?msg={message}&code={code}"));
            match (code, code.parse::<u16>()) {
                ("", _) => HttpResponse::text(200, message),
                (_, Ok(code)) => HttpResponse::text(code, message),
                (_, Err(_)) => {
                    HttpResponse::text(200, &format!("argument 'code' must be an integer or empty, got {code:?}\n"))
                }
            }
        }
        "/clientip" => {
            log(os, server, "GET /clientip");
            HttpResponse::text(200, "127.0.0.1:40000")
        }
        "/serverport" => {
            log(os, server, "GET /serverport");
            HttpResponse::text(200, &server.port.to_string())
        }
        "/header" => {
            let key = value("key");
            let found = request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
            if key.is_empty() {
                let all: Vec<String> = request
                    .headers
                    .iter()
                    .map(|(name, value)| format!("{}:[{}]", quoted(name), quoted(value)))
                    .collect();
                HttpResponse::text(200, &format!("{{{}}}", all.join(",")))
            } else {
                HttpResponse::text(200, found.map_or("", |(_, value)| value))
            }
        }
        "/healthz" => {
            log(os, server, "GET /healthz");
            HttpResponse::text(200, "")
        }
        "/readyz" if is_terminating => HttpResponse::text(503, "shutting down"),
        "/readyz" => HttpResponse::text(200, "ok"),
        "/hostname" | "/hostName" => {
            log(os, server, &format!("GET {path}"));
            HttpResponse::text(200, &os.kernel().host.name)
        }
        "/redirect" => {
            let code = value("code").parse().unwrap_or(302);
            HttpResponse::redirect(code, value("location"))
        }
        "/shutdown" => {
            log(os, server, "GET /shutdown");
            os.kernel().end(server.pid, 0);
            return Err(HttpError::Closed);
        }
        "/exit" => return exit(os, server, value("code"), value("timeout"), value("wait")),
        "/shell" | "/dial" | "/upload" => return Err(HttpError::Unsupported(path.to_owned())),
        _ => {
            log(os, server, "GET /");
            HttpResponse::text(200, &format!("NOW: {}", go_log_time(os.now())))
        }
    };
    Ok(response)
}

/// Answers to `exitHandler` in `test/images/agnhost/netexec`.
fn exit(os: &Os, server: &Server, code: &str, timeout: &str, wait: &str) -> Result<HttpResponse, HttpError> {
    let duration = |name: &str, text: &str| match text {
        "" => Ok(Duration::ZERO),
        text => go_duration(text).ok_or_else(|| {
            HttpResponse::text(
                200,
                &format!("argument '{name}' must be a valid golang duration or empty, got {text:?}\n"),
            )
        }),
    };
    let (timeout, wait) = match (duration("timeout", timeout), duration("wait", wait)) {
        (Ok(timeout), Ok(wait)) => (timeout, wait),
        (Err(response), _) | (_, Err(response)) => return Ok(response),
    };
    let exit_code = match code {
        "" => 0,
        code => match code.parse::<i32>() {
            Ok(code) => code & 0xff,
            Err(_) => {
                let text = format!("argument 'code' must be an integer [0-127] or empty, got {code:?}\n");
                return Ok(HttpResponse::text(200, &text));
            }
        },
    };
    let (pid, own) = (server.pid, os.clone());
    if wait.is_zero() {
        os.kernel().end(pid, exit_code);
    } else if let Some(clock) = os.fork(pid, None) {
        os.spawn(
            clock,
            Box::pin(async move {
                own.sleep(clock, wait).await;
                own.kernel().end(pid, exit_code);
                0
            }),
        );
    }
    // Without a time to close connections this one is cut off.
    if timeout.is_zero() { Err(HttpError::Closed) } else { Ok(HttpResponse::text(200, "")) }
}
