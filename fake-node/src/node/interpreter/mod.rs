//! Containers without instructions: they do what their image, command and environment say.
//!
//! The programs are [`fake_image`]'s, and the runtime is told when one ends. A container whose program cannot be read does
//! what it does without a command: it runs until it is stopped, and its probes succeed.

mod environment;
mod objects;
mod volumes;

use std::{
    collections::{BTreeMap, VecDeque},
    net::Ipv4Addr,
    time::Duration,
};

use fake_image::{
    Container as Process, ExecId, ExecState, GrpcHealth, Host, HttpError, HttpRequest, Program, Signal, Stdin, Stream,
    Volume,
};
use pod_lifecycle::{
    EventType, KubernetesEvent, Timestamp,
    api::{Container, Handler, IntOrString, PodManifest, TerminationMessagePolicy, UriScheme},
    event::{ContainerExit, Failure, HandlerReply, HookKind, RuntimeEvent},
    sim::FakeRuntime,
    spec::{ContainerIndex, LifecycleHook, PodSpec, ProbeKind},
    state::{InstanceId, StartError},
};
use serde_json::Value;

use self::{environment::Surroundings, volumes::Volumes};
use super::node_info::NodeInfo;

pub(super) use self::objects::{ObjectReader, Objects, Wanted};

/// Reason of the event about a program that cannot be read.
const UNREADABLE: &str = "UnreadableCommand";

/// Longest termination message (`MaxContainerTerminationMessageLength`), and the longest from a log, in bytes and lines.
const MAX_MESSAGE: usize = 4096;
const MAX_LOG_MESSAGE: usize = 2048;
const MAX_LOG_LINES: usize = 80;

/// Pause of a program that does too much at one instant.
const STEP: Duration = Duration::from_millis(1);

/// Most bytes that are kept of a container's newest output.
const MAX_KEPT: usize = 4096;

/// Interpreted containers of a Pod.
#[derive(Debug, Default)]
pub(super) struct Interpreter {
    runs: BTreeMap<ContainerIndex, Run>,
    /// Programs of created containers, which have not started.
    created: BTreeMap<ContainerIndex, Created>,
    /// Containers whose creation waits for objects.
    waiting: BTreeMap<ContainerIndex, Waiting>,
    volumes: Volumes,
    /// Time up to which everything was carried out, since the Unix epoch.
    ran_until: Duration,
    /// Answers of commands whose container was killed.
    orphans: VecDeque<(Timestamp, RuntimeEvent)>,
}

/// A running container.
#[derive(Debug)]
struct Run {
    instance: InstanceId,
    process: Process,
    calls: Vec<Call>,
    /// The end of its output.
    tail: Vec<u8>,
    facts: Facts,
}

/// Fields of a container's spec that its end and its probes need.
#[derive(Debug)]
struct Facts {
    message_path: String,
    falls_back_to_log: bool,
    ports: BTreeMap<String, u16>,
}

/// A container that was created.
#[derive(Debug)]
struct Created {
    program: Program,
    host: Host,
    mounts: Vec<fake_image::Mount>,
    facts: Facts,
}

/// A container whose objects are being read.
#[derive(Debug)]
struct Waiting {
    instance: InstanceId,
    /// Start of a container that ran before this process started; `None` for one that is to be created.
    started_at: Option<Timestamp>,
    restart_count: i32,
}

/// A command that a probe or a hook runs.
#[derive(Debug)]
struct Call {
    exec: ExecId,
    purpose: Purpose,
    /// When the kubelet gives up.
    deadline: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Probe(ProbeKind),
    Hook(HookKind),
}

/// What the interpreter has to do with a call of the kubelet.
pub(super) enum Answer {
    /// It is the interpreter's: this is the answer, or it comes later.
    Taken(Option<RuntimeEvent>),
    /// It is the runtime's.
    NotTaken,
}

/// Node and address of a Pod whose containers are interpreted.
pub(super) struct Place<'a> {
    pub(super) node: &'a NodeInfo,
    pub(super) ip: Option<Ipv4Addr>,
}

/// True if there is something to be read: a command or arguments. An image alone is healthy, as before.
pub(super) fn is_readable(container: &Container) -> bool {
    !container.command.is_empty() || !container.args.is_empty()
}

fn instant(now: Timestamp) -> Duration {
    now.since(Timestamp::UNIX_EPOCH)
}

impl Interpreter {
    // --- Creation ---

    /// Begins the creation of a container: the objects that it names have to be read first. `started_at`: it runs already,
    /// since before this process started.
    pub(super) fn begin(
        &mut self,
        pod: &PodManifest,
        index: ContainerIndex,
        instance: InstanceId,
        started_at: Option<Timestamp>,
        restart_count: i32,
    ) -> Option<Wanted> {
        let container = pod.container(index)?;
        self.waiting.insert(index, Waiting { instance, started_at, restart_count });
        Some(Wanted::by(pod, container))
    }

    /// Returns the instance of a container that waits for objects.
    pub(super) fn waiting(&self, index: ContainerIndex) -> Option<InstanceId> {
        self.waiting.get(&index).map(|waiting| waiting.instance)
    }

    /// Creates a container with the objects that it names.
    pub(super) fn create(
        &mut self,
        pod: &PodManifest,
        index: ContainerIndex,
        objects: &Objects,
        place: &Place<'_>,
        now: Timestamp,
    ) -> Option<Result<Creation, Failure>> {
        let waiting = self.waiting.remove(&index)?;
        let container = pod.container(index)?;
        let created = match self.created(pod, container, objects, place) {
            Ok(created) => created,
            Err(message) if waiting.started_at.is_none() => {
                let failure = Failure { error: StartError::CreateContainerConfigError, message: message.into() };
                return Some(Err(failure));
            }
            Err(_) => return None,
        };
        self.created.insert(index, created);
        let instance = waiting.instance;
        let Some(started_at) = waiting.started_at else { return Some(Ok(Creation::Created(waiting.restart_count))) };
        // What it did while this process was away is done again, in virtual time.
        self.start(index, instance, started_at).ok()?;
        self.run_until(now);
        Some(Ok(Creation::Resumed))
    }

    fn created(
        &mut self,
        pod: &PodManifest,
        container: &Container,
        objects: &Objects,
        place: &Place<'_>,
    ) -> Result<Created, String> {
        let host_ip = place.node.address.to_string();
        let pod_ip = place.ip.map_or_else(|| host_ip.clone(), |ip| ip.to_string());
        let around = Surroundings { host_ip, pod_ip: pod_ip.clone(), allocatable: &place.node.allocatable };
        let env = environment::environment(pod, container, objects, &around)?;
        let mounts = self.volumes.mounts(pod, container, objects, &around, &env, &place.node.disk)?;
        let host = host(pod, container, pod_ip, &place.node.name);
        if must_be_non_root(pod, container) && host.uid == 0 {
            // Answers to `verifyRunAsNonRoot` in `pkg/kubelet/kuberuntime/security_context.go`; the images' user is root.
            let image = user(pod, container).is_none();
            let why = if image { "image will run as root" } else { "container's runAsUser breaks non-root policy" };
            let pod_name = format!("{}_{}({})", pod.metadata.name, pod.metadata.namespace, pod.metadata.uid);
            return Err(if image {
                format!("container has runAsNonRoot and {why} (pod: {pod_name:?}, container: {})", container.name)
            } else {
                format!("{why} (pod: {pod_name:?}, container: {})", container.name)
            });
        }
        let has_stdin = container.other.get("stdin").and_then(Value::as_bool) == Some(true);
        let program = Program::new(&container.image, &container.command, &container.args, env)
            .in_directory(&container.working_dir)
            .with_stdin(if has_stdin { Stdin::Open } else { Stdin::Closed });
        let path = Some(&*container.termination_message_path).filter(|path| !path.is_empty());
        let policy = container.termination_message_policy.as_ref().and_then(|policy| policy.known());
        let ports = container.ports.iter();
        Ok(Created {
            program,
            host,
            mounts,
            facts: Facts {
                message_path: path.unwrap_or("/dev/termination-log").to_owned(),
                falls_back_to_log: policy == Some(TerminationMessagePolicy::FallbackToLogsOnError),
                ports: ports
                    .filter_map(|port| Some((port.name.clone(), port.container_port.try_into().ok()?)))
                    .collect(),
            },
        })
    }

    /// Starts a created container.
    ///
    /// # Errors
    ///
    /// The runtime's message, if there is no such program.
    pub(super) fn start(
        &mut self,
        index: ContainerIndex,
        instance: InstanceId,
        now: Timestamp,
    ) -> Result<(), fake_image::StartError> {
        let Some(created) = self.created.remove(&index) else { return Ok(()) };
        let Created { program, host, mounts, facts } = created;
        let root = Volume::new();
        // The kubelet mounts it as an empty file.
        root.write(&facts.message_path, b"");
        let process = Process::start(&program, host, root, mounts, instant(now))?;
        let (calls, tail) = (Vec::new(), Vec::new());
        self.runs.insert(index, Run { instance, process, calls, tail, facts });
        Ok(())
    }

    // --- The kubelet's calls ---

    /// Sends a container its stop signal. One whose program cannot be read ends by it.
    pub(super) fn stop(
        &mut self,
        index: ContainerIndex,
        instance: InstanceId,
        spec: &PodSpec,
        now: Timestamp,
    ) -> Option<ContainerExit> {
        let run = self.runs.get_mut(&index).filter(|run| run.instance == instance)?;
        if run.process.is_stuck() {
            // 128 + SIGTERM (15), as of a process without a handler.
            return Some(ContainerExit::with_code(143));
        }
        let named = spec.container(index).and_then(|container| container.stop_signal());
        run.process.signal(named.and_then(Signal::parse).unwrap_or(Signal::Term), instant(now));
        None
    }

    /// Forgets a container that was killed; the commands in it end with it.
    pub(super) fn forget(&mut self, index: ContainerIndex, instance: InstanceId, spec: &PodSpec, now: Timestamp) {
        if self.runs.get(&index).is_none_or(|run| run.instance != instance) {
            return;
        }
        let Some(run) = self.runs.remove(&index) else { return };
        for call in run.calls {
            let reply = HandlerReply::NotRun { error: "container died during exec" };
            self.orphans.push_back((now, answer(reply, index, instance, call.purpose, spec)));
        }
    }

    /// Forgets all containers: their sandbox has died.
    pub(super) fn forget_all(&mut self, spec: &PodSpec, now: Timestamp) {
        let runs: Vec<_> = self.runs.iter().map(|(index, run)| (*index, run.instance)).collect();
        for (index, instance) in runs {
            self.forget(index, instance, spec, now);
        }
        self.created.clear();
    }

    /// Runs a probe in a container.
    pub(super) fn probe(
        &mut self,
        index: ContainerIndex,
        instance: InstanceId,
        kind: ProbeKind,
        spec: &PodSpec,
        ip: Option<Ipv4Addr>,
        now: Timestamp,
    ) -> Answer {
        let Some(probe) = spec.container(index).and_then(|container| container.probe(kind)) else {
            return Answer::NotTaken;
        };
        let Some(run) = self.runs.get_mut(&index).filter(|run| run.instance == instance) else {
            return Answer::NotTaken;
        };
        run.process.run_until(instant(now));
        if run.process.is_stuck() || run.process.exit_code().is_some() {
            return Answer::NotTaken;
        }
        let handler = probe.handler();
        let deadline = now + probe.timeout();
        if let Some(exec) = &handler.exec {
            let purpose = Purpose::Probe(kind);
            return run.call(index, &exec.command, purpose, Some(deadline), spec, now);
        }
        let Some(address) = Address::of(handler, &run.facts.ports, ip) else { return Answer::NotTaken };
        let reply = match run.request(handler, &address, now) {
            Some(reply) => reply,
            None => return Answer::NotTaken,
        };
        let reply = reply.reply();
        let (outcome, output) = (reply.outcome(), reply.probe_output(spec, index, kind, &address.text()));
        let output = output.into();
        Answer::Taken(Some(RuntimeEvent::ProbeFinished { container: index, instance, kind, outcome, output }))
    }

    /// Runs a hook in a container.
    pub(super) fn hook(
        &mut self,
        index: ContainerIndex,
        instance: InstanceId,
        hook: HookKind,
        spec: &PodSpec,
        ip: Option<Ipv4Addr>,
        now: Timestamp,
    ) -> Answer {
        let of = spec.container(index).and_then(|container| match hook {
            HookKind::PostStart => container.post_start(),
            HookKind::PreStop => container.pre_stop(),
        });
        let Some(LifecycleHook::Run(handler)) = of else { return Answer::NotTaken };
        let Some(run) = self.runs.get_mut(&index).filter(|run| run.instance == instance) else {
            return Answer::NotTaken;
        };
        run.process.run_until(instant(now));
        if run.process.is_stuck() || run.process.exit_code().is_some() {
            return Answer::NotTaken;
        }
        if let Some(exec) = &handler.exec {
            return run.call(index, &exec.command, Purpose::Hook(hook), None, spec, now);
        }
        let Some(address) = Address::of(handler, &run.facts.ports, ip) else { return Answer::NotTaken };
        let Some(reply) = run.request(handler, &address, now) else { return Answer::NotTaken };
        let result = reply.reply().hook_result(spec, index, hook, &address.text());
        Answer::Taken(Some(RuntimeEvent::HookFinished { container: index, instance, hook, result }))
    }

    // --- Time ---

    /// Returns when something happens next.
    pub(super) fn next(&self) -> Option<Timestamp> {
        let wakes = self.runs.values().flat_map(|run| {
            let exit = run.process.exited_at();
            // A program that has reached its bound of commands at one instant goes on a moment later.
            let wake = run.process.next_wake().map(|at| at.max(self.ran_until.saturating_add(STEP)));
            let wake = wake.or(exit).map(|at| Timestamp::UNIX_EPOCH + at);
            wake.into_iter().chain(run.calls.iter().filter_map(|call| call.deadline))
        });
        wakes.chain(self.orphans.front().map(|(at, _)| *at)).min()
    }

    fn run_until(&mut self, now: Timestamp) {
        self.ran_until = instant(now);
        for run in self.runs.values_mut() {
            run.process.run_until(instant(now));
        }
    }

    /// Carries out everything until now, and returns the first event that comes of it.
    pub(super) fn pop_due(
        &mut self,
        runtime: &mut FakeRuntime,
        spec: &PodSpec,
        now: Timestamp,
    ) -> Option<RuntimeEvent> {
        if let Some((_, event)) = self.orphans.pop_front() {
            return Some(event);
        }
        self.run_until(now);
        let mut ended = None;
        for (index, run) in &mut self.runs {
            run.keep_output();
            if let Some(event) = run.finished_call(*index, spec, now) {
                return Some(event);
            }
            if let Some(code) = run.process.exit_code() {
                ended = Some((*index, run.exit(code)));
                break;
            }
        }
        let (index, exit) = ended?;
        let run = self.runs.remove(&index)?;
        runtime.end_container(index, run.instance, exit, now)
    }

    /// Takes the events since the last call: a program that cannot be read is named once.
    pub(super) fn take_events(&mut self, spec: &PodSpec, now: Timestamp) -> Vec<KubernetesEvent> {
        let unreadable = self.runs.iter_mut().filter_map(|(index, run)| {
            let reason = run.process.take_unreadable()?;
            let name = spec.container_name(*index);
            let message = format!(
                "this fake node cannot read {reason}: container {name} waits there for ever; an annotation or a script can say \
                 what it does"
            );
            let (type_, container) = (EventType::Warning, Some(*index));
            Some(KubernetesEvent { at: now, type_, reason: UNREADABLE.into(), container, message })
        });
        unreadable.collect()
    }
}

/// Result of a creation.
pub(super) enum Creation {
    /// An instance with this restart count is to be created.
    Created(i32),
    /// It runs since before this process started.
    Resumed,
}

impl Run {
    /// Keeps the end of what the container has written.
    fn keep_output(&mut self) {
        for output in self.process.take_output() {
            self.tail.extend(output.bytes);
        }
        let surplus = self.tail.len().saturating_sub(MAX_KEPT);
        self.tail.drain(..surplus);
    }

    /// Returns the container's end.
    ///
    /// Answers to `getTerminationMessage` in `pkg/kubelet/kuberuntime/kuberuntime_container.go`.
    fn exit(&self, code: i32) -> ContainerExit {
        let file = self.process.read_file(&self.facts.message_path).unwrap_or_default();
        let mut message = String::from_utf8_lossy(file.get(..MAX_MESSAGE).unwrap_or(&file)).into_owned();
        if message.is_empty() && self.facts.falls_back_to_log && code != 0 {
            let text = String::from_utf8_lossy(&self.tail);
            let lines: Vec<&str> = text.split_inclusive('\n').collect();
            let last = lines.get(lines.len().saturating_sub(MAX_LOG_LINES)..).unwrap_or_default().concat();
            let surplus = last.len().saturating_sub(MAX_LOG_MESSAGE);
            message = String::from_utf8_lossy(last.as_bytes().get(surplus..).unwrap_or_default()).into_owned();
        }
        ContainerExit {
            message: Some(message).filter(|message| !message.is_empty()).map(String::into),
            finished_at: self.process.exited_at().map(|at| Timestamp::UNIX_EPOCH + at),
            ..ContainerExit::with_code(code)
        }
    }

    /// Runs a command in the container.
    fn call(
        &mut self,
        index: ContainerIndex,
        command: &[String],
        purpose: Purpose,
        deadline: Option<Timestamp>,
        spec: &PodSpec,
        now: Timestamp,
    ) -> Answer {
        match self.process.exec(command, &[], instant(now)) {
            Ok(exec) => {
                self.calls.push(Call { exec, purpose, deadline });
                if self.process.exec_state(exec) == ExecState::Unreadable {
                    self.calls.pop();
                    self.process.end_exec(exec);
                    return Answer::NotTaken;
                }
                Answer::Taken(self.finished_call(index, spec, now))
            }
            Err(error) => {
                let reply = HandlerReply::NotRun { error: &error.to_string() };
                Answer::Taken(Some(answer(reply, index, self.instance, purpose, spec)))
            }
        }
    }

    /// Returns the answer of a command that has ended, or for which the kubelet waits no longer.
    fn finished_call(&mut self, index: ContainerIndex, spec: &PodSpec, now: Timestamp) -> Option<RuntimeEvent> {
        let is_dead = self.process.exit_code().is_some();
        let position = self.calls.iter().position(|call| {
            let has_ended = self.process.exec_state(call.exec) != ExecState::Running;
            has_ended || is_dead || call.deadline.is_some_and(|deadline| deadline <= now)
        })?;
        let Call { exec, purpose, .. } = self.calls.remove(position);
        let (mut stdout, mut stderr) = (String::new(), String::new());
        for output in self.process.take_exec_output(exec) {
            let text = String::from_utf8_lossy(&output.bytes).into_owned();
            match output.stream {
                Stream::Stdout => stdout.push_str(&text),
                Stream::Stderr => stderr.push_str(&text),
            }
        }
        let reply = if let ExecState::Exited(code) = self.process.exec_state(exec) {
            HandlerReply::Exited { code, stdout: &stdout, stderr: &stderr }
        } else if is_dead {
            HandlerReply::NotRun { error: "container died during exec" }
        } else {
            HandlerReply::TimedOut
        };
        let event = answer(reply, index, self.instance, purpose, spec);
        self.process.end_exec(exec);
        Some(event)
    }

    /// Sends a request to the container; `None` if its answer is not known.
    fn request(&mut self, handler: &Handler, address: &Address, now: Timestamp) -> Option<Reply> {
        let port = address.port;
        if let Some(http) = &handler.http_get {
            let scheme = http.scheme.as_ref().and_then(|scheme| scheme.known());
            let headers = http.http_headers.iter().map(|header| (header.name.clone(), header.value.clone()));
            let path = if http.path.is_empty() { "/".to_owned() } else { http.path.clone() };
            let request = HttpRequest {
                https: scheme == Some(UriScheme::Https),
                host: address.host.clone(),
                headers: headers.collect(),
                ..HttpRequest::get(port, &path)
            };
            return match self.process.respond(&request, instant(now)) {
                Ok(response) => {
                    let body = String::from_utf8_lossy(&response.body).into_owned();
                    Some(Reply::Responded(response.status, body))
                }
                Err(HttpError::Unsupported(_)) => None,
                Err(error) => Some(Reply::Unreachable(error.to_string())),
            };
        }
        if handler.tcp_socket.is_some() {
            let refused = || Reply::Unreachable("connect: connection refused".to_owned());
            return Some(if self.process.accepts(port) { Reply::Connected } else { refused() });
        }
        let grpc = handler.grpc.as_ref()?;
        let service = grpc.service.as_deref().unwrap_or_default();
        Some(match self.process.grpc_health(port, service, instant(now)) {
            GrpcHealth::Serving => Reply::Health("SERVING"),
            GrpcHealth::NotServing => Reply::Health("NOT_SERVING"),
            GrpcHealth::UnknownService => Reply::Health("SERVICE_UNKNOWN"),
            // With a status that is not known, the check did not reach a health service.
            GrpcHealth::Unreachable | _ => Reply::Unreachable("connect: connection refused".to_owned()),
        })
    }
}

/// A reply with its texts.
enum Reply {
    Responded(u16, String),
    Connected,
    Health(&'static str),
    Unreachable(String),
}

impl Reply {
    fn reply(&self) -> HandlerReply<'_> {
        match self {
            Reply::Responded(status, body) => HandlerReply::Responded { status: *status, body },
            Reply::Connected => HandlerReply::Connected,
            Reply::Health(status) => HandlerReply::Health { status },
            Reply::Unreachable(error) => HandlerReply::Unreachable { error },
        }
    }
}

/// Address that a handler calls.
struct Address {
    host: String,
    port: u16,
}

impl Address {
    /// Returns the address of a handler; `None` if it is not the container's own, or its port has no number.
    fn of(handler: &Handler, ports: &BTreeMap<String, u16>, ip: Option<Ipv4Addr>) -> Option<Address> {
        let ip = ip.map(|ip| ip.to_string()).unwrap_or_default();
        let (host, port) = match handler {
            Handler { http_get: Some(http), .. } => (&*http.host, &http.port),
            Handler { tcp_socket: Some(tcp), .. } => (&*tcp.host, &tcp.port),
            Handler { grpc: Some(grpc), .. } => {
                return Some(Address { host: ip, port: u16::try_from(grpc.port).ok()? });
            }
            Handler { .. } => return None,
        };
        let is_own = host.is_empty() || host == ip || host == "localhost" || host == "127.0.0.1";
        let number = match port {
            IntOrString::Int(number) => u16::try_from(*number).ok(),
            IntOrString::String(name) => ports.get(name).copied().or_else(|| name.parse().ok()),
        };
        is_own.then_some(Address { host: if host.is_empty() { ip } else { host.to_owned() }, port: number? })
    }

    fn text(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// Returns the answer of a command that a probe or hook ran.
fn answer(
    reply: HandlerReply<'_>,
    container: ContainerIndex,
    instance: InstanceId,
    purpose: Purpose,
    spec: &PodSpec,
) -> RuntimeEvent {
    match purpose {
        Purpose::Probe(kind) => {
            let (outcome, output) = (reply.outcome(), reply.probe_output(spec, container, kind, "").into());
            RuntimeEvent::ProbeFinished { container, instance, kind, outcome, output }
        }
        Purpose::Hook(hook) => {
            let result = reply.hook_result(spec, container, hook, "");
            RuntimeEvent::HookFinished { container, instance, hook, result }
        }
    }
}

/// Returns the machine that a container finds itself on.
fn host(pod: &PodManifest, container: &Container, ip: String, node: &str) -> Host {
    let spec = |field: &str| pod.spec.other.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
    let own = spec("hostname").unwrap_or(&pod.metadata.name);
    let name = if pod.spec.host_network { node.to_owned() } else { own.to_owned() };
    let domain = spec("subdomain").map(|subdomain| format!("{subdomain}.{}.svc.cluster.local", pod.metadata.namespace));
    let context = container.security_context.as_ref();
    let number = |field: &str| security(pod, container, field).and_then(Value::as_i64);
    let groups = pod.spec.other.get("securityContext").map(|context| {
        let listed = context.get("supplementalGroups").and_then(Value::as_array);
        let listed = listed.into_iter().flatten().filter_map(Value::as_i64);
        listed.chain(context.get("fsGroup").and_then(Value::as_i64)).collect()
    });
    let flag = |name: &str| context.and_then(|context| context.get(name)).and_then(Value::as_bool);
    Host {
        // Host names of Linux have 63 characters at most.
        name: name.chars().take(63).collect(),
        domain: domain.unwrap_or_default(),
        ip,
        uid: user(pod, container).unwrap_or(0),
        gid: number("runAsGroup").unwrap_or(0),
        groups: groups.unwrap_or_default(),
        no_new_privileges: flag("allowPrivilegeEscalation") == Some(false),
        is_privileged: flag("privileged") == Some(true),
        has_terminal: container.other.get("tty").and_then(Value::as_bool) == Some(true),
        ..Host::default()
    }
}

/// Returns a field of the container's security context, or else of the Pod's.
fn security<'a>(pod: &'a PodManifest, container: &'a Container, field: &str) -> Option<&'a Value> {
    let own = container.security_context.as_ref().and_then(|context| context.get(field));
    own.or_else(|| pod.spec.other.get("securityContext")?.get(field))
}

fn user(pod: &PodManifest, container: &Container) -> Option<i64> {
    security(pod, container, "runAsUser").and_then(Value::as_i64)
}

fn must_be_non_root(pod: &PodManifest, container: &Container) -> bool {
    security(pod, container, "runAsNonRoot").and_then(Value::as_bool) == Some(true)
}
