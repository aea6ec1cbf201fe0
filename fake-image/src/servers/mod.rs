//! Servers of test and demo images: pause, agnhost (test/images/agnhost), nginx.

mod http;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

pub(crate) use http::{parse_target, quoted, respond};

use crate::{
    files::base,
    image::Image,
    os::{Os, Signal, Wait},
    shell::Shell,
    text::{format_time, go_duration, go_log_time},
};

/// Port on which a process listens.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) pid: u32,
    pub(crate) port: u16,
    pub(crate) https: bool,
    pub(crate) kind: Kind,
    pub(crate) started: Duration,
    pub(crate) state: Arc<Mutex<State>>,
}

/// What the servers of one process share.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// Answer of the gRPC health check that was set over HTTP: true if healthy.
    pub(crate) forced: Option<bool>,
    /// True once SIGTERM has come.
    pub(crate) is_terminating: bool,
    /// Posts that `nettest` has got, by source.
    pub(crate) received: BTreeMap<String, u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `agnhost liveness`: healthy for ten seconds.
    Liveness,
    /// `agnhost netexec`; with a path that answers every request.
    Netexec {
        override_path: Option<String>,
    },
    ServeHostname,
    /// `agnhost test-webserver`: the container's files.
    Files,
    /// `agnhost grpc-health-checking`
    Grpc {
        service: String,
        healthy_for: Option<Duration>,
    },
    /// Its HTTP port.
    GrpcControl,
    Nettest,
    /// The same text at each path.
    Text(String),
    /// A web server with a page at `/` and files below a directory.
    Site {
        page: &'static str,
        root: &'static str,
    },
    /// Accepts connections, and speaks another protocol.
    Tcp,
}

/// Reaction of a server to SIGTERM.
#[derive(Clone, Copy, Debug)]
enum OnTerm {
    /// Exits after a time.
    Exit { after: Duration, code: i32 },
    /// As a Go program without a handler: it ends with code 2 if the kernel does not end it.
    Go,
}

/// True if a program of that name is reached by that command.
pub(crate) fn is_program(name: &str, command: &str) -> bool {
    !command.contains('/')
        || command == format!("/{name}")
        || command.starts_with("/usr/")
        || command.starts_with("/bin/")
}

/// True if an image has a server of that name.
pub(crate) fn has_program(image: &Image, name: &str) -> bool {
    let entry = image.entry_point.first().map_or("", |entry| base(entry));
    match name {
        "pause" => entry == "pause",
        "agnhost" | "agnhost-2" => entry == "agnhost",
        "nonewprivs" => entry == "nonewprivs",
        "nginx" => image.command.first() == Some(&"nginx"),
        "httpd-foreground" | "httpd" => image.command.first() == Some(&"httpd-foreground"),
        "redis-server" => image.command.first() == Some(&"redis-server"),
        "docker-entrypoint.sh" | "entrypoint.sh" => entry == name,
        _ => false,
    }
}

pub(crate) async fn run(shell: &mut Shell, name: &str, argv: &[String]) -> i32 {
    let arguments = argv.get(1..).unwrap_or_default();
    match name {
        // The official images' entry point carries out its arguments.
        "docker-entrypoint.sh" | "entrypoint.sh" => Box::pin(crate::tools::run(shell, arguments)).await,
        "pause" => {
            catch(shell, &[Signal::Term, Signal::Int]);
            next_signal(shell, None).await;
            0
        }
        "nginx" => {
            let site = Kind::Site { page: "<title>Welcome to nginx!</title>\n", root: "/usr/share/nginx/html" };
            serve(shell, vec![(80, false, site)], OnTerm::Exit { after: Duration::ZERO, code: 0 }).await
        }
        "httpd" | "httpd-foreground" => {
            let site = Kind::Site {
                page: "<html><body><h1>It works!</h1></body></html>\n",
                root: "/usr/local/apache2/htdocs",
            };
            serve(shell, vec![(80, false, site)], OnTerm::Exit { after: Duration::ZERO, code: 0 }).await
        }
        "redis-server" => {
            serve(shell, vec![(6379, false, Kind::Tcp)], OnTerm::Exit { after: Duration::ZERO, code: 0 }).await
        }
        // A setuid program: it has root's rights unless it must not gain any.
        "nonewprivs" => print_effective_uid(shell).await,
        _ => agnhost(shell, argv).await,
    }
}

async fn print_effective_uid(shell: &mut Shell) -> i32 {
    let uid = {
        let kernel = shell.os.kernel();
        if kernel.host.no_new_privileges { kernel.host.uid } else { 0 }
    };
    shell.print(&format!("Effective uid: {uid}\n")).await
}

/// Flags of a Go program: `--name=value`, `--name value`, `-n value`.
struct Flags(BTreeMap<String, String>);

impl Flags {
    fn of(arguments: &[String], switches: &[&str]) -> Flags {
        let (mut flags, mut words) = (BTreeMap::new(), arguments.iter().peekable());
        while let Some(word) = words.next() {
            let Some(flag) = word.strip_prefix("--").or_else(|| word.strip_prefix('-')) else { continue };
            match flag.split_once('=') {
                Some((name, value)) => drop(flags.insert(name.to_owned(), value.to_owned())),
                None if switches.contains(&flag) => drop(flags.insert(flag.to_owned(), "true".into())),
                None => {
                    let value = words.next().cloned().unwrap_or_default();
                    flags.insert(flag.to_owned(), value);
                }
            }
        }
        Flags(flags)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn number(&self, name: &str, default: i64) -> i64 {
        self.text(name).and_then(|text| text.parse().ok()).unwrap_or(default)
    }

    /// Returns a port; 0 never answers.
    fn port(&self, name: &str, default: u16) -> u16 {
        u16::try_from(self.number(name, i64::from(default))).unwrap_or(0)
    }

    fn is_set(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| text != "false")
    }
}

/// Answers to the subcommands in `test/images/agnhost`.
async fn agnhost(shell: &mut Shell, argv: &[String]) -> i32 {
    let command = argv.get(1).map_or("", String::as_str);
    let arguments = argv.get(2..).unwrap_or_default();
    let flags = Flags::of(arguments, &["tcp", "udp", "http", "close"]);
    match command {
        "pause" => pause(shell).await,
        "entrypoint-tester" => shell.print(&format!("[{}]\n", argv.join(" "))).await,
        "liveness" => serve(shell, vec![(8080, false, Kind::Liveness)], OnTerm::Go).await,
        "test-webserver" => serve(shell, vec![(flags.port("port", 80), false, Kind::Files)], OnTerm::Go).await,
        "netexec" => {
            let override_path = flags.text("http-override").filter(|path| !path.is_empty()).map(str::to_owned);
            let https = flags.text("tls-cert-file").is_some_and(|file| !file.is_empty());
            let port = flags.port("http-port", 8080);
            log(shell, &format!("Started HTTP server on port {port}")).await;
            let udp = flags.number("udp-port", 8081);
            if udp != -1 {
                log(shell, &format!("Started UDP server on port  {udp}")).await;
            }
            let after = Duration::from_secs(flags.number("delay-shutdown", 0).max(0).unsigned_abs());
            let netexec = Kind::Netexec { override_path };
            serve(shell, vec![(port, https, netexec)], OnTerm::Exit { after, code: 0 }).await
        }
        "serve-hostname" => {
            let is_raw = flags.is_set("tcp") || flags.is_set("udp");
            if is_raw && flags.text("http") != Some("false") {
                log(shell, "Can't server TCP/UDP mode and HTTP mode at the same time").await;
                return 1;
            }
            let port = flags.port("port", 9376);
            let kind = if is_raw { Kind::Tcp } else { Kind::ServeHostname };
            log(shell, &format!("Serving on port {port}.")).await;
            // It waits a minute for the Pod to be deleted.
            serve(shell, vec![(port, false, kind)], OnTerm::Exit { after: Duration::from_secs(60), code: 0 }).await
        }
        "grpc-health-checking" => {
            let delay = flags.number("delay-unhealthy-sec", -1);
            let healthy_for = u64::try_from(delay).ok().map(Duration::from_secs);
            let service = flags.text("service").unwrap_or_default().to_owned();
            let (http, port) = (flags.port("http-port", 8080), flags.port("port", 5000));
            log(shell, &format!("Http server starting to listen on :{http}")).await;
            log(shell, &format!("gRPC server starting to listen on :{port}")).await;
            let grpc = Kind::Grpc { service, healthy_for };
            let https = flags.text("tls-cert-file").is_some_and(|file| !file.is_empty());
            serve(shell, vec![(port, https, grpc), (http, false, Kind::GrpcControl)], OnTerm::Go).await
        }
        "nettest" => {
            let port = flags.port("port", 8080);
            log(shell, &format!("Listening on port {port}")).await;
            serve(shell, vec![(port, false, Kind::Nettest)], OnTerm::Exit { after: Duration::ZERO, code: 0 }).await
        }
        "porter" => {
            let listens = |(name, value): (&String, &String)| {
                let (port, https) = match name.strip_prefix("SERVE_PORT_") {
                    Some(port) => (port, false),
                    None => (name.strip_prefix("SERVE_TLS_PORT_")?, true),
                };
                Some((port.parse().ok()?, https, Kind::Text(value.clone())))
            };
            let ports = shell.environment().iter().filter_map(listens).collect();
            serve(shell, ports, OnTerm::Go).await
        }
        "etc-hosts" | "dns-suffix" | "dns-server-list" => {
            let file = if command == "etc-hosts" { "/etc/hosts" } else { "/etc/resolv.conf" };
            let content = shell.os.read_file(shell.pid, file).await.unwrap_or_default();
            let content = String::from_utf8_lossy(&content).into_owned();
            let text = match command {
                "etc-hosts" => content,
                "dns-suffix" => {
                    let search = content.lines().find_map(|line| line.strip_prefix("search "));
                    search.unwrap_or_default().split_whitespace().collect::<Vec<&str>>().join(",")
                }
                _ => {
                    content.lines().filter_map(|line| line.strip_prefix("nameserver ")).collect::<Vec<&str>>().join(",")
                }
            };
            shell.print(&(text.trim_end().to_owned() + "\n")).await;
            // The process stays, so that its answer can be read.
            if command == "etc-hosts" { 0 } else { pause_silently(shell).await }
        }
        "logs-generator" => logs_generator(shell, &flags).await,
        "nonewprivs" => print_effective_uid(shell).await,
        "" => shell.print("Usage:\n  app [command]\n").await,
        _ => {
            shell.os.give_up(shell.pid, &format!("`agnhost {command}`")).await;
            1
        }
    }
}

async fn pause(shell: &mut Shell) -> i32 {
    shell.print("Paused\nSignals registered\n").await;
    catch(shell, &[Signal::Term, Signal::Int]);
    let signal = next_signal(shell, None).await;
    let (name, code) = if signal == Some(Signal::Int) { ("interrupt", 1) } else { ("terminated", 2) };
    let message = format!("exiting because of signal \"{name}\"\n");
    let path = shell.environment().remove("TERMINATION_MESSAGE_PATH").filter(|path| !path.is_empty());
    let path = path.unwrap_or_else(|| "/dev/termination-log".into());
    // Where it cannot be written it is in the log.
    let _ = crate::tools::write_file(shell, &path, message.as_bytes(), crate::os::Open::WRITE).await;
    shell.print(&message).await;
    code
}

async fn pause_silently(shell: &mut Shell) -> i32 {
    catch_as_go(shell);
    next_signal(shell, None).await;
    2
}

/// Answers to `generateLogs` in `test/images/agnhost/logs-generator`.
async fn logs_generator(shell: &mut Shell, flags: &Flags) -> i32 {
    let count =
        flags.text("log-lines-total").or(flags.text("t")).and_then(|count| count.parse::<u32>().ok()).unwrap_or(0);
    let time = flags.text("run-duration").or(flags.text("d")).and_then(go_duration).unwrap_or_default();
    let Some(delay) = time.checked_div(count).filter(|delay| !delay.is_zero()) else {
        log(shell, "Invalid total number of lines or duration").await;
        return 255;
    };
    for id in 0..count {
        let random = shell.os.random();
        let method = ["GET", "POST", "PUT"].get(usize::try_from(random % 3).unwrap_or(0)).unwrap_or(&"GET");
        let space =
            ["kube-system", "default", "ns"].get(usize::try_from((random >> 8) % 3).unwrap_or(0)).unwrap_or(&"ns");
        let status = (random >> 16) % 400;
        let status = status.saturating_add(200);
        let now = shell.os.now();
        let time = format_time("%m%d %H:%M:%S", now).unwrap_or_default();
        let line = format!(
            "I{time}.{:06}       1 logs_generator.go:76] {id} {method} /api/v1/namespaces/{space}/pods/p{:03x} {status}\n",
            now.subsec_micros(),
            (random >> 32) & 0xfff,
        );
        // klog writes to the error stream.
        let _ = shell.os.write(shell.pid, 2, line.as_bytes()).await;
        shell.os.sleep(shell.pid, delay).await;
    }
    0
}

/// Prints a line as Go's `log` package does.
async fn log(shell: &mut Shell, message: &str) {
    let line = format!("{} {message}\n", go_log_time(shell.os.now()));
    // Errors of the error stream have nowhere to go.
    let _ = shell.os.write(shell.pid, 2, line.as_bytes()).await;
}

fn catch(shell: &Shell, signals: &[Signal]) {
    shell.os.with_process(shell.pid, |process| process.caught.extend(signals));
}

/// Go's runtime catches signals, and then raises them again with the default action, which does nothing to PID 1.
fn catch_as_go(shell: &Shell) {
    if shell.is_main() {
        catch(shell, &[Signal::Term, Signal::Int, Signal::Hup]);
    }
}

/// Waits for a signal, or for a time.
async fn next_signal(shell: &Shell, until: Option<Duration>) -> Option<Signal> {
    shell.os.block(shell.pid, Wait::Signal(until)).await;
    shell.os.with_process(shell.pid, |process| process.pending.pop_front()).flatten()
}

/// Listens until SIGTERM.
async fn serve(shell: &mut Shell, ports: Vec<(u16, bool, Kind)>, on_term: OnTerm) -> i32 {
    let (pid, started, state) = (shell.pid, shell.os.now(), Arc::<Mutex<State>>::default());
    for (port, https, kind) in ports {
        let is_taken = {
            let mut kernel = shell.os.kernel();
            let is_taken = kernel.servers.iter().any(|server| server.port == port);
            if !is_taken {
                kernel.servers.push(Server { pid, port, https, kind, started, state: state.clone() });
            }
            is_taken
        };
        if is_taken {
            log(shell, &format!("listen tcp :{port}: bind: address already in use")).await;
            return 1;
        }
    }
    match on_term {
        OnTerm::Go => {
            catch_as_go(shell);
            next_signal(shell, None).await;
            2
        }
        OnTerm::Exit { after, code } => {
            catch(shell, &[Signal::Term, Signal::Quit]);
            next_signal(shell, None).await;
            crate::files::lock(&state).is_terminating = true;
            if !after.is_zero() {
                log(shell, &format!("Sleeping {} seconds before terminating...", after.as_secs())).await;
                shell.os.sleep(pid, after).await;
            }
            code
        }
    }
}

/// State of a gRPC service as its health check answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GrpcHealth {
    /// SERVING
    Serving,
    /// NOT_SERVING
    NotServing,
    /// The server has no such service: NOT_FOUND.
    UnknownService,
    /// Nothing listens there, or no gRPC server.
    Unreachable,
}

/// Answers to `Check` in `test/images/agnhost/grpc-health-checking`.
pub(crate) fn grpc_health(os: &Os, port: u16, service: &str) -> GrpcHealth {
    let kernel = os.kernel();
    let Some(server) = kernel.servers.iter().find(|server| server.port == port) else { return GrpcHealth::Unreachable };
    let Kind::Grpc { service: known, healthy_for } = &server.kind else { return GrpcHealth::Unreachable };
    if known != service {
        return GrpcHealth::UnknownService;
    }
    let forced = crate::files::lock(&server.state).forced;
    let age = kernel.now.saturating_sub(server.started);
    let is_past = healthy_for.is_some_and(|healthy_for| age >= healthy_for);
    if forced == Some(false) || is_past { GrpcHealth::NotServing } else { GrpcHealth::Serving }
}
