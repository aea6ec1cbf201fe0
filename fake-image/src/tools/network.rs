//! `curl` and `wget`: requests to servers in this container, and to others by way of the embedder.

use std::collections::BTreeMap;

use super::write_file;
use crate::{
    container::{HttpRequest, HttpResponse},
    files::base,
    os::{Call, Errno, Open, Wait},
    servers,
    shell::Shell,
};

/// Request as given in arguments.
#[derive(Default)]
struct Options {
    method: Option<String>,
    body: Option<Vec<u8>>,
    headers: BTreeMap<String, String>,
    output: Option<String>,
    url: Option<String>,
    quiet: bool,
    fails: bool,
    shows_headers: bool,
    spider: bool,
    write_out: Option<String>,
}

pub(super) async fn run(shell: &mut Shell, tool: &str, arguments: &[String]) -> i32 {
    let options = match parse(tool, arguments) {
        Ok(options) => options,
        Err(option) => {
            shell.os.give_up(shell.pid, &format!("`{tool} {option}`")).await;
            return 1;
        }
    };
    let Some(url) = options.url.clone() else {
        shell.complain_as(tool, "no URL").await;
        return if tool == "curl" { 2 } else { 1 };
    };
    let Some(mut request) = parse_url(&url) else {
        shell.complain_as(tool, &format!("bad address '{url}'")).await;
        return if tool == "curl" { 3 } else { 1 };
    };
    request.method = match (&options.method, &options.body) {
        (Some(method), _) => method.clone(),
        (None, Some(_)) => "POST".into(),
        (None, None) => "GET".into(),
    };
    request.body = options.body.clone().unwrap_or_default();
    request.headers.clone_from(&options.headers);
    let answer = call(shell, request.clone()).await;
    let response = match answer {
        Ok(response) => response,
        Err(message) if tool == "curl" => {
            if !options.quiet {
                let text = format!("(7) Failed to connect to {} port {}: {message}", request.host, request.port);
                shell.complain_as("curl", &text).await;
            }
            return 7;
        }
        Err(message) => {
            shell.complain_as("wget", &format!("can't connect to remote host ({}): {message}", request.host)).await;
            return 1;
        }
    };
    if tool == "wget" && response.status >= 400 {
        shell
            .complain_as("wget", &format!("server returned error: HTTP/1.1 {} {}", response.status, response.reason()))
            .await;
        return 1;
    }
    if options.fails && response.status >= 400 {
        shell.complain_as("curl", &format!("(22) The requested URL returned error: {}", response.status)).await;
        return 22;
    }
    let mut content = Vec::new();
    if options.shows_headers {
        content.extend(format!("HTTP/1.1 {} {}\r\n\r\n", response.status, response.reason()).into_bytes());
    }
    if options.method.as_deref() != Some("HEAD") {
        content.extend(&response.body);
    }
    let output = match (&options.output, tool) {
        (Some(output), _) => output.clone(),
        (None, "wget") if options.spider => return 0,
        (None, "wget") => match base(request.path.split('?').next().unwrap_or_default()) {
            "" => "index.html".into(),
            name => name.to_owned(),
        },
        (None, _) => "-".into(),
    };
    if output == "-" {
        shell.print_bytes(&content).await;
    } else if let Err(Errno(error)) = write_file(shell, &output, &content, Open::WRITE).await {
        shell.complain_as(tool, &format!("can't open '{output}': {error}")).await;
        return if tool == "curl" { 23 } else { 1 };
    }
    if let Some(format) = options.write_out {
        let text = format.replace("%{http_code}", &response.status.to_string()).replace("\\n", "\n");
        shell.print(&text).await;
    }
    0
}

/// Sends a request and waits for its answer.
pub(crate) async fn call(shell: &mut Shell, request: HttpRequest) -> Result<HttpResponse, String> {
    let (is_own, has_network) = {
        let kernel = shell.os.kernel();
        let host = request.host.as_str();
        let is_own =
            matches!(host, "localhost" | "127.0.0.1" | "::1") || host == kernel.host.ip || host == kernel.host.name;
        (is_own, kernel.host.has_network)
    };
    if is_own {
        return servers::respond(&shell.os, &request).map_err(|error| error.to_string());
    }
    if !has_network {
        return Err("Connection refused".into());
    }
    let id = {
        let mut kernel = shell.os.kernel();
        let id = kernel.calls.last_key_value().map_or(0, |(id, _)| id.wrapping_add(1));
        kernel.calls.insert(id, Call { request: Some(request), answer: None });
        id
    };
    shell.os.block(shell.pid, Wait::Answer(id)).await;
    let call = shell.os.kernel().calls.remove(&id);
    call.and_then(|call| call.answer).unwrap_or_else(|| Err("Connection reset by peer".into()))
}

fn parse(tool: &str, arguments: &[String]) -> Result<Options, String> {
    let mut options = Options::default();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let (name, mut inline) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
            Some(_) | None => (word.as_str(), None),
        };
        if let Some(rest) = name.strip_prefix("-O").or_else(|| name.strip_prefix("-o")).filter(|rest| !rest.is_empty())
        {
            options.output = Some(rest.to_owned());
            continue;
        }
        let mut value = || inline.take().or_else(|| words.next().cloned()).ok_or_else(|| word.clone());
        match (tool, name) {
            (_, "-q" | "-s" | "--silent" | "--quiet" | "-nv") => options.quiet = true,
            (_, "-k" | "--insecure" | "-L" | "--location" | "-S" | "-v" | "--no-check-certificate" | "-g" | "-4") => (),
            ("curl", "-sS" | "-sL" | "-sk" | "-ks" | "-sSL") => options.quiet = true,
            ("curl", "-f" | "--fail" | "-fsS" | "-sf" | "-fs" | "-fsSL") => options.fails = true,
            ("curl", "-i" | "--include") => options.shows_headers = true,
            ("curl", "-I" | "--head") => {
                options.shows_headers = true;
                options.method = Some("HEAD".into());
            }
            ("curl", "-X" | "--request") => options.method = Some(value()?),
            ("curl", "-d" | "--data" | "--data-raw" | "--data-binary") | ("wget", "--post-data") => {
                options.body = Some(value()?.into_bytes());
            }
            (_, "-H" | "--header") => {
                let header = value()?;
                let (key, text) = header.split_once(':').unwrap_or((&header, ""));
                options.headers.insert(key.trim().to_owned(), text.trim().to_owned());
            }
            ("curl", "-w" | "--write-out") => options.write_out = Some(value()?),
            ("curl", "-o" | "--output") | ("wget", "-O" | "--output-document") => options.output = Some(value()?),
            ("curl", "-m" | "--max-time" | "--connect-timeout" | "--retry" | "--retry-delay" | "-A" | "-u")
            | ("wget", "-T" | "--timeout" | "-t" | "--tries" | "-U") => drop(value()?),
            ("wget", "--spider") => options.spider = true,
            (_, "-qO-") => {
                options.quiet = true;
                options.output = Some("-".into());
            }
            (_, option) if option.starts_with('-') && option != "-" => return Err(option.to_owned()),
            (_, url) => options.url = Some(inline.map_or(url.to_owned(), |_| word.clone())),
        }
    }
    Ok(options)
}

/// Reads an address.
pub(crate) fn parse_url(url: &str) -> Option<HttpRequest> {
    let (https, rest) = match url.split_once("://") {
        Some(("http", rest)) => (false, rest),
        Some(("https", rest)) => (true, rest),
        Some(_) => return None,
        None => (false, url),
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            (host, after.strip_prefix(':'))
        }
        None => match authority.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let port = match port {
        Some(port) => port.parse().ok()?,
        None if https => 443,
        None => 80,
    };
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    (!host.is_empty()).then(|| HttpRequest { https, host: host.to_owned(), port, path, ..HttpRequest::default() })
}
