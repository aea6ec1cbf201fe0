//! Kernel of one container in virtual time: processes, signals, pipes, descriptors and files.
//!
//! A process is a coroutine that waits for something of [`Wait`]; it is polled again when that has come.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll},
    time::Duration,
};

use crate::{
    container::{HttpRequest, Output, Stream},
    files::{File, Mount, Node, Volume, lock, normal},
    program::Host,
    servers::Server,
};

/// Commands that one container carries out at one instant; then its processes pause for a second, as if the CPU were slow.
const STEPS_PER_INSTANT: u32 = 5_000;

/// Commands that one call of `run_until` carries out at most.
const STEPS_PER_CALL: u32 = 100_000;

/// Length of that pause.
const BUSY_PAUSE: Duration = Duration::from_secs(1);

/// Processes of a container; a fork beyond them fails as at the limit of a cgroup.
const MAX_PROCESSES: usize = 64;

/// Commands that a fork counts for.
const FORK_STEPS: u32 = 50;

/// Bytes in a pipe, as in Linux.
const PIPE_BYTES: usize = 1 << 16;

/// Bytes of output that wait to be taken; older output is dropped first, as a log that is rotated.
const KEPT_OUTPUT: usize = 1 << 20;

/// PID 1, which the container is.
pub(crate) const MAIN: u32 = 1;

/// Process as a coroutine that returns its exit code.
pub(crate) type Coroutine = Pin<Box<dyn Future<Output = i32> + Send>>;

/// Signal to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
#[non_exhaustive]
pub enum Signal {
    /// SIGHUP
    Hup = 1,
    /// SIGINT
    Int = 2,
    /// SIGQUIT
    Quit = 3,
    /// SIGABRT
    Abrt = 6,
    /// SIGKILL, which no process can catch.
    Kill = 9,
    /// SIGUSR1
    Usr1 = 10,
    /// SIGUSR2
    Usr2 = 12,
    /// SIGPIPE
    Pipe = 13,
    /// SIGALRM
    Alrm = 14,
    /// SIGTERM
    Term = 15,
    /// SIGCHLD, ignored by default.
    Chld = 17,
    /// SIGCONT
    Cont = 18,
    /// SIGSTOP
    Stop = 19,
    /// SIGWINCH, ignored by default.
    Winch = 28,
}

impl Signal {
    pub(crate) const ALL: [(Signal, &'static str); 14] = [
        (Signal::Hup, "HUP"),
        (Signal::Int, "INT"),
        (Signal::Quit, "QUIT"),
        (Signal::Abrt, "ABRT"),
        (Signal::Kill, "KILL"),
        (Signal::Usr1, "USR1"),
        (Signal::Usr2, "USR2"),
        (Signal::Pipe, "PIPE"),
        (Signal::Alrm, "ALRM"),
        (Signal::Term, "TERM"),
        (Signal::Chld, "CHLD"),
        (Signal::Cont, "CONT"),
        (Signal::Stop, "STOP"),
        (Signal::Winch, "WINCH"),
    ];

    /// Returns the signal of a name (`TERM`, `SIGTERM`) or number; `None` for others.
    #[must_use]
    pub fn parse(text: &str) -> Option<Signal> {
        let upper = text.to_ascii_uppercase();
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        let found =
            Signal::ALL.into_iter().find(|(signal, known)| *known == name || signal.number().to_string() == name);
        found.map(|(signal, _)| signal)
    }

    /// Returns the number of the signal.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Returns the exit code of a process that it ended.
    #[must_use]
    pub const fn exit_code(self) -> i32 {
        128_i32.saturating_add(self as i32)
    }
}

/// State that a process waits for.
#[derive(Clone, Debug)]
pub(crate) enum Wait {
    /// It runs.
    Nothing,
    Until(Duration),
    /// End of a child, or of any.
    Child {
        pid: Option<u32>,
        or_signal: bool,
    },
    Readable(u32),
    Writable(u32),
    /// A caught signal, or the time.
    Signal(Option<Duration>),
    /// Answer to an HTTP request.
    Answer(u64),
    Forever,
}

/// Open file of a process.
#[derive(Clone, Debug)]
pub(crate) enum Descriptor {
    Null,
    Zero,
    Random,
    /// Output of a session: 0 is the container's, others are those of `exec`.
    Console {
        session: u32,
        stream: Stream,
    },
    File {
        file: File,
        offset: Arc<Mutex<u64>>,
        append: bool,
        reads: bool,
        writes: bool,
        volume: Volume,
    },
    /// Content that the kernel makes.
    Text {
        text: Arc<str>,
        offset: Arc<Mutex<u64>>,
    },
    Reader(u32),
    Writer(u32),
    /// Input that never comes.
    Silent,
    Directory,
}

#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) parent: u32,
    pub(crate) name: Vec<String>,
    pub(crate) descriptors: BTreeMap<u32, Descriptor>,
    pub(crate) directory: String,
    pub(crate) wait: Wait,
    pub(crate) caught: BTreeSet<Signal>,
    pub(crate) ignored: BTreeSet<Signal>,
    pub(crate) pending: VecDeque<Signal>,
    pub(crate) exit: Option<i32>,
    pub(crate) session: u32,
    pub(crate) is_stopped: bool,
}

#[derive(Debug, Default)]
struct Pipe(VecDeque<u8>);

/// Request of a program to a server elsewhere, and its answer.
#[derive(Debug, Default)]
pub(crate) struct Call {
    pub(crate) request: Option<HttpRequest>,
    pub(crate) answer: Option<Result<crate::container::HttpResponse, String>>,
}

pub(crate) struct Kernel {
    pub(crate) now: Duration,
    pub(crate) host: Host,
    pub(crate) mounts: Vec<Mount>,
    pub(crate) processes: BTreeMap<u32, Process>,
    pub(crate) spawned: Vec<(u32, Coroutine)>,
    pub(crate) servers: Vec<Server>,
    pub(crate) calls: BTreeMap<u64, Call>,
    /// Output by session.
    pub(crate) outputs: BTreeMap<u32, VecDeque<Output>>,
    pub(crate) dropped_bytes: u64,
    /// First thing that could not be read.
    pub(crate) unreadable: Option<String>,
    /// Sessions that wait because of something that cannot be read.
    pub(crate) stuck: BTreeSet<u32>,
    pipes: BTreeMap<u32, Pipe>,
    steps_now: u32,
    steps_left: u32,
    next_pid: u32,
    next_pipe: u32,
    random: u64,
}

/// Handle of the kernel, shared by all processes of a container.
#[derive(Clone)]
pub(crate) struct Os(Arc<Mutex<Kernel>>);

/// Failure of a call, with the words of `strerror`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Errno(pub(crate) &'static str);

pub(crate) const NOT_FOUND: Errno = Errno("No such file or directory");
pub(crate) const IS_DIRECTORY: Errno = Errno("Is a directory");
pub(crate) const NOT_DIRECTORY: Errno = Errno("Not a directory");
pub(crate) const READ_ONLY: Errno = Errno("Read-only file system");
pub(crate) const NO_SPACE: Errno = Errno("No space left on device");
pub(crate) const BAD_DESCRIPTOR: Errno = Errno("Bad file descriptor");
pub(crate) const EXISTS: Errno = Errno("File exists");
pub(crate) const NOT_EMPTY: Errno = Errno("Directory not empty");
pub(crate) const TOO_MANY_LINKS: Errno = Errno("Too many levels of symbolic links");

/// Mode in which a file is opened.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Open {
    pub(crate) reads: bool,
    pub(crate) writes: bool,
    pub(crate) creates: bool,
    pub(crate) truncates: bool,
    pub(crate) append: bool,
    /// With `set -C`.
    pub(crate) exclusive: bool,
}

impl Open {
    pub(crate) const READ: Open =
        Open { reads: true, writes: false, creates: false, truncates: false, append: false, exclusive: false };
    pub(crate) const WRITE: Open =
        Open { reads: false, writes: true, creates: true, truncates: true, append: false, exclusive: false };
    pub(crate) const APPEND: Open = Open { append: true, truncates: false, ..Open::WRITE };
}

/// Future that returns to the executor once.
struct Yield(bool);

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        Poll::Pending
    }
}

impl Kernel {
    pub(crate) fn new(host: Host, mounts: Vec<Mount>, now: Duration) -> Kernel {
        // The seed only has to differ from Pod to Pod: FNV-1a over the name and the time.
        let seed = host
            .name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let nanos = u64::try_from(now.as_nanos() & u128::from(u64::MAX)).unwrap_or_default();
        Kernel {
            now,
            host,
            mounts,
            processes: BTreeMap::new(),
            spawned: Vec::new(),
            servers: Vec::new(),
            calls: BTreeMap::new(),
            outputs: BTreeMap::new(),
            dropped_bytes: 0,
            unreadable: None,
            stuck: BTreeSet::new(),
            pipes: BTreeMap::new(),
            steps_now: 0,
            steps_left: STEPS_PER_CALL,
            next_pid: MAIN,
            next_pipe: 0,
            random: seed ^ nanos,
        }
    }

    /// Allows another call of `run_until`.
    pub(crate) fn begin_call(&mut self) {
        self.steps_left = STEPS_PER_CALL;
    }

    pub(crate) fn may_go_on(&self) -> bool {
        self.steps_left > 0
    }

    pub(crate) fn advance(&mut self, now: Duration) {
        if now > self.now {
            self.now = now;
            self.steps_now = 0;
        }
    }

    pub(crate) fn add_process(&mut self, process: Process) -> Option<u32> {
        let alive = self.processes.values().filter(|process| process.exit.is_none()).count();
        if alive >= MAX_PROCESSES {
            return None;
        }
        let pid = self.next_pid;
        self.next_pid = pid.checked_add(1)?;
        self.processes.insert(pid, process);
        Some(pid)
    }

    /// True if a process can run now.
    pub(crate) fn is_ready(&self, pid: u32) -> bool {
        let Some(process) = self.processes.get(&pid) else { return false };
        if process.exit.is_some() || process.is_stopped {
            return false;
        }
        let is_signalled = !process.pending.is_empty();
        match process.wait {
            Wait::Nothing => true,
            Wait::Until(at) => at <= self.now,
            Wait::Child { pid: Some(child), or_signal } => {
                (or_signal && is_signalled) || self.processes.get(&child).is_none_or(|child| child.exit.is_some())
            }
            Wait::Child { pid: None, or_signal } => {
                let mut children = self.processes.values().filter(|child| child.parent == pid).peekable();
                (or_signal && is_signalled) || children.peek().is_none() || children.any(|child| child.exit.is_some())
            }
            Wait::Readable(pipe) => !self.is_empty(pipe) || !self.has_end(pipe, true),
            Wait::Writable(pipe) => self.room(pipe) > 0 || !self.has_end(pipe, false),
            Wait::Signal(at) => is_signalled || at.is_some_and(|at| at <= self.now),
            Wait::Answer(call) => self.calls.get(&call).is_none_or(|call| call.answer.is_some()),
            Wait::Forever => false,
        }
    }

    /// Returns when the next process wakes by itself.
    pub(crate) fn next_wake(&self) -> Option<Duration> {
        let alive = self.processes.iter().filter(|(_, process)| process.exit.is_none() && !process.is_stopped);
        let wakes = alive.filter_map(|(pid, process)| match process.wait {
            Wait::Until(at) => Some(at),
            Wait::Signal(at) if process.pending.is_empty() => at,
            Wait::Nothing
            | Wait::Child { .. }
            | Wait::Readable(_)
            | Wait::Writable(_)
            | Wait::Signal(_)
            | Wait::Answer(_)
            | Wait::Forever => self.is_ready(*pid).then_some(self.now),
        });
        wakes.min()
    }

    fn is_empty(&self, pipe: u32) -> bool {
        self.pipes.get(&pipe).is_none_or(|pipe| pipe.0.is_empty())
    }

    fn room(&self, pipe: u32) -> usize {
        self.pipes.get(&pipe).map_or(0, |pipe| PIPE_BYTES.saturating_sub(pipe.0.len()))
    }

    /// True if a living process has an end of a pipe open: the writer's, or the reader's.
    fn has_end(&self, pipe: u32, writer: bool) -> bool {
        let alive = self.processes.values().filter(|process| process.exit.is_none());
        alive.flat_map(|process| process.descriptors.values()).any(|descriptor| match descriptor {
            Descriptor::Writer(of) => writer && *of == pipe,
            Descriptor::Reader(of) => !writer && *of == pipe,
            Descriptor::Null
            | Descriptor::Zero
            | Descriptor::Random
            | Descriptor::Console { .. }
            | Descriptor::File { .. }
            | Descriptor::Text { .. }
            | Descriptor::Silent
            | Descriptor::Directory => false,
        })
    }

    /// Ends a process; PID 1 takes all others with it.
    pub(crate) fn end(&mut self, pid: u32, code: i32) {
        let Some(process) = self.processes.get_mut(&pid) else { return };
        if process.exit.is_some() {
            return;
        }
        process.exit = Some(code);
        process.descriptors.clear();
        let parent = process.parent;
        self.servers.retain(|server| server.pid != pid);
        if pid == MAIN {
            for process in self.processes.values_mut() {
                // The end of PID 1 kills whatever else is in its namespace.
                process.exit.get_or_insert(Signal::Kill.exit_code());
                process.descriptors.clear();
            }
            self.servers.clear();
            return;
        }
        // Children of a dead process become PID 1's, which waits for none: nothing keeps their exit codes.
        self.processes.retain(|_, process| process.parent != pid || process.exit.is_none());
        for process in self.processes.values_mut().filter(|process| process.parent == pid) {
            process.parent = MAIN;
        }
        let parent = self.processes.get(&parent);
        // An exec's process is kept until its exit code has been taken.
        let is_awaited = parent.is_some_and(|parent| parent.exit.is_none()) || self.is_session(pid);
        if !is_awaited {
            self.processes.remove(&pid);
        }
        let used: BTreeSet<u32> =
            self.pipes.keys().copied().filter(|pipe| self.has_end(*pipe, true) || self.has_end(*pipe, false)).collect();
        self.pipes.retain(|pipe, _| used.contains(pipe));
    }

    fn is_session(&self, pid: u32) -> bool {
        self.processes.get(&pid).is_some_and(|process| process.parent == 0 && process.session != 0)
    }

    /// Delivers a signal: caught, ignored, or fatal. Signals from outside reach PID 1 also without a handler if they
    /// cannot be caught.
    pub(crate) fn signal(&mut self, pid: u32, signal: Signal, from_outside: bool) -> bool {
        let Some(process) = self.processes.get_mut(&pid).filter(|process| process.exit.is_none()) else { return false };
        if process.caught.contains(&signal) && signal != Signal::Kill && signal != Signal::Stop {
            process.pending.push_back(signal);
            return true;
        }
        // Without a handler nothing inside its namespace ends PID 1, not even SIGKILL.
        let is_immune = pid == MAIN && !(from_outside && signal == Signal::Kill);
        match signal {
            Signal::Chld | Signal::Winch => (),
            Signal::Cont => process.is_stopped = false,
            Signal::Stop => process.is_stopped = !is_immune,
            Signal::Hup
            | Signal::Int
            | Signal::Quit
            | Signal::Abrt
            | Signal::Kill
            | Signal::Usr1
            | Signal::Usr2
            | Signal::Pipe
            | Signal::Alrm
            | Signal::Term => {
                let is_ignored = process.ignored.contains(&signal) && signal != Signal::Kill;
                if !is_immune && !is_ignored {
                    self.end(pid, signal.exit_code());
                }
            }
        }
        true
    }

    pub(crate) fn print(&mut self, session: u32, stream: Stream, bytes: &[u8]) {
        let now = self.now;
        let outputs = self.outputs.entry(session).or_default();
        match outputs.back_mut() {
            Some(last) if last.at == now && last.stream == stream => last.bytes.extend_from_slice(bytes),
            Some(_) | None => outputs.push_back(Output { at: now, stream, bytes: bytes.to_vec() }),
        }
        let mut kept: usize = outputs.iter().map(|output| output.bytes.len()).fold(0, usize::saturating_add);
        while kept > KEPT_OUTPUT {
            let Some(oldest) = outputs.front_mut() else { return };
            let surplus = kept.saturating_sub(KEPT_OUTPUT).min(oldest.bytes.len());
            oldest.bytes.drain(..surplus);
            if oldest.bytes.is_empty() {
                outputs.pop_front();
            }
            kept = kept.saturating_sub(surplus);
            self.dropped_bytes = self.dropped_bytes.saturating_add(surplus as u64);
        }
    }

    /// Returns the volume and the path in it of an absolute path without links.
    fn mount_of(&self, path: &str) -> Option<(&Mount, String)> {
        let inside = |mount: &&Mount| {
            mount.path == "/"
                || path.strip_prefix(mount.path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mount = self.mounts.iter().filter(inside).max_by_key(|mount| mount.path.len())?;
        let rest = path.strip_prefix(mount.path.trim_end_matches('/')).unwrap_or_default();
        Some((mount, normal(&format!("{}/{rest}", mount.sub_path), "/")))
    }
}

/// Resolved path: its volume, the path in it, and whether it may be written.
pub(crate) struct Place {
    pub(crate) path: String,
    pub(crate) volume: Volume,
    pub(crate) inner: String,
    pub(crate) read_only: bool,
    pub(crate) is_mount_point: bool,
}

impl Place {
    pub(crate) fn node(&self) -> Option<Node> {
        self.volume.node(&self.inner)
    }

    pub(crate) fn insert(&self, node: Node) -> Result<(), Errno> {
        if self.read_only {
            return Err(READ_ONLY);
        }
        match self.volume.node(crate::files::parent(&self.inner)) {
            Some(Node::Directory { .. }) => (),
            Some(_) => return Err(NOT_DIRECTORY),
            None => return Err(NOT_FOUND),
        }
        if self.volume.insert(&self.inner, node) { Ok(()) } else { Err(NO_SPACE) }
    }
}

impl Os {
    pub(crate) fn new(kernel: Kernel) -> Os {
        Os(Arc::new(Mutex::new(kernel)))
    }

    pub(crate) fn kernel(&self) -> MutexGuard<'_, Kernel> {
        lock(&self.0)
    }

    pub(crate) fn now(&self) -> Duration {
        self.kernel().now
    }

    /// Waits until something has come.
    pub(crate) async fn block(&self, pid: u32, wait: Wait) {
        if let Some(process) = self.kernel().processes.get_mut(&pid) {
            process.wait = wait;
        }
        Yield(false).await;
    }

    /// Counts a command, and pauses where too many were carried out at one instant.
    pub(crate) async fn step(&self, pid: u32) {
        let pause = {
            let mut kernel = self.kernel();
            kernel.steps_now = kernel.steps_now.saturating_add(1);
            kernel.steps_left = kernel.steps_left.saturating_sub(1);
            let is_dead = kernel.processes.get(&pid).is_none_or(|process| process.exit.is_some());
            if is_dead {
                Some(Wait::Forever)
            } else if kernel.steps_now > STEPS_PER_INSTANT {
                Some(Wait::Until(kernel.now.saturating_add(BUSY_PAUSE)))
            } else if kernel.steps_left == 0 {
                Some(Wait::Nothing)
            } else {
                None
            }
        };
        if let Some(wait) = pause {
            self.block(pid, wait).await;
        }
    }

    pub(crate) async fn sleep(&self, pid: u32, length: Duration) {
        let until = self.now().saturating_add(length);
        self.block(pid, Wait::Until(until)).await;
    }

    /// Notes what cannot be read, and waits for ever.
    pub(crate) async fn give_up(&self, pid: u32, reason: &str) {
        {
            let mut kernel = self.kernel();
            let session = kernel.processes.get(&pid).map_or(0, |process| process.session);
            kernel.stuck.insert(session);
            kernel.unreadable.get_or_insert_with(|| reason.to_owned());
        }
        loop {
            self.block(pid, Wait::Forever).await;
        }
    }

    /// Starts a child with descriptors, signals and directory of its parent; `None` at the limit.
    pub(crate) fn fork(&self, parent: u32, name: Option<Vec<String>>) -> Option<u32> {
        let mut kernel = self.kernel();
        kernel.steps_now = kernel.steps_now.saturating_add(FORK_STEPS);
        kernel.steps_left = kernel.steps_left.saturating_sub(FORK_STEPS);
        let of = kernel.processes.get(&parent)?;
        let process = Process {
            parent,
            name: name.unwrap_or_else(|| of.name.clone()),
            descriptors: of.descriptors.clone(),
            directory: of.directory.clone(),
            wait: Wait::Nothing,
            // Traps are reset in a subshell; what was ignored stays so.
            caught: BTreeSet::new(),
            ignored: of.ignored.clone(),
            pending: VecDeque::new(),
            exit: None,
            session: of.session,
            is_stopped: false,
        };
        kernel.add_process(process)
    }

    pub(crate) fn spawn(&self, pid: u32, coroutine: Coroutine) {
        self.kernel().spawned.push((pid, coroutine));
    }

    /// Waits for a child and returns its exit code.
    pub(crate) async fn join(&self, pid: u32, child: u32) -> i32 {
        self.block(pid, Wait::Child { pid: Some(child), or_signal: false }).await;
        self.reap(child).unwrap_or(127)
    }

    /// Takes the exit code of a dead process.
    pub(crate) fn reap(&self, child: u32) -> Option<i32> {
        let mut kernel = self.kernel();
        let code = kernel.processes.get(&child)?.exit?;
        kernel.processes.remove(&child);
        Some(code)
    }

    pub(crate) fn pipe(&self) -> u32 {
        let mut kernel = self.kernel();
        let pipe = kernel.next_pipe;
        kernel.next_pipe = pipe.wrapping_add(1);
        kernel.pipes.insert(pipe, Pipe::default());
        pipe
    }

    pub(crate) fn with_process<T>(&self, pid: u32, read: impl FnOnce(&mut Process) -> T) -> Option<T> {
        self.kernel().processes.get_mut(&pid).map(read)
    }

    pub(crate) fn descriptor(&self, pid: u32, fd: u32) -> Option<Descriptor> {
        self.with_process(pid, |process| process.descriptors.get(&fd).cloned()).flatten()
    }

    pub(crate) fn set_descriptor(&self, pid: u32, fd: u32, descriptor: Option<Descriptor>) {
        self.with_process(pid, |process| match descriptor {
            Some(descriptor) => drop(process.descriptors.insert(fd, descriptor)),
            None => drop(process.descriptors.remove(&fd)),
        });
    }

    /// Reads at most so many bytes; empty at the end of the input.
    pub(crate) async fn read(&self, pid: u32, fd: u32, length: usize) -> Result<Vec<u8>, Errno> {
        match self.descriptor(pid, fd).ok_or(BAD_DESCRIPTOR)? {
            Descriptor::Null | Descriptor::Console { .. } => Ok(Vec::new()),
            Descriptor::Zero => Ok(vec![0; length.min(1 << 16)]),
            Descriptor::Random => {
                let random = (0..length.min(1 << 12)).map(|_| self.random().to_le_bytes()).map(|[byte, ..]| byte);
                Ok(random.collect())
            }
            Descriptor::File { reads: false, .. } | Descriptor::Writer(_) => Err(BAD_DESCRIPTOR),
            Descriptor::File { file, offset, .. } => {
                let mut offset = lock(&offset);
                let read = file.read_at(*offset, length);
                *offset = offset.saturating_add(read.len() as u64);
                Ok(read)
            }
            Descriptor::Text { text, offset } => {
                let mut offset = lock(&offset);
                let start = usize::try_from(*offset).unwrap_or(usize::MAX);
                let read: Vec<u8> = text.as_bytes().iter().skip(start).take(length).copied().collect();
                *offset = offset.saturating_add(read.len() as u64);
                Ok(read)
            }
            Descriptor::Reader(pipe) => {
                self.block(pid, Wait::Readable(pipe)).await;
                let mut kernel = self.kernel();
                let Some(pipe) = kernel.pipes.get_mut(&pipe) else { return Ok(Vec::new()) };
                let count = length.min(pipe.0.len());
                Ok(pipe.0.drain(..count).collect())
            }
            Descriptor::Silent => {
                self.block(pid, Wait::Forever).await;
                Ok(Vec::new())
            }
            Descriptor::Directory => Err(IS_DIRECTORY),
        }
    }

    pub(crate) async fn write(&self, pid: u32, fd: u32, mut bytes: &[u8]) -> Result<(), Errno> {
        {
            // Bytes cost time, too: about five megabytes a second.
            let mut kernel = self.kernel();
            let cost = u32::try_from(bytes.len() / 1024).unwrap_or(u32::MAX);
            kernel.steps_now = kernel.steps_now.saturating_add(cost);
            kernel.steps_left = kernel.steps_left.saturating_sub(cost);
        }
        match self.descriptor(pid, fd).ok_or(BAD_DESCRIPTOR)? {
            Descriptor::Null | Descriptor::Zero | Descriptor::Random => Ok(()),
            Descriptor::Console { session, stream } => {
                if !bytes.is_empty() {
                    self.kernel().print(session, stream, bytes);
                }
                Ok(())
            }
            Descriptor::File { writes: false, .. }
            | Descriptor::Reader(_)
            | Descriptor::Text { .. }
            | Descriptor::Silent
            | Descriptor::Directory => Err(BAD_DESCRIPTOR),
            Descriptor::File { file, offset, append, volume, .. } => {
                let now = self.now();
                let mut offset = lock(&offset);
                let at = if append { file.size() } else { *offset };
                let is_kept = bytes.iter().any(|byte| *byte != 0);
                if (is_kept && !volume.has_room(bytes.len())) || !file.write_at(at, bytes, now) {
                    return Err(NO_SPACE);
                }
                *offset = at.saturating_add(bytes.len() as u64);
                Ok(())
            }
            Descriptor::Writer(pipe) => {
                while !bytes.is_empty() {
                    self.block(pid, Wait::Writable(pipe)).await;
                    let has_reader = self.kernel().has_end(pipe, false);
                    if !has_reader {
                        let is_ignored = self.with_process(pid, |process| process.ignored.contains(&Signal::Pipe));
                        if is_ignored != Some(true) {
                            self.kernel().end(pid, Signal::Pipe.exit_code());
                            self.block(pid, Wait::Forever).await;
                        }
                        return Err(Errno("Broken pipe"));
                    }
                    let mut kernel = self.kernel();
                    let room = kernel.room(pipe).min(bytes.len());
                    let (now, later) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
                    if let Some(pipe) = kernel.pipes.get_mut(&pipe) {
                        pipe.0.extend(now);
                    }
                    bytes = later;
                }
                Ok(())
            }
        }
    }

    /// Returns the next random number: SplitMix64.
    pub(crate) fn random(&self) -> u64 {
        let mut kernel = self.kernel();
        kernel.random = kernel.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = kernel.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Resolves a path of a process. The last part is followed if it is a link and `follows` is true.
    pub(crate) fn resolve(&self, pid: u32, path: &str, follows: bool) -> Result<Place, Errno> {
        let kernel = self.kernel();
        let directory = kernel.processes.get(&pid).map_or("/", |process| &process.directory);
        let mut path = normal(path, directory);
        'links: for _ in 0..16 {
            let ends = path.char_indices().skip(1).filter(|(_, c)| *c == '/').map(|(at, _)| at);
            let ends: Vec<usize> = ends.chain(follows.then_some(path.len())).collect();
            for end in ends {
                let Some(prefix) = path.get(..end) else { continue };
                let Some((mount, inner)) = kernel.mount_of(prefix) else { return Err(NOT_FOUND) };
                match mount.volume.node(&inner) {
                    Some(Node::Link(target)) => {
                        let rest = path.get(end..).unwrap_or_default();
                        path = normal(&format!("{target}{rest}"), crate::files::parent(prefix));
                        continue 'links;
                    }
                    Some(Node::File(_)) if end < path.len() => return Err(NOT_DIRECTORY),
                    Some(Node::File(_) | Node::Directory { .. }) | None => (),
                }
            }
            let (mount, inner) = kernel.mount_of(&path).ok_or(NOT_FOUND)?;
            let is_mount_point = mount.path == path;
            let (volume, read_only) = (mount.volume.clone(), mount.read_only);
            return Ok(Place { volume, inner, read_only, is_mount_point, path });
        }
        Err(TOO_MANY_LINKS)
    }

    pub(crate) fn open(&self, pid: u32, path: &str, mode: Open) -> Result<Descriptor, Errno> {
        if path.is_empty() {
            return Err(NOT_FOUND);
        }
        let directory = self.with_process(pid, |process| process.directory.clone()).unwrap_or_default();
        if let Some(device) = self.device(pid, &normal(path, &directory)) {
            return device;
        }
        let place = self.resolve(pid, path, true)?;
        if let Some(device) = self.device(pid, &place.path) {
            return device;
        }
        let file = match place.node() {
            Some(Node::Directory { .. }) if mode.writes => return Err(IS_DIRECTORY),
            Some(Node::Directory { .. }) => return Ok(Descriptor::Directory),
            Some(Node::File(_)) if mode.exclusive => return Err(EXISTS),
            Some(Node::File(_)) if mode.writes && place.read_only => return Err(READ_ONLY),
            Some(Node::File(file)) => file,
            Some(Node::Link(_)) => return Err(TOO_MANY_LINKS),
            None if mode.creates => {
                let file = File::new(self.now());
                place.insert(Node::File(file.clone()))?;
                file
            }
            None => return Err(NOT_FOUND),
        };
        if mode.truncates {
            file.truncate(self.now());
        }
        let Open { reads, writes, append, .. } = mode;
        Ok(Descriptor::File { file, offset: Arc::default(), append, reads, writes, volume: place.volume })
    }

    /// Returns a device, or a file of `/proc`.
    fn device(&self, pid: u32, path: &str) -> Option<Result<Descriptor, Errno>> {
        let own = |fd: &str| {
            let descriptor = fd.parse().ok().and_then(|fd| self.descriptor(pid, fd));
            Some(descriptor.ok_or(NOT_FOUND))
        };
        match path {
            "/dev/null" => Some(Ok(Descriptor::Null)),
            "/dev/zero" => Some(Ok(Descriptor::Zero)),
            "/dev/random" | "/dev/urandom" => Some(Ok(Descriptor::Random)),
            "/dev/stdin" => own("0"),
            "/dev/stdout" => own("1"),
            "/dev/stderr" => own("2"),
            "/dev/tty" => Some(Err(Errno("No such device or address"))),
            _ => {
                if let Some(fd) = path.strip_prefix("/dev/fd/").or_else(|| path.strip_prefix("/proc/self/fd/")) {
                    return own(fd);
                }
                if let Some((of, fd)) = path.strip_prefix("/proc/").and_then(|rest| rest.split_once("/fd/")) {
                    let descriptor = of.parse().ok().zip(fd.parse().ok()).and_then(|(of, fd)| self.descriptor(of, fd));
                    return Some(descriptor.ok_or(NOT_FOUND));
                }
                let text = crate::proc_files::read(&self.kernel(), pid, path)?;
                Some(Ok(Descriptor::Text { text: text.into(), offset: Arc::default() }))
            }
        }
    }

    /// Reads a whole file, as far as it is kept.
    pub(crate) async fn read_file(&self, pid: u32, path: &str) -> Result<Vec<u8>, Errno> {
        // A descriptor that no script uses.
        let fd = u32::MAX;
        let descriptor = self.open(pid, path, Open::READ)?;
        self.set_descriptor(pid, fd, Some(descriptor));
        let content = self.read_all(pid, fd).await;
        self.set_descriptor(pid, fd, None);
        content
    }

    /// Reads until the end of the input, at most four megabytes.
    pub(crate) async fn read_all(&self, pid: u32, fd: u32) -> Result<Vec<u8>, Errno> {
        let mut all = Vec::new();
        while all.len() < 4 << 20 {
            let mut block = self.read(pid, fd, 1 << 16).await?;
            if block.is_empty() {
                break;
            }
            all.append(&mut block);
            self.step(pid).await;
        }
        Ok(all)
    }

    /// Reads a line with its newline; empty at the end of the input.
    pub(crate) async fn read_line(&self, pid: u32, fd: u32) -> Result<Vec<u8>, Errno> {
        let mut line = Vec::new();
        while line.len() < 1 << 20 {
            let byte = self.read(pid, fd, 1).await?;
            let is_end = byte.is_empty() || byte == b"\n";
            line.extend(byte);
            if is_end {
                break;
            }
        }
        Ok(line)
    }
}
