//! Shell: one process that carries out commands, be it a script or a single tool.

mod arithmetic;
pub(crate) mod ast;
mod builtins;
pub(crate) mod condition;
pub(crate) mod parser;
mod words;

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    pin::Pin,
    sync::Arc,
};

pub(crate) use arithmetic::number_of;

use self::{
    ast::{AndOr, Command, Connector, Item, Kind, List, Pipeline, Redirect, RedirectKind},
    parser::{ParseError, Parser},
};
use crate::{
    image::Image,
    os::{Descriptor, Errno, MAIN, Open, Os, Signal, Wait},
    tools,
};

/// Compound commands, functions and substitutions within one another; each takes some kilobytes of the stack.
const MAX_DEPTH: u32 = 50;

/// Bytes that one word or variable may have.
const MAX_WORD: usize = 1 << 18;

/// Bytes that all variables of a shell may have.
const MAX_VARIABLES: usize = 1 << 21;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Way in which a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Flow {
    /// The next command follows.
    Next,
    /// Leaves so many loops.
    Break(u32),
    /// Goes on with the loop so many levels out.
    Continue(u32),
    Return,
    /// The shell ends with its status.
    Exit,
}

/// Error that ends a shell, after its message was printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fatal;

#[derive(Clone, Debug, Default)]
struct Variable {
    value: String,
    is_exported: bool,
    is_read_only: bool,
}

/// Options of `set`.
#[derive(Clone, Copy, Debug, Default)]
struct Options {
    /// `-e`
    exits_on_error: bool,
    /// `-u`
    refuses_unset: bool,
    /// `-x`
    traces: bool,
    /// `-f`
    keeps_patterns: bool,
    /// `-n`
    only_reads: bool,
    /// `-C`
    keeps_files: bool,
    /// `-o pipefail`
    fails_with_pipe: bool,
    /// `-a`
    exports_all: bool,
}

/// Cause of a trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum TrapOn {
    Exit,
    Signal(Signal),
}

/// State of one process that carries out commands.
#[derive(Clone)]
pub(crate) struct Shell {
    pub(crate) os: Os,
    pub(crate) pid: u32,
    /// PID that `$$` stands for: that of the shell, in its subshells, too.
    shell_pid: u32,
    pub(crate) image: Image,
    name: String,
    variables: BTreeMap<String, Variable>,
    bytes_in_variables: usize,
    /// Names that `export` was given before they had values.
    exported_later: BTreeSet<String>,
    arguments: Vec<String>,
    functions: BTreeMap<String, Arc<Command>>,
    pub(crate) status: i32,
    /// Status of the newest command substitution of the command that is carried out.
    substituted: Option<i32>,
    options: Options,
    traps: BTreeMap<TrapOn, String>,
    /// Values that `local` has replaced, by function call.
    locals: Vec<BTreeMap<String, Option<Variable>>>,
    last_background: Option<u32>,
    /// Children in the background, with their jobs' numbers.
    jobs: Vec<u32>,
    known_codes: BTreeMap<u32, i32>,
    loops: u32,
    depth: u32,
    /// Conditions within which `set -e` does nothing.
    conditions: u32,
    getopts_at: usize,
    is_shell: bool,
}

impl Shell {
    pub(crate) fn new(os: Os, pid: u32, image: Image, env: &BTreeMap<String, String>) -> Shell {
        let variable = |(name, value): (&String, &String)| {
            (name.clone(), Variable { value: value.clone(), is_exported: true, is_read_only: false })
        };
        Shell {
            os,
            pid,
            shell_pid: pid,
            image,
            name: "sh".into(),
            variables: env.iter().map(variable).collect(),
            bytes_in_variables: env.values().map(String::len).fold(0, usize::saturating_add),
            exported_later: BTreeSet::new(),
            arguments: Vec::new(),
            functions: BTreeMap::new(),
            status: 0,
            substituted: None,
            options: Options::default(),
            traps: BTreeMap::new(),
            locals: Vec::new(),
            last_background: None,
            jobs: Vec::new(),
            known_codes: BTreeMap::new(),
            loops: 0,
            depth: 0,
            conditions: 0,
            getopts_at: 0,
            is_shell: false,
        }
    }

    /// Returns a shell for a child process, which has a stack of its own; how many there are is bounded.
    fn child(&self, pid: u32) -> Shell {
        let ignored = self.traps.iter().filter(|(_, action)| action.is_empty());
        let traps = ignored.map(|(on, action)| (*on, action.clone())).collect();
        Shell { pid, traps, jobs: Vec::new(), known_codes: BTreeMap::new(), loops: 0, depth: 0, ..self.clone() }
    }

    /// Returns a shell for a program with another environment, in this process.
    pub(crate) fn within(&self, env: &BTreeMap<String, String>) -> Shell {
        Shell { depth: self.depth.saturating_add(1), ..Shell::new(self.os.clone(), self.pid, self.image, env) }
    }

    /// Returns the environment of a program that it starts.
    pub(crate) fn environment(&self) -> BTreeMap<String, String> {
        let exported = self.variables.iter().filter(|(_, variable)| variable.is_exported);
        exported.map(|(name, variable)| (name.clone(), variable.value.clone())).collect()
    }

    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|variable| variable.value.as_str())
    }

    /// Sets a variable; refused for a read-only one and beyond the memory.
    fn assign(&mut self, name: &str, value: &str) -> Result<(), String> {
        let is_exported = self.options.exports_all;
        let variable = self.variables.entry(name.to_owned()).or_default();
        if variable.is_read_only {
            return Err(format!("{name}: is read only"));
        }
        let others = self.bytes_in_variables.saturating_sub(variable.value.len());
        if value.len() > MAX_WORD || others.saturating_add(value.len()) > MAX_VARIABLES {
            return Err("out of memory".into());
        }
        self.bytes_in_variables = others.saturating_add(value.len());
        value.clone_into(&mut variable.value);
        variable.is_exported |= is_exported;
        if self.exported_later.remove(name) {
            variable.is_exported = true;
        }
        Ok(())
    }

    /// Prints to standard output; 1 if that fails.
    pub(crate) async fn print(&mut self, text: &str) -> i32 {
        self.print_bytes(text.as_bytes()).await
    }

    pub(crate) async fn print_bytes(&mut self, bytes: &[u8]) -> i32 {
        match self.os.write(self.pid, 1, bytes).await {
            Ok(()) => 0,
            Err(Errno(error)) => {
                self.complain(&format!("write error: {error}")).await;
                1
            }
        }
    }

    /// Prints a line of errors.
    pub(crate) async fn complain(&mut self, message: &str) {
        let line = format!("{}: {message}\n", self.name);
        // Errors of the error stream have nowhere to go.
        let _ = self.os.write(self.pid, 2, line.as_bytes()).await;
    }

    async fn fatal<T>(&mut self, message: &str) -> Result<T, Fatal> {
        self.complain(message).await;
        self.status = if self.image.dialect == crate::image::Dialect::Bash { 1 } else { 2 };
        Err(Fatal)
    }

    /// Runs a program to its end: a tool, or a shell with its script.
    pub(crate) async fn run_program(mut self, argv: Vec<String>) -> i32 {
        let _ = self.exec(argv).await;
        self.status
    }

    /// Carries out a program in place of this process.
    pub(crate) async fn exec(&mut self, argv: Vec<String>) -> Flow {
        self.os.with_process(self.pid, |process| process.name.clone_from(&argv));
        self.external(&argv).await;
        Flow::Exit
    }

    /// Runs `sh` with its arguments, as a program of its own.
    pub(crate) fn run_shell<'a>(&'a mut self, argv: &'a [String]) -> Boxed<'a, i32> {
        Box::pin(async move {
            self.begin_shell();
            let mut words = argv.iter().skip(1);
            let (mut script, mut reads_input) = (None, false);
            let mut file = None;
            while let Some(word) = words.next() {
                let Some(letters) = word.strip_prefix(['-', '+']).filter(|_| word != "-" && word != "--") else {
                    if word != "--" && word != "-" {
                        file = Some(word.clone());
                    } else {
                        file = words.next().cloned();
                    }
                    break;
                };
                if word.starts_with("--") {
                    continue;
                }
                let on = word.starts_with('-');
                for letter in letters.chars() {
                    match letter {
                        'c' => script = Some(String::new()),
                        's' => reads_input = true,
                        'o' => {
                            if let Some(option) = words.next() {
                                self.options.set_named(option, on);
                            }
                        }
                        'i' | 'l' | 'm' | 'b' | 'h' | 'p' | 'v' => (),
                        letter => {
                            if !self.options.set(letter, on) {
                                self.complain(&format!("illegal option -{letter}")).await;
                                return 2;
                            }
                        }
                    }
                }
            }
            let text = if script.is_some() {
                let Some(text) = file else {
                    self.complain("-c requires an argument").await;
                    return 2;
                };
                if let Some(name) = words.next() {
                    self.name.clone_from(name);
                }
                text
            } else if let Some(path) = file.filter(|_| !reads_input) {
                self.name.clone_from(&path);
                match self.os.read_file(self.pid, &path).await {
                    Ok(content) => String::from_utf8_lossy(&content).into_owned(),
                    Err(Errno(error)) => {
                        self.complain(&format!("can't open '{path}': {error}")).await;
                        return if error == crate::os::NOT_FOUND.0 { 127 } else { 126 };
                    }
                }
            } else {
                match self.os.read_all(self.pid, 0).await {
                    Ok(content) => String::from_utf8_lossy(&content).into_owned(),
                    Err(_) => String::new(),
                }
            };
            self.arguments = words.cloned().collect();
            let _ = self.run_script(&text).await;
            self.finish().await;
            self.status
        })
    }

    fn begin_shell(&mut self) {
        self.is_shell = true;
        self.shell_pid = self.pid;
        self.functions.clear();
        self.arguments.clear();
        self.options = Options::default();
        self.variables.retain(|_, variable| variable.is_exported);
        self.locals.clear();
        self.status = 0;
        self.name = "sh".into();
        let directory = self.os.with_process(self.pid, |process| process.directory.clone()).unwrap_or_default();
        for (name, value, is_exported) in
            [("PWD", directory.as_str(), true), ("IFS", " \t\n", false), ("OPTIND", "1", false)]
        {
            let variable = self.variables.entry(name.into()).or_default();
            value.clone_into(&mut variable.value);
            variable.is_exported |= is_exported;
        }
        let level = self.variable("SHLVL").and_then(|level| level.parse::<u32>().ok()).unwrap_or(0);
        let level = Variable { value: level.saturating_add(1).to_string(), is_exported: true, is_read_only: false };
        self.variables.insert("SHLVL".into(), level);
    }

    /// Carries out the trap of the shell's end.
    async fn finish(&mut self) {
        // A trap may end the shell: it ends anyway.
        let _ = self.run_traps().await;
        if let Some(action) = self.traps.remove(&TrapOn::Exit).filter(|action| !action.is_empty()) {
            let status = self.status;
            let flow = self.run_script(&action).await;
            if flow != Flow::Exit {
                self.status = status;
            }
        }
    }

    /// Carries out the text of a script line by line.
    pub(crate) fn run_script<'a>(&'a mut self, text: &'a str) -> Boxed<'a, Flow> {
        Box::pin(async move {
            if self.depth >= MAX_DEPTH {
                self.complain("maximum recursion depth reached").await;
                self.status = 2;
                return Flow::Exit;
            }
            let mut parser = match Parser::new(text, self.image.dialect) {
                Ok(parser) => parser,
                Err(error) => return self.refuse(error).await,
            };
            self.depth = self.depth.saturating_add(1);
            let mut flow = Flow::Next;
            let mut has_run = false;
            while flow == Flow::Next {
                self.os.step(self.pid).await;
                match parser.next_line() {
                    Ok(Some(list)) => {
                        has_run = true;
                        if !self.options.only_reads {
                            flow = self.run_list(&list).await;
                        }
                    }
                    Ok(None) => break,
                    Err(error) => flow = self.refuse(error).await,
                }
            }
            if !has_run && flow == Flow::Next {
                self.status = 0;
            }
            self.depth = self.depth.saturating_sub(1);
            flow
        })
    }

    /// Refuses a script that cannot be read.
    async fn refuse(&mut self, error: ParseError) -> Flow {
        match error {
            ParseError::Syntax(message) => {
                self.complain(&message).await;
                self.status = 2;
                Flow::Exit
            }
            ParseError::Unsupported(what) => {
                self.os.give_up(self.pid, &format!("{what} in a script of the shell")).await;
                Flow::Exit
            }
        }
    }

    fn run_list<'a>(&'a mut self, list: &'a List) -> Boxed<'a, Flow> {
        Box::pin(async move {
            for Item { and_or, in_background } in list {
                if *in_background {
                    self.run_in_background(and_or).await;
                    continue;
                }
                let flow = self.run_and_or(and_or).await;
                if flow != Flow::Next {
                    return flow;
                }
            }
            Flow::Next
        })
    }

    async fn run_in_background(&mut self, and_or: &Arc<AndOr>) {
        let Some(pid) = self.os.fork(self.pid, None) else {
            self.complain("can't fork: Resource temporarily unavailable").await;
            self.status = 2;
            return;
        };
        // Without job control a command in the background reads nothing, and ignores what a terminal sends.
        self.os.with_process(pid, |process| {
            process.ignored.extend([Signal::Int, Signal::Quit]);
            process.descriptors.insert(0, Descriptor::Null);
        });
        let (mut child, and_or) = (self.child(pid), and_or.clone());
        self.os.spawn(
            pid,
            Box::pin(async move {
                let _ = child.run_and_or(&and_or).await;
                child.finish().await;
                child.status
            }),
        );
        self.last_background = Some(pid);
        self.jobs.push(pid);
        self.status = 0;
    }

    async fn run_and_or(&mut self, and_or: &AndOr) -> Flow {
        // `set -e` looks at the last pipeline only.
        let is_condition = u32::from(!and_or.rest.is_empty());
        self.conditions = self.conditions.saturating_add(is_condition);
        let mut flow = self.run_pipeline(&and_or.first).await;
        self.conditions = self.conditions.saturating_sub(is_condition);
        let count = and_or.rest.len();
        for ((connector, pipeline), nth) in and_or.rest.iter().zip(1..) {
            if flow != Flow::Next {
                return flow;
            }
            if (self.status == 0) == (*connector == Connector::And) {
                let is_condition = u32::from(nth < count);
                self.conditions = self.conditions.saturating_add(is_condition);
                flow = self.run_pipeline(pipeline).await;
                self.conditions = self.conditions.saturating_sub(is_condition);
            }
        }
        flow
    }

    async fn run_pipeline(&mut self, pipeline: &Pipeline) -> Flow {
        let is_condition = u32::from(pipeline.is_negated);
        self.conditions = self.conditions.saturating_add(is_condition);
        let flow = match pipeline.commands.as_slice() {
            [only] => self.run_command(only).await,
            commands => {
                self.run_pipe(commands).await;
                let fails = self.status != 0 && self.options.exits_on_error && self.conditions == 0;
                if fails { Flow::Exit } else { Flow::Next }
            }
        };
        self.conditions = self.conditions.saturating_sub(is_condition);
        if pipeline.is_negated && flow == Flow::Next {
            self.status = i32::from(self.status == 0);
        }
        if flow == Flow::Next { self.run_traps().await } else { flow }
    }

    async fn run_pipe(&mut self, commands: &[Arc<Command>]) {
        let mut children = Vec::new();
        let mut input = None;
        for (command, nth) in commands.iter().zip(1..) {
            let Some(pid) = self.os.fork(self.pid, None) else {
                self.complain("can't fork: Resource temporarily unavailable").await;
                self.status = 2;
                break;
            };
            if let Some(pipe) = input.take() {
                self.os.set_descriptor(pid, 0, Some(Descriptor::Reader(pipe)));
            }
            if nth < commands.len() {
                let pipe = self.os.pipe();
                self.os.set_descriptor(pid, 1, Some(Descriptor::Writer(pipe)));
                input = Some(pipe);
            }
            let (mut child, command) = (self.child(pid), command.clone());
            children.push(pid);
            self.os.spawn(
                pid,
                Box::pin(async move {
                    let _ = child.run_command(&command).await;
                    child.finish().await;
                    child.status
                }),
            );
        }
        let mut failed = 0;
        for pid in children {
            self.status = self.os.join(self.pid, pid).await;
            if self.status != 0 {
                failed = self.status;
            }
        }
        if self.options.fails_with_pipe && self.status == 0 {
            self.status = failed;
        }
    }

    fn run_command<'a>(&'a mut self, command: &'a Command) -> Boxed<'a, Flow> {
        Box::pin(async move {
            self.os.step(self.pid).await;
            if self.depth >= MAX_DEPTH {
                self.complain("maximum recursion depth reached").await;
                self.status = 2;
                return Flow::Exit;
            }
            self.depth = self.depth.saturating_add(1);
            let flow = match &command.kind {
                Kind::Simple { assignments, words } => self.run_simple(assignments, words, &command.redirects).await,
                Kind::Group(_)
                | Kind::Subshell(_)
                | Kind::If { .. }
                | Kind::While { .. }
                | Kind::For { .. }
                | Kind::Case { .. }
                | Kind::Function { .. }
                | Kind::Test(_)
                | Kind::Arithmetic(_) => self.run_compound(&command.kind, &command.redirects).await,
            };
            self.depth = self.depth.saturating_sub(1);
            flow
        })
    }

    async fn run_compound(&mut self, kind: &Kind, redirects: &[Redirect]) -> Flow {
        let saved = match self.redirect(redirects).await {
            Ok(saved) => saved,
            Err(flow) => return flow,
        };
        let flow = match self.run_kind(kind).await {
            Ok(flow) => flow,
            Err(Fatal) => Flow::Exit,
        };
        self.restore(saved);
        let is_tested = matches!(kind, Kind::Subshell(_) | Kind::Test(_) | Kind::Arithmetic(_));
        if is_tested { self.check_error(flow) } else { flow }
    }

    /// Applies `set -e` to a status.
    fn check_error(&self, flow: Flow) -> Flow {
        let exits = self.options.exits_on_error && self.status != 0 && self.conditions == 0;
        if exits && flow == Flow::Next { Flow::Exit } else { flow }
    }

    async fn run_kind(&mut self, kind: &Kind) -> Result<Flow, Fatal> {
        match kind {
            // Handled by `run_command`.
            Kind::Simple { .. } => Ok(Flow::Next),
            Kind::Group(list) => Ok(self.run_list(list).await),
            Kind::Subshell(list) => {
                self.run_subshell(list).await;
                Ok(Flow::Next)
            }
            Kind::If { branches, otherwise } => {
                for (condition, body) in branches {
                    let flow = self.run_condition(condition).await;
                    if flow != Flow::Next {
                        return Ok(flow);
                    }
                    if self.status == 0 {
                        return Ok(self.run_list(body).await);
                    }
                }
                self.status = 0;
                match otherwise {
                    Some(list) => Ok(self.run_list(list).await),
                    None => Ok(Flow::Next),
                }
            }
            Kind::While { until, condition, body } => {
                let mut status = 0;
                loop {
                    self.os.step(self.pid).await;
                    self.loops = self.loops.saturating_add(1);
                    let flow = self.run_condition(condition).await;
                    self.loops = self.loops.saturating_sub(1);
                    match Self::after_body(flow) {
                        Some(Flow::Next) => break,
                        Some(flow) => return Ok(flow),
                        None if flow != Flow::Next => continue,
                        None => (),
                    }
                    if (self.status == 0) == *until {
                        break;
                    }
                    let flow = self.run_body(body).await;
                    status = self.status;
                    match Self::after_body(flow) {
                        None => (),
                        Some(Flow::Next) => break,
                        Some(flow) => return Ok(flow),
                    }
                }
                self.status = status;
                Ok(Flow::Next)
            }
            Kind::For { name, words, body } => {
                let values = match words {
                    Some(words) => self.fields(words).await?,
                    None => self.arguments.clone(),
                };
                self.status = 0;
                for value in values {
                    self.os.step(self.pid).await;
                    if let Err(message) = self.assign(name, &value) {
                        return self.fatal(&message).await;
                    }
                    let flow = self.run_body(body).await;
                    match Self::after_body(flow) {
                        None => (),
                        Some(Flow::Next) => break,
                        Some(flow) => return Ok(flow),
                    }
                }
                Ok(Flow::Next)
            }
            Kind::Case { word, arms } => {
                let subject: Vec<char> = self.text(word).await?.chars().collect();
                self.status = 0;
                for (patterns, body) in arms {
                    for pattern in patterns {
                        let pattern = self.pattern(pattern).await?;
                        if crate::text::matches(&pattern, &subject) {
                            return Ok(self.run_list(body).await);
                        }
                    }
                }
                Ok(Flow::Next)
            }
            Kind::Function { name, body } => {
                self.functions.insert(name.clone(), body.clone());
                self.status = 0;
                Ok(Flow::Next)
            }
            Kind::Test(words) => {
                self.status = self.double_bracket(words).await?;
                Ok(Flow::Next)
            }
            Kind::Arithmetic(expression) => {
                let value = self.arithmetic(expression).await?;
                self.status = i32::from(value == 0);
                Ok(Flow::Next)
            }
        }
    }

    async fn run_condition(&mut self, list: &List) -> Flow {
        self.conditions = self.conditions.saturating_add(1);
        let flow = self.run_list(list).await;
        self.conditions = self.conditions.saturating_sub(1);
        flow
    }

    async fn run_body(&mut self, list: &List) -> Flow {
        self.loops = self.loops.saturating_add(1);
        let flow = self.run_list(list).await;
        self.loops = self.loops.saturating_sub(1);
        flow
    }

    /// Returns how a loop ends after its body: `None` if it goes on, `Next` if only this loop ends.
    fn after_body(flow: Flow) -> Option<Flow> {
        match flow {
            Flow::Next | Flow::Continue(1) => None,
            Flow::Break(0 | 1) => Some(Flow::Next),
            Flow::Break(levels) => Some(Flow::Break(levels.saturating_sub(1))),
            Flow::Continue(levels) => Some(Flow::Continue(levels.saturating_sub(1))),
            Flow::Return | Flow::Exit => Some(flow),
        }
    }

    async fn run_subshell(&mut self, list: &Arc<List>) {
        let Some(pid) = self.os.fork(self.pid, None) else {
            self.complain("can't fork: Resource temporarily unavailable").await;
            self.status = 2;
            return;
        };
        self.start_child(pid, list.clone());
        self.status = self.os.join(self.pid, pid).await;
    }

    fn start_child(&self, pid: u32, list: Arc<List>) {
        let mut child = self.child(pid);
        self.os.spawn(
            pid,
            Box::pin(async move {
                let _ = child.run_list(&list).await;
                child.finish().await;
                child.status
            }),
        );
    }

    async fn run_simple(
        &mut self,
        assignments: &[(String, ast::Word)],
        words: &[ast::Word],
        redirects: &[Redirect],
    ) -> Flow {
        match self.try_simple(assignments, words, redirects).await {
            Ok(flow) => self.check_error(flow),
            Err(Fatal) => Flow::Exit,
        }
    }

    async fn try_simple(
        &mut self,
        assignments: &[(String, ast::Word)],
        words: &[ast::Word],
        redirects: &[Redirect],
    ) -> Result<Flow, Fatal> {
        self.substituted = None;
        let argv = self.fields(words).await?;
        let mut values = Vec::new();
        for (name, word) in assignments {
            let value = self.assigned(word).await?;
            if argv.is_empty() {
                if let Err(message) = self.assign(name, &value) {
                    return self.fatal(&message).await;
                }
            } else {
                values.push((name.clone(), value));
            }
        }
        if self.options.traces {
            let line = format!("+ {}\n", argv.join(" "));
            let _ = self.os.write(self.pid, 2, line.as_bytes()).await;
        }
        let Some(command) = argv.first() else {
            // Without a command the status is that of the last command substitution.
            let status = self.substituted.unwrap_or(0);
            return match self.redirect(redirects).await {
                Ok(saved) => {
                    self.restore(saved);
                    self.status = status;
                    Ok(Flow::Next)
                }
                Err(flow) => Ok(flow),
            };
        };
        let is_special = builtins::is_special(command);
        let saved = match self.redirect(redirects).await {
            Ok(saved) => saved,
            // A redirection that fails ends the shell with special built-ins only.
            Err(_) if is_special => return Err(Fatal),
            Err(flow) => return Ok(flow),
        };
        // `exec` without a command keeps its redirections.
        if command == "exec" && argv.len() == 1 {
            self.status = 0;
            return Ok(Flow::Next);
        }
        let mut replaced = Vec::new();
        for (name, value) in values {
            replaced.push((name.clone(), self.variables.get(&name).cloned()));
            if let Err(message) = self.assign(&name, &value) {
                self.restore(saved);
                return self.fatal(&message).await;
            }
            if let Some(variable) = self.variables.get_mut(&name) {
                variable.is_exported = true;
            }
        }
        let flow = self.dispatch(&argv).await;
        // Variables before a special built-in stay.
        if !is_special {
            for (name, variable) in replaced.into_iter().rev() {
                self.put_back(name, variable);
            }
        }
        self.restore(saved);
        flow
    }

    fn put_back(&mut self, name: String, variable: Option<Variable>) {
        let length = |variable: Option<&Variable>| variable.map_or(0, |variable| variable.value.len());
        let now = length(self.variables.get(&name));
        self.bytes_in_variables = self.bytes_in_variables.saturating_sub(now).saturating_add(length(variable.as_ref()));
        match variable {
            Some(variable) => drop(self.variables.insert(name, variable)),
            None => drop(self.variables.remove(&name)),
        }
    }

    /// Carries out a function, a built-in or a program.
    pub(crate) fn dispatch<'a>(&'a mut self, argv: &'a [String]) -> Boxed<'a, Result<Flow, Fatal>> {
        Box::pin(async move {
            let Some((command, arguments)) = argv.split_first() else { return Ok(Flow::Next) };
            if let Some(body) = self.functions.get(command).cloned() {
                return Ok(self.call(&body, arguments).await);
            }
            if let Some(result) = self.builtin(argv).await {
                return result;
            }
            // Programs with signals or a PID of their own get a process; for others it would make no difference.
            if tools::needs_process(self, command) {
                self.status = self.run_child(argv.to_vec()).await;
            } else {
                self.external(argv).await;
            }
            Ok(Flow::Next)
        })
    }

    async fn call(&mut self, body: &Arc<Command>, arguments: &[String]) -> Flow {
        let outer = std::mem::replace(&mut self.arguments, arguments.to_vec());
        let loops = std::mem::take(&mut self.loops);
        self.locals.push(BTreeMap::new());
        let flow = self.run_command(body).await;
        for (name, variable) in self.locals.pop().unwrap_or_default() {
            self.put_back(name, variable);
        }
        self.loops = loops;
        self.arguments = outer;
        match flow {
            Flow::Exit => Flow::Exit,
            Flow::Next | Flow::Break(_) | Flow::Continue(_) | Flow::Return => Flow::Next,
        }
    }

    /// Runs a program that is no built-in.
    pub(crate) async fn external(&mut self, argv: &[String]) {
        self.status = tools::run(self, argv).await;
    }

    /// Runs a command in a child process and waits for it.
    pub(crate) async fn run_child(&mut self, argv: Vec<String>) -> i32 {
        match self.start_command(argv) {
            Some(pid) => self.os.join(self.pid, pid).await,
            None => 126,
        }
    }

    /// Starts a command in a child process.
    pub(crate) fn start_command(&mut self, argv: Vec<String>) -> Option<u32> {
        let pid = self.os.fork(self.pid, Some(argv.clone()))?;
        let mut child = self.child(pid);
        child.functions.clear();
        self.os.spawn(
            pid,
            Box::pin(async move {
                child.external(&argv).await;
                child.status
            }),
        );
        Some(pid)
    }

    /// Applies redirections, and returns the descriptors that they replaced.
    async fn redirect(&mut self, redirects: &[Redirect]) -> Result<Vec<(u32, Option<Descriptor>)>, Flow> {
        let mut saved = Vec::new();
        for redirect in redirects {
            if let Err(message) = self.redirect_one(redirect, &mut saved).await {
                self.restore(saved);
                if !message.is_empty() {
                    self.complain(&message).await;
                    self.status = 1;
                    return Err(self.check_error(Flow::Next));
                }
                return Err(Flow::Exit);
            }
        }
        Ok(saved)
    }

    async fn redirect_one(
        &mut self,
        Redirect { fd, kind }: &Redirect,
        saved: &mut Vec<(u32, Option<Descriptor>)>,
    ) -> Result<(), String> {
        let write = Open { exclusive: self.options.keeps_files, ..Open::WRITE };
        let (word, mode) = match kind {
            RedirectKind::Read(word) => (word, Open::READ),
            RedirectKind::Write(word) => (word, write),
            RedirectKind::Append(word) => (word, Open::APPEND),
            RedirectKind::ReadWrite(word) => (word, Open { reads: true, truncates: false, ..Open::WRITE }),
            RedirectKind::Both { word, append } => (word, if *append { Open::APPEND } else { write }),
            RedirectKind::Duplicate(word) => (word, Open::READ),
            RedirectKind::Here(word) => (word, Open::READ),
        };
        // An empty message: the error was printed already.
        let text = self.text(word).await.map_err(|Fatal| String::new())?;
        let descriptor = match kind {
            RedirectKind::Duplicate(_) if text == "-" => None,
            RedirectKind::Duplicate(_) => {
                let of: u32 = text.parse().map_err(|_| format!("syntax error: bad fd number {text:?}"))?;
                Some(self.os.descriptor(self.pid, of).ok_or_else(|| format!("{of}: Bad file descriptor"))?)
            }
            RedirectKind::Here(_) => Some(Descriptor::Text { text: text.into(), offset: Arc::default() }),
            RedirectKind::Read(_)
            | RedirectKind::Write(_)
            | RedirectKind::Append(_)
            | RedirectKind::ReadWrite(_)
            | RedirectKind::Both { .. } => {
                let verb = if mode.creates { "create" } else { "open" };
                let failure = |Errno(error)| {
                    // The message of `ash` and `dash` for a missing directory.
                    let error =
                        if error == crate::os::NOT_FOUND.0 && mode.creates { "nonexistent directory" } else { error };
                    let error = if error == crate::os::NOT_FOUND.0 { "no such file" } else { error };
                    format!("can't {verb} {text}: {error}")
                };
                Some(self.os.open(self.pid, &text, mode).map_err(failure)?)
            }
        };
        let both: &[u32] = if matches!(kind, RedirectKind::Both { .. }) { &[1, 2] } else { &[*fd] };
        for fd in both {
            saved.push((*fd, self.os.descriptor(self.pid, *fd)));
            self.os.set_descriptor(self.pid, *fd, descriptor.clone());
        }
        Ok(())
    }

    fn restore(&self, saved: Vec<(u32, Option<Descriptor>)>) {
        for (fd, descriptor) in saved.into_iter().rev() {
            self.os.set_descriptor(self.pid, fd, descriptor);
        }
    }

    /// Carries out the traps of the signals that have come.
    fn run_traps(&mut self) -> Boxed<'_, Flow> {
        Box::pin(async move {
            loop {
                let next = self.os.with_process(self.pid, |process| process.pending.pop_front()).flatten();
                let Some(signal) = next else { return Flow::Next };
                let Some(action) = self.traps.get(&TrapOn::Signal(signal)).cloned() else { continue };
                let status = self.status;
                let flow = self.run_script(&action).await;
                if flow == Flow::Exit {
                    return flow;
                }
                self.status = status;
                if flow != Flow::Next {
                    return flow;
                }
            }
        })
    }

    fn set_trap(&mut self, on: TrapOn, action: Option<&str>) {
        match action {
            Some(action) => drop(self.traps.insert(on, action.to_owned())),
            None => drop(self.traps.remove(&on)),
        }
        if let TrapOn::Signal(signal) = on {
            self.os.with_process(self.pid, |process| {
                process.caught.remove(&signal);
                process.ignored.remove(&signal);
                match action {
                    Some("") => drop(process.ignored.insert(signal)),
                    Some(_) => drop(process.caught.insert(signal)),
                    None => (),
                }
            });
        }
    }

    /// Waits for children: until the end of one or of all, or until a signal comes that a trap catches.
    async fn wait_for(&mut self, pid: Option<u32>) -> Option<i32> {
        loop {
            let (is_signalled, dead): (bool, BTreeSet<u32>) = {
                let kernel = self.os.kernel();
                let own = kernel.processes.get(&self.pid);
                let is_signalled = own.is_some_and(|process| !process.pending.is_empty());
                let dead =
                    kernel.processes.iter().filter(|(_, child)| child.parent == self.pid && child.exit.is_some());
                (is_signalled, dead.map(|(pid, _)| *pid).collect())
            };
            for dead in dead {
                if let Some(code) = self.os.reap(dead) {
                    self.jobs.retain(|job| *job != dead);
                    self.known_codes.insert(dead, code);
                    // Shells remember the codes of some children only.
                    while self.known_codes.len() > 100 {
                        self.known_codes.pop_first();
                    }
                }
            }
            match pid {
                Some(pid) if self.known_codes.contains_key(&pid) => return self.known_codes.remove(&pid),
                Some(pid) if !self.jobs.contains(&pid) => return Some(127),
                None if self.jobs.is_empty() => return Some(0),
                Some(_) | None => (),
            }
            if is_signalled {
                return None;
            }
            self.os.block(self.pid, Wait::Child { pid, or_signal: true }).await;
        }
    }

    /// Returns the PID of a job, counted from 1.
    pub(crate) fn job_pid(&self, job: usize) -> Option<u32> {
        self.jobs.get(job.checked_sub(1)?).copied()
    }

    /// True for PID 1.
    pub(crate) fn is_main(&self) -> bool {
        self.pid == MAIN
    }
}

impl Options {
    /// Sets an option by its letter; false if there is none.
    fn set(&mut self, letter: char, on: bool) -> bool {
        let option = match letter {
            'e' => &mut self.exits_on_error,
            'u' => &mut self.refuses_unset,
            'x' => &mut self.traces,
            'f' => &mut self.keeps_patterns,
            'n' => &mut self.only_reads,
            'C' => &mut self.keeps_files,
            'a' => &mut self.exports_all,
            _ => return matches!(letter, 'm' | 'b' | 'h' | 'v' | 'i'),
        };
        *option = on;
        true
    }

    fn set_named(&mut self, name: &str, on: bool) -> bool {
        let letter = match name {
            "errexit" => 'e',
            "nounset" => 'u',
            "xtrace" => 'x',
            "noglob" => 'f',
            "noexec" => 'n',
            "noclobber" => 'C',
            "allexport" => 'a',
            "monitor" => 'm',
            "notify" => 'b',
            "verbose" => 'v',
            "pipefail" => {
                self.fails_with_pipe = on;
                return true;
            }
            _ => return false,
        };
        self.set(letter, on)
    }
}
