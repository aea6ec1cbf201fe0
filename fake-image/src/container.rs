//! Container: the processes of one program, in virtual time.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
    sync::Mutex,
    task::{Context, Poll, Waker},
    time::Duration,
};

use crate::{
    files::{Mount, Volume, lock, normal},
    os::{Call, Coroutine, Descriptor, Kernel, MAIN, Os, Process, Signal},
    program::{Host, Program, StartError, Stdin},
    servers::{self, GrpcHealth},
    shell::Shell,
    tools,
};

/// Stream of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Bytes that a container has written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Time since the Unix epoch.
    pub at: Duration,
    /// Stream of the bytes.
    pub stream: Stream,
    /// At one instant, all writes to a stream in a row.
    pub bytes: Vec<u8>,
}

/// Request to an HTTP server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpRequest {
    /// True for TLS.
    pub https: bool,
    /// `GET`, `POST` …; empty is `GET`.
    pub method: String,
    /// Host name or address; of no matter to [`Container::respond`].
    pub host: String,
    /// Port.
    pub port: u16,
    /// Path and query.
    pub path: String,
    /// Headers by name.
    pub headers: BTreeMap<String, String>,
    /// Body.
    pub body: Vec<u8>,
}

/// Answer of an HTTP server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpResponse {
    /// Status code.
    pub status: u16,
    /// Headers by name.
    pub headers: BTreeMap<String, String>,
    /// Body.
    pub body: Vec<u8>,
}

/// Request without an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpError {
    /// Nothing listens on the port.
    Refused,
    /// The server closed the connection.
    Closed,
    /// The server does not speak TLS.
    NoTls,
    /// A path that a real server answers, and this one cannot.
    Unsupported(String),
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HttpError::Refused => f.write_str("connect: connection refused"),
            HttpError::Closed => f.write_str("EOF"),
            HttpError::NoTls => f.write_str("http: server gave HTTP response to HTTPS client"),
            HttpError::Unsupported(path) => write!(f, "{path} is not answered by this fake image"),
        }
    }
}

impl std::error::Error for HttpError {}

impl HttpRequest {
    /// Creates a `GET` request.
    #[must_use]
    pub fn get(port: u16, path: &str) -> HttpRequest {
        HttpRequest { method: "GET".into(), port, path: path.into(), ..HttpRequest::default() }
    }
}

impl HttpResponse {
    pub(crate) fn text(status: u16, text: &str) -> HttpResponse {
        HttpResponse { status, headers: BTreeMap::new(), body: text.as_bytes().to_vec() }
    }

    pub(crate) fn redirect(status: u16, location: &str) -> HttpResponse {
        let headers = [("Location".to_owned(), location.to_owned())].into();
        HttpResponse { status, headers, body: Vec::new() }
    }

    /// Returns the words of the status code.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self.status {
            200 => "OK",
            302 => "Found",
            307 => "Temporary Redirect",
            400 => "Bad Request",
            404 => "Not Found",
            412 => "Precondition Failed",
            500 => "Internal Server Error",
            503 => "Service Unavailable",
            _ => "",
        }
    }
}

/// Name of a command that was started in a running container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExecId(u32);

/// State of a command in a running container.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExecState {
    /// It runs.
    Running,
    /// It waits for ever, since a part of it cannot be read.
    Unreadable,
    /// It has ended with that code.
    Exited(i32),
}

/// Container in virtual time: a program, and what is executed beside it.
///
/// Times are since the Unix epoch. Nothing happens between calls: [`Container::run_until`] carries out everything up to a
/// time, and [`Container::next_wake`] is when it has to be called again.
///
/// ```
/// use std::time::Duration;
/// use fake_image::{Container, Host, Program, Volume};
///
/// let start = Duration::from_secs(1_800_000_000);
/// let command = ["sh", "-c", "sleep 2; echo ready; exit 3"].map(str::to_owned);
/// let program = Program::new("busybox", &command, &[], Default::default());
/// let mut container = Container::start(&program, Host::default(), Volume::new(), Vec::new(), start)?;
///
/// assert_eq!(container.next_wake(), Some(start + Duration::from_secs(2)));
/// container.run_until(start + Duration::from_secs(2));
/// assert_eq!(container.exit_code(), Some(3));
/// assert_eq!(container.take_output()[0].bytes, b"ready\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Container {
    os: Os,
    /// In a mutex, since a coroutine may not be shared between threads.
    coroutines: Mutex<BTreeMap<u32, Coroutine>>,
    program: Program,
    exit: Option<(Duration, i32)>,
    next_session: u32,
    /// PID of the first process of each session.
    sessions: BTreeMap<u32, u32>,
    has_told_unreadable: bool,
}

impl fmt::Debug for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Container")
            .field("argv", &self.program.argv())
            .field("exit", &self.exit)
            .finish_non_exhaustive()
    }
}

impl Container {
    /// Starts a program. `root` is the container's own file system, and `mounts` are its volumes.
    ///
    /// # Errors
    ///
    /// [`StartError`] if the image is known and has no such program.
    pub fn start(
        program: &Program,
        host: Host,
        root: Volume,
        mounts: Vec<Mount>,
        now: Duration,
    ) -> Result<Container, StartError> {
        for directory in [
            "/bin",
            "/dev/shm",
            "/etc",
            "/home",
            "/proc",
            "/root",
            "/sys",
            "/tmp",
            "/usr/bin",
            "/var/run",
            program.directory(),
        ] {
            root.make_directory(directory);
        }
        for (path, content) in [
            ("/etc/hostname", format!("{}\n", host.name)),
            ("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n".to_owned()),
            ("/etc/group", "root:x:0:\n".to_owned()),
            ("/dev/termination-log", String::new()),
        ] {
            if root.read(path).is_none() {
                root.write(path, content.as_bytes());
            }
        }
        let mut all = vec![Mount { path: "/".into(), volume: root.clone(), sub_path: String::new(), read_only: false }];
        for mut mount in mounts {
            mount.path = normal(&mount.path, "/");
            // The runtime makes the mount point, in the volume that it stands in.
            root.make_directory(&mount.path);
            all.push(mount);
        }
        let mut program = program.clone();
        program.env.entry("HOSTNAME".into()).or_insert_with(|| host.name.clone());
        let os = Os::new(Kernel::new(host, all, now));
        let mut container = Container {
            os,
            coroutines: Mutex::default(),
            exit: None,
            next_session: 1,
            sessions: BTreeMap::new(),
            has_told_unreadable: false,
            program,
        };
        let input = match container.program.stdin {
            Stdin::Closed => Descriptor::Null,
            Stdin::Open => Descriptor::Silent,
        };
        let argv = container.program.argv().to_vec();
        container.launch(0, argv, input)?;
        container.run_until(now);
        Ok(container)
    }

    /// Starts the first process of a session.
    fn launch(&mut self, session: u32, argv: Vec<String>, input: Descriptor) -> Result<u32, StartError> {
        let console = |stream| Descriptor::Console { session, stream };
        let process = Process {
            name: argv.clone(),
            descriptors: [(0, input), (1, console(Stream::Stdout)), (2, console(Stream::Stderr))].into(),
            directory: self.program.directory().to_owned(),
            ..Process::new(session)
        };
        let Some(pid) = self.os.kernel().add_process(process) else {
            return Err(Program::not_found(argv.first().map_or("", String::as_str)));
        };
        let image = self.program.image_or_any();
        let shell = Shell::new(self.os.clone(), pid, image, self.program.env());
        let problem = match argv.first() {
            None => Some(format!("the image {} and what it runs", self.program.image_name)),
            Some(command) => match tools::find(&shell, command) {
                // No process of that name ever ran.
                tools::Found::Missing => {
                    self.os.kernel().processes.remove(&pid);
                    return Err(Program::not_found(command));
                }
                tools::Found::Program(_) | tools::Found::File | tools::Found::Denied | tools::Found::Unknown => None,
            },
        };
        let os = self.os.clone();
        let coroutine: Coroutine = match problem {
            Some(reason) => Box::pin(async move {
                os.give_up(pid, &reason).await;
                0
            }),
            None => Box::pin(shell.run_program(argv)),
        };
        self.os.spawn(pid, coroutine);
        self.sessions.insert(session, pid);
        Ok(pid)
    }

    /// Carries out everything up to a time.
    ///
    /// A hundred thousand commands are the most that one call carries out: after that it returns early, and
    /// [`Container::next_wake`] is not after `now`.
    pub fn run_until(&mut self, now: Duration) {
        self.os.kernel().begin_call();
        loop {
            self.run_ready();
            let next = {
                let kernel = self.os.kernel();
                kernel.next_wake().filter(|at| *at <= now && kernel.may_go_on())
            };
            match next {
                Some(at) => self.os.kernel().advance(at),
                None => break,
            }
        }
        let mut kernel = self.os.kernel();
        if kernel.may_go_on() {
            kernel.advance(now);
        }
    }

    /// Polls all processes that are ready, in the order of their PIDs, until none is.
    fn run_ready(&mut self) {
        let coroutines = self.coroutines.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut context = Context::from_waker(Waker::noop());
        loop {
            coroutines.extend(std::mem::take(&mut self.os.kernel().spawned));
            let ready: Vec<u32> = {
                let kernel = self.os.kernel();
                if !kernel.may_go_on() {
                    break;
                }
                coroutines.keys().copied().filter(|pid| kernel.is_ready(*pid)).collect()
            };
            if ready.is_empty() {
                break;
            }
            for pid in ready {
                // Another process may have killed it in the meantime, or taken what it waited for.
                if !self.os.kernel().is_ready(pid) {
                    continue;
                }
                let Some(coroutine) = coroutines.get_mut(&pid) else { continue };
                if let Poll::Ready(code) = coroutine.as_mut().poll(&mut context) {
                    coroutines.remove(&pid);
                    self.os.kernel().end(pid, code);
                }
            }
            let kernel = self.os.kernel();
            let is_alive = |pid: &u32| kernel.processes.get(pid).is_some_and(|process| process.exit.is_none());
            let dead: Vec<u32> = coroutines.keys().copied().filter(|pid| !is_alive(pid)).collect();
            drop(kernel);
            for pid in dead {
                coroutines.remove(&pid);
            }
        }
        let (code, now) = {
            let kernel = self.os.kernel();
            (kernel.processes.get(&MAIN).and_then(|process| process.exit), kernel.now)
        };
        if let (Some(code), None) = (code, self.exit) {
            self.exit = Some((now, code));
            coroutines.clear();
            self.os.kernel().spawned.clear();
        }
    }

    /// Returns when it has to run again; `None` if nothing will happen by itself.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        if self.exit.is_some() { None } else { self.os.kernel().next_wake() }
    }

    /// Returns the exit code of the first process, once it has ended.
    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        self.exit.map(|(_, code)| code)
    }

    /// Returns when the first process ended.
    #[must_use]
    pub fn exited_at(&self) -> Option<Duration> {
        self.exit.map(|(at, _)| at)
    }

    /// Takes what the program has written since the last call.
    pub fn take_output(&mut self) -> Vec<Output> {
        self.os.kernel().outputs.remove(&0).unwrap_or_default().into()
    }

    /// Returns how many bytes of output were dropped, since they were not taken in time.
    #[must_use]
    pub fn dropped_bytes(&self) -> u64 {
        self.os.kernel().dropped_bytes
    }

    /// Sends a signal to the first process, as the runtime does.
    pub fn signal(&mut self, signal: Signal, now: Duration) {
        self.run_until(now);
        self.os.kernel().signal(MAIN, signal, true);
        self.run_until(now);
    }

    /// Starts a command in the container, as for `kubectl exec`, an exec probe or a hook. Its input is `stdin`, and then ends.
    ///
    /// # Errors
    ///
    /// [`StartError`] if the image has no such program, or if the container has exited.
    pub fn exec(&mut self, argv: &[String], stdin: &[u8], now: Duration) -> Result<ExecId, StartError> {
        self.run_until(now);
        let command = argv.first().map_or("", String::as_str);
        if self.exit.is_some() || argv.is_empty() {
            return Err(Program::not_found(command));
        }
        let session = self.next_session;
        self.next_session = session.wrapping_add(1).max(1);
        let input = if stdin.is_empty() {
            Descriptor::Null
        } else {
            Descriptor::Text { text: String::from_utf8_lossy(stdin).into(), offset: std::sync::Arc::default() }
        };
        self.launch(session, argv.to_vec(), input)?;
        self.run_until(now);
        Ok(ExecId(session))
    }

    /// Returns the state of a command; an unknown or forgotten one has exited with 137.
    #[must_use]
    pub fn exec_state(&self, ExecId(session): ExecId) -> ExecState {
        let kernel = self.os.kernel();
        let process = self.sessions.get(&session).and_then(|pid| kernel.processes.get(pid));
        match process.map(|process| process.exit) {
            Some(Some(code)) => ExecState::Exited(code),
            Some(None) if kernel.stuck.contains(&session) => ExecState::Unreadable,
            Some(None) => ExecState::Running,
            None => ExecState::Exited(Signal::Kill.exit_code()),
        }
    }

    /// Takes what a command has written since the last call.
    pub fn take_exec_output(&mut self, ExecId(session): ExecId) -> Vec<Output> {
        self.os.kernel().outputs.remove(&session).unwrap_or_default().into()
    }

    /// Kills a command if it still runs, and forgets it.
    pub fn end_exec(&mut self, ExecId(session): ExecId) {
        let mut kernel = self.os.kernel();
        let pids: BTreeSet<u32> = kernel
            .processes
            .iter()
            .filter(|(pid, process)| process.session == session && **pid != MAIN)
            .map(|(pid, _)| *pid)
            .collect();
        let first = self.sessions.remove(&session);
        // What it left in the background goes on, as in a container.
        if let Some(first) = first.filter(|first| pids.contains(first)) {
            kernel.end(first, Signal::Kill.exit_code());
            kernel.processes.remove(&first);
        }
        kernel.outputs.remove(&session);
        kernel.stuck.remove(&session);
    }

    /// Answers an HTTP request as the server on its port.
    ///
    /// # Errors
    ///
    /// [`HttpError`] if there is no answer.
    pub fn respond(&mut self, request: &HttpRequest, now: Duration) -> Result<HttpResponse, HttpError> {
        self.run_until(now);
        let response = servers::respond(&self.os, request);
        let response = match response {
            Err(HttpError::Unsupported(path)) if path == "/shell" => self.respond_shell(request, now),
            response => response,
        };
        self.run_until(now);
        response
    }

    /// Answers to `shellHandler` in `test/images/agnhost/netexec`.
    fn respond_shell(&mut self, request: &HttpRequest, now: Duration) -> Result<HttpResponse, HttpError> {
        let (path, query) = servers::parse_target(&request.path);
        let command = query.get("shellCommand").or_else(|| query.get("cmd")).cloned().unwrap_or_default();
        let argv = ["/bin/sh".to_owned(), "-c".to_owned(), command];
        let exec = self.exec(&argv, &[], now).map_err(|_| HttpError::Closed)?;
        let state = self.exec_state(exec);
        let output: Vec<u8> = self.take_exec_output(exec).into_iter().flat_map(|output| output.bytes).collect();
        self.end_exec(exec);
        let output = servers::quoted(&String::from_utf8_lossy(&output));
        match state {
            ExecState::Exited(0) => Ok(HttpResponse::text(200, &format!("{{\"output\":{output}}}"))),
            ExecState::Exited(code) => {
                let error = servers::quoted(&format!("exit status {code}"));
                Ok(HttpResponse::text(200, &format!("{{\"error\":{error},\"output\":{output}}}")))
            }
            ExecState::Running | ExecState::Unreadable => Err(HttpError::Unsupported(path)),
        }
    }

    /// True if a server listens on a port.
    #[must_use]
    pub fn accepts(&self, port: u16) -> bool {
        self.os.kernel().servers.iter().any(|server| server.port == port)
    }

    /// Answers a gRPC health check.
    pub fn grpc_health(&mut self, port: u16, service: &str, now: Duration) -> GrpcHealth {
        self.run_until(now);
        servers::grpc_health(&self.os, port, service)
    }

    /// Takes the HTTP requests that programs send to other hosts; each is answered by [`Container::answer`].
    pub fn take_requests(&mut self) -> Vec<(u64, HttpRequest)> {
        let mut kernel = self.os.kernel();
        kernel.calls.iter_mut().filter_map(|(id, call)| Some((*id, call.request.take()?))).collect()
    }

    /// Answers a request of [`Container::take_requests`]; an error is what the tool prints, such as `Connection refused`.
    pub fn answer(&mut self, id: u64, answer: Result<HttpResponse, String>, now: Duration) {
        self.run_until(now);
        if let Some(Call { answer: slot, .. }) = self.os.kernel().calls.get_mut(&id) {
            *slot = Some(answer);
        }
        self.run_until(now);
    }

    /// Returns a file's content as the first process sees it, such as `/dev/termination-log`.
    #[must_use]
    pub fn read_file(&self, path: &str) -> Option<Vec<u8>> {
        let place = self.os.resolve(MAIN, path, true).ok()?;
        place.volume.read(&place.inner)
    }

    /// Returns what could not be read, the first time only.
    pub fn take_unreadable(&mut self) -> Option<String> {
        if self.has_told_unreadable {
            return None;
        }
        let reason = self.os.kernel().unreadable.clone();
        self.has_told_unreadable = reason.is_some();
        reason
    }

    /// True if the program itself waits for ever because a part of it cannot be read.
    #[must_use]
    pub fn is_stuck(&self) -> bool {
        self.os.kernel().stuck.contains(&0)
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // Coroutines own handles of the kernel, which owns those that were just spawned: the circle is cut here.
        self.os.kernel().spawned.clear();
        lock(&self.coroutines).clear();
    }
}

impl Process {
    /// Creates a process without a parent in its container.
    fn new(session: u32) -> Process {
        Process {
            parent: 0,
            name: Vec::new(),
            descriptors: BTreeMap::new(),
            directory: "/".into(),
            wait: crate::os::Wait::Nothing,
            caught: BTreeSet::new(),
            ignored: BTreeSet::new(),
            pending: VecDeque::new(),
            exit: None,
            session,
            is_stopped: false,
        }
    }
}
