//! Commands that a shell carries out itself.

use super::{Boxed, Fatal, Flow, Shell, TrapOn, Variable, condition, parser::is_name};
use crate::{
    image::Dialect,
    os::{Errno, Open, Signal},
    tools,
};

/// True for built-ins whose errors end the shell and whose assignments stay.
pub(super) fn is_special(name: &str) -> bool {
    matches!(
        name,
        ":" | "."
            | "break"
            | "continue"
            | "eval"
            | "exec"
            | "exit"
            | "export"
            | "readonly"
            | "return"
            | "set"
            | "shift"
            | "times"
            | "trap"
            | "unset"
    )
}

/// True for commands that a shell carries out itself.
pub(crate) fn is_builtin(name: &str) -> bool {
    is_special(name)
        || matches!(
            name,
            "cd" | "pwd"
                | "echo"
                | "printf"
                | "test"
                | "["
                | "true"
                | "false"
                | "local"
                | "wait"
                | "kill"
                | "read"
                | "command"
                | "type"
                | "umask"
                | "let"
                | "getopts"
                | "hash"
                | "jobs"
                | "source"
                | "ulimit"
                | "alias"
                | "unalias"
                | "fg"
                | "bg"
        )
}

impl Shell {
    /// Carries out a built-in; `None` if the command is none.
    pub(super) fn builtin<'a>(&'a mut self, argv: &'a [String]) -> Boxed<'a, Option<Result<Flow, Fatal>>> {
        Box::pin(async move {
            let (command, arguments) = argv.split_first()?;
            let status = match command.as_str() {
                ":" | "true" | "times" | "hash" | "jobs" | "ulimit" | "fg" | "bg" => 0,
                "false" => 1,
                "exit" | "return" => {
                    let status = match arguments.first() {
                        None => self.status,
                        Some(text) => match text.parse::<i32>() {
                            Ok(status) => status & 0xff,
                            Err(_) => {
                                self.complain(&format!("{command}: Illegal number: {text}")).await;
                                self.status = 2;
                                return Some(Err(Fatal));
                            }
                        },
                    };
                    self.status = status;
                    return Some(Ok(if command == "exit" { Flow::Exit } else { Flow::Return }));
                }
                "break" | "continue" => {
                    let levels = arguments.first().map_or(Ok(1), |text| text.parse::<u32>());
                    let Ok(levels) = levels else {
                        self.complain(&format!("{command}: Illegal number")).await;
                        self.status = 2;
                        return Some(Err(Fatal));
                    };
                    self.status = 0;
                    let levels = levels.min(self.loops);
                    // Outside of a loop it does nothing.
                    return Some(Ok(match (levels, command.as_str()) {
                        (0, _) => Flow::Next,
                        (levels, "break") => Flow::Break(levels),
                        (levels, _) => Flow::Continue(levels),
                    }));
                }
                "eval" => {
                    let script = arguments.join(" ");
                    return Some(Ok(self.run_script(&script).await));
                }
                "." | "source" => return Some(self.source(arguments).await),
                "exec" => {
                    if arguments.is_empty() {
                        return Some(Ok(Flow::Next));
                    }
                    return Some(Ok(self.exec(arguments.to_vec()).await));
                }
                "command" => match arguments {
                    [option, names @ ..] if option == "-v" || option == "-V" => {
                        self.describe(names, option == "-V").await
                    }
                    [option, rest @ ..] if option == "-p" => return Some(self.without_functions(rest).await),
                    rest => return Some(self.without_functions(rest).await),
                },
                "type" => self.describe(arguments, true).await,
                "cd" => self.change_directory(arguments).await,
                "pwd" => {
                    let directory = self.os.with_process(self.pid, |process| process.directory.clone());
                    self.print(&(directory.unwrap_or_default() + "\n")).await
                }
                "echo" => {
                    let text = tools::echo(arguments, self.image.dialect);
                    self.print(&text).await
                }
                "printf" => tools::printf(self, arguments).await,
                "test" | "[" => {
                    let words = match (command.as_str(), arguments.split_last()) {
                        ("[", Some((last, words))) if last == "]" => words,
                        ("[", _) => {
                            self.complain("[: missing ]").await;
                            self.status = 2;
                            return Some(Ok(Flow::Next));
                        }
                        _ => arguments,
                    };
                    match condition::test(self, words) {
                        Ok(status) => status,
                        Err(message) => {
                            self.complain(&message).await;
                            2
                        }
                    }
                }
                "export" | "readonly" => match self.declare(command, arguments).await {
                    Ok(status) => status,
                    Err(fatal) => return Some(Err(fatal)),
                },
                "local" => match self.local(arguments).await {
                    Ok(status) => status,
                    Err(fatal) => return Some(Err(fatal)),
                },
                "unset" => self.unset(arguments).await,
                "set" => match self.set_options(arguments).await {
                    Ok(status) => status,
                    Err(fatal) => return Some(Err(fatal)),
                },
                "shift" => {
                    let count = arguments.first().map_or(Ok(1), |text| text.parse::<usize>());
                    match count {
                        Ok(count) if count <= self.arguments.len() => {
                            self.arguments.drain(..count);
                            0
                        }
                        Ok(_) if self.image.dialect != Dialect::Dash => 1,
                        Ok(_) | Err(_) => {
                            self.complain("shift: can't shift that many").await;
                            self.status = 2;
                            return Some(Err(Fatal));
                        }
                    }
                }
                "trap" => self.trap(arguments).await,
                "wait" => self.wait(arguments).await,
                "kill" => tools::kill(self, arguments).await,
                "read" => self.read(arguments).await,
                "umask" => {
                    if arguments.is_empty() {
                        self.print("0022\n").await
                    } else {
                        0
                    }
                }
                "let" if self.image.dialect != Dialect::Dash => {
                    let mut value = 0;
                    for expression in arguments {
                        match self.compute(expression) {
                            Ok(computed) => value = computed,
                            Err(message) => return Some(self.fatal(&message).await),
                        }
                    }
                    i32::from(value == 0)
                }
                "getopts" => self.getopts(arguments).await,
                "alias" | "unalias" => {
                    if !arguments.is_empty() {
                        self.os.give_up(self.pid, "an alias in a script of the shell").await;
                    }
                    0
                }
                _ => return None,
            };
            self.status = status;
            Some(Ok(Flow::Next))
        })
    }

    async fn without_functions(&mut self, argv: &[String]) -> Result<Flow, Fatal> {
        match self.builtin(argv).await {
            Some(result) => result,
            None if argv.is_empty() => Ok(Flow::Next),
            None => {
                self.external(argv).await;
                Ok(Flow::Next)
            }
        }
    }

    async fn source(&mut self, arguments: &[String]) -> Result<Flow, Fatal> {
        let Some(path) = arguments.first() else {
            self.complain(".: filename argument required").await;
            self.status = 2;
            return Ok(Flow::Next);
        };
        match self.os.read_file(self.pid, path).await {
            Ok(content) => {
                let text = String::from_utf8_lossy(&content).into_owned();
                let flow = self.run_script(&text).await;
                Ok(if flow == Flow::Return { Flow::Next } else { flow })
            }
            Err(Errno(error)) => self.fatal(&format!("can't open '{path}': {error}")).await,
        }
    }

    async fn describe(&mut self, names: &[String], verbose: bool) -> i32 {
        let mut status = 0;
        for name in names {
            let path = tools::path_of(self, name);
            let text = if self.functions.contains_key(name) {
                if verbose { format!("{name} is a function\n") } else { format!("{name}\n") }
            } else if is_builtin(name) {
                if verbose { format!("{name} is a shell builtin\n") } else { format!("{name}\n") }
            } else if let Some(path) = path {
                if verbose { format!("{name} is {path}\n") } else { format!("{path}\n") }
            } else {
                if verbose {
                    self.print(&format!("{name}: not found\n")).await;
                }
                status = 127;
                continue;
            };
            self.print(&text).await;
        }
        status
    }

    async fn change_directory(&mut self, arguments: &[String]) -> i32 {
        let target = match arguments.iter().find(|argument| !matches!(argument.as_str(), "-P" | "-L" | "--")) {
            Some(dash) if dash == "-" => self.variable("OLDPWD").unwrap_or("/").to_owned(),
            Some(target) => target.clone(),
            None => self.variable("HOME").unwrap_or("/").to_owned(),
        };
        let place = self.os.resolve(self.pid, &target, true);
        match place.map(|place| (place.node(), place.path)) {
            Ok((Some(crate::files::Node::Directory { .. }), path)) => {
                let old =
                    self.os.with_process(self.pid, |process| std::mem::replace(&mut process.directory, path.clone()));
                let old = old.unwrap_or_default();
                // The values are paths, shorter than any limit.
                let _ = self.assign("OLDPWD", &old);
                let _ = self.assign("PWD", &path);
                if arguments.first().is_some_and(|argument| argument == "-") {
                    self.print(&format!("{path}\n")).await;
                }
                0
            }
            Ok(_) | Err(_) => {
                self.complain(&format!("cd: can't cd to {target}: No such file or directory")).await;
                if self.image.dialect == Dialect::Bash { 1 } else { 2 }
            }
        }
    }

    async fn declare(&mut self, command: &str, arguments: &[String]) -> Result<i32, Fatal> {
        let names: Vec<&String> =
            arguments.iter().filter(|argument| !matches!(argument.as_str(), "-p" | "--")).collect();
        if names.is_empty() {
            let listed = self.variables.iter().filter(|(_, variable)| match command {
                "export" => variable.is_exported,
                _ => variable.is_read_only,
            });
            let text: String =
                listed.map(|(name, variable)| format!("{command} {name}='{}'\n", variable.value)).collect();
            return Ok(self.print(&text).await);
        }
        if names.iter().any(|name| *name == "-n" || *name == "-f") {
            for name in names {
                if let Some(variable) = self.variables.get_mut(name) {
                    variable.is_exported = false;
                }
            }
            return Ok(0);
        }
        for argument in names {
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (argument.as_str(), None),
            };
            if !is_name(name) {
                return self.fatal(&format!("{command}: {name}: bad variable name")).await;
            }
            if let Some(value) = value
                && let Err(message) = self.assign(name, value)
            {
                return self.fatal(&message).await;
            }
            if let Some(variable) = self.variables.get_mut(name) {
                variable.is_exported |= command == "export";
                variable.is_read_only |= command == "readonly";
            } else if command == "export" {
                // Exported as soon as it has a value.
                self.exported_later.insert(name.to_owned());
            } else {
                self.variables.insert(name.to_owned(), Variable { is_read_only: true, ..Variable::default() });
            }
        }
        Ok(0)
    }

    async fn local(&mut self, arguments: &[String]) -> Result<i32, Fatal> {
        if self.locals.is_empty() {
            return self.fatal("local: not in a function").await;
        }
        for argument in arguments {
            let (name, value) = argument.split_once('=').unwrap_or((argument, ""));
            if !is_name(name) {
                return self.fatal(&format!("local: {name}: bad variable name")).await;
            }
            let old = self.variables.get(name).cloned();
            let has_value = argument.contains('=');
            if let Some(locals) = self.locals.last_mut() {
                locals.entry(name.to_owned()).or_insert(old);
            }
            // Without a value the variable keeps that of the caller in `ash` and `dash`, and has none in `bash`.
            if (has_value || self.image.dialect == Dialect::Bash)
                && let Err(message) = self.assign(name, value)
            {
                return self.fatal(&message).await;
            }
        }
        Ok(0)
    }

    async fn unset(&mut self, arguments: &[String]) -> i32 {
        let is_function = arguments.first().is_some_and(|option| option == "-f");
        for name in arguments.iter().filter(|argument| !argument.starts_with('-')) {
            if is_function {
                self.functions.remove(name);
            } else if self.variables.get(name).is_some_and(|variable| variable.is_read_only) {
                self.complain(&format!("unset: {name}: is read only")).await;
                return 2;
            } else {
                self.put_back(name.clone(), None);
            }
        }
        0
    }

    async fn set_options(&mut self, arguments: &[String]) -> Result<i32, Fatal> {
        if arguments.is_empty() {
            let text: String =
                self.variables.iter().map(|(name, variable)| format!("{name}='{}'\n", variable.value)).collect();
            return Ok(self.print(&text).await);
        }
        let mut words = arguments.iter().enumerate();
        while let Some((at, word)) = words.next() {
            if word == "--" || word == "-" {
                self.arguments = arguments.iter().skip(at.saturating_add(1)).cloned().collect();
                return Ok(0);
            }
            let on = word.starts_with('-');
            let Some(letters) = word.strip_prefix(['-', '+']) else {
                self.arguments = arguments.iter().skip(at).cloned().collect();
                return Ok(0);
            };
            for letter in letters.chars() {
                let is_known = if letter == 'o' {
                    match words.next() {
                        Some((_, name)) => self.options.set_named(name, on),
                        None => true,
                    }
                } else {
                    self.options.set(letter, on)
                };
                if !is_known {
                    return self.fatal(&format!("set: illegal option {word}")).await;
                }
            }
        }
        Ok(0)
    }

    async fn trap(&mut self, arguments: &[String]) -> i32 {
        let arguments = arguments.strip_prefix(&["--".to_owned()]).unwrap_or(arguments);
        let (action, names) = match arguments {
            [] => {
                let line = |(on, action): (&TrapOn, &String)| {
                    let name = match on {
                        TrapOn::Exit => "EXIT",
                        TrapOn::Signal(signal) => {
                            Signal::ALL.into_iter().find(|(known, _)| known == signal).map_or("", |(_, name)| name)
                        }
                    };
                    format!("trap -- '{action}' {name}\n")
                };
                let text: String = self.traps.iter().map(line).collect();
                return self.print(&text).await;
            }
            // A number or one name alone: the trap is removed.
            [only] => (None, std::slice::from_ref(only)),
            [first, rest @ ..] if first == "-" => (None, rest),
            [first, _, ..] if first.parse::<u8>().is_ok() => (None, arguments),
            [action, rest @ ..] => (Some(action.as_str()), rest),
        };
        let mut status = 0;
        for name in names {
            let has_prefix = name.to_ascii_uppercase().starts_with("SIG");
            let on = match name.as_str() {
                "0" | "EXIT" => Some(TrapOn::Exit),
                // `dash` knows signals without their prefix only.
                _ if has_prefix && self.image.dialect == Dialect::Dash => None,
                _ => Signal::parse(name).map(TrapOn::Signal),
            };
            match on {
                Some(on) => self.set_trap(on, action),
                None if self.image.dialect == Dialect::Bash && matches!(name.as_str(), "ERR" | "DEBUG" | "RETURN") => {
                    self.os.give_up(self.pid, &format!("`trap … {name}`")).await;
                }
                None => {
                    self.complain(&format!("trap: {name}: invalid signal specification")).await;
                    status = 1;
                }
            }
        }
        status
    }

    async fn wait(&mut self, arguments: &[String]) -> i32 {
        if arguments.is_empty() {
            return self.wait_or_signal(None).await;
        }
        let mut status = 0;
        for argument in arguments {
            let pid = match argument.strip_prefix('%') {
                Some(job) => job.parse::<usize>().ok().and_then(|job| self.jobs.get(job.checked_sub(1)?)).copied(),
                None => argument.parse().ok(),
            };
            status = match pid {
                Some(pid) => self.wait_or_signal(Some(pid)).await,
                None => {
                    self.complain(&format!("wait: {argument}: no such job")).await;
                    if self.image.dialect == Dialect::Ash { 127 } else { 2 }
                }
            };
        }
        status
    }

    async fn wait_or_signal(&mut self, pid: Option<u32>) -> i32 {
        match self.wait_for(pid).await {
            Some(code) => code,
            None => {
                let signal = self.os.with_process(self.pid, |process| process.pending.front().copied()).flatten();
                signal.map_or(0, Signal::exit_code)
            }
        }
    }

    async fn read(&mut self, arguments: &[String]) -> i32 {
        let mut names = Vec::new();
        let (mut is_raw, mut words) = (false, arguments.iter());
        while let Some(word) = words.next() {
            match word.as_str() {
                "-r" => is_raw = true,
                "-s" => (),
                "-p" => drop(words.next()),
                option if option.starts_with('-') => {
                    self.os.give_up(self.pid, &format!("`read {option}`")).await;
                }
                name => names.push(name.to_owned()),
            }
        }
        let mut line = String::new();
        let mut status = 0;
        loop {
            let Ok(bytes) = self.os.read_line(self.pid, 0).await else { return 1 };
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let Some(text) = text.strip_suffix('\n') else {
                line.push_str(&text);
                status = 1;
                break;
            };
            line.push_str(text);
            let backslashes = text.chars().rev().take_while(|c| *c == '\\').count();
            if is_raw || backslashes % 2 == 0 {
                break;
            }
            line.pop();
        }
        if !is_raw {
            let mut chars = std::mem::take(&mut line).chars().collect::<Vec<char>>().into_iter();
            while let Some(c) = chars.next() {
                line.extend(if c == '\\' { chars.next() } else { Some(c) });
            }
        }
        if names.is_empty() {
            names.push("REPLY".into());
        }
        let ifs = self.variable("IFS").unwrap_or(" \t\n").to_owned();
        let is_blank = |c: char| ifs.contains(c) && c.is_ascii_whitespace();
        let mut rest = line.trim_matches(is_blank);
        let last = names.len().saturating_sub(1);
        for (name, nth) in names.iter().zip(0..) {
            let value = if nth == last {
                std::mem::take(&mut rest)
            } else {
                let end = rest.find(|c| ifs.contains(c)).unwrap_or(rest.len());
                let (value, after) = rest.split_at_checked(end).unwrap_or_default();
                let after = after.trim_start_matches(is_blank);
                let after = after.strip_prefix(|c| ifs.contains(c) && !is_blank(c)).unwrap_or(after);
                rest = after.trim_start_matches(is_blank);
                value
            };
            if let Err(message) = self.assign(name, value) {
                self.complain(&message).await;
                return 1;
            }
        }
        status
    }

    async fn getopts(&mut self, arguments: &[String]) -> i32 {
        let [letters, name, words @ ..] = arguments else {
            self.complain("getopts: usage: getopts optstring var [arg]").await;
            return 2;
        };
        let words = if words.is_empty() { self.arguments.clone() } else { words.to_vec() };
        let at = self.variable("OPTIND").and_then(|at| at.parse::<usize>().ok()).unwrap_or(1).max(1);
        if at == 1 && self.getopts_at == 0 {
            self.getopts_at = 1;
        }
        let within = self.getopts_at.max(1);
        let word = words.get(at.saturating_sub(1));
        let option = word.filter(|word| word.starts_with('-') && word.len() > 1 && *word != "--");
        let Some(letter) = option.and_then(|word| word.chars().nth(within)) else {
            let next = if word.is_some_and(|word| word == "--") { at.saturating_add(1) } else { at };
            let _ = self.assign("OPTIND", &next.to_string());
            let _ = self.assign(name, "?");
            self.getopts_at = 0;
            return 1;
        };
        let rest: String = option.map(|word| word.chars().skip(within.saturating_add(1)).collect()).unwrap_or_default();
        let is_silent = letters.starts_with(':');
        let found = letters.trim_start_matches(':').find(letter).filter(|_| letter != ':');
        let takes = found.is_some_and(|_| letters.contains(&format!("{letter}:")));
        let mut next = at;
        let mut value = letter.to_string();
        let mut argument = None;
        if takes {
            next = at.saturating_add(1);
            if !rest.is_empty() {
                argument = Some(rest.clone());
            } else if let Some(word) = words.get(at) {
                argument = Some(word.clone());
                next = next.saturating_add(1);
            } else {
                value = if is_silent { ":".into() } else { "?".into() };
                argument = is_silent.then(|| letter.to_string());
                if !is_silent {
                    self.complain(&format!("No arg for -{letter} option")).await;
                }
            }
            self.getopts_at = 1;
        } else {
            if found.is_none() {
                value = "?".into();
                if is_silent {
                    argument = Some(letter.to_string());
                } else {
                    self.complain(&format!("Illegal option -{letter}")).await;
                }
            }
            self.getopts_at = within.saturating_add(1);
            if rest.is_empty() {
                next = at.saturating_add(1);
                self.getopts_at = 1;
            }
        }
        let _ = self.assign("OPTIND", &next.to_string());
        let _ = self.assign(name, &value);
        match argument {
            Some(argument) => drop(self.assign("OPTARG", &argument)),
            None => self.put_back("OPTARG".into(), None),
        }
        0
    }

    /// Opens a file for a tool and returns its content, or prints why it cannot.
    pub(crate) async fn content(&mut self, tool: &str, path: &str) -> Option<Vec<u8>> {
        let content = if path == "-" {
            self.os.read_all(self.pid, 0).await
        } else {
            match self.os.open(self.pid, path, Open::READ) {
                Ok(_) => self.os.read_file(self.pid, path).await,
                Err(error) => Err(error),
            }
        };
        match content {
            Ok(content) => Some(content),
            Err(Errno(error)) => {
                let verb = if error == crate::os::NOT_FOUND.0 { "can't open" } else { "read error on" };
                self.complain_as(tool, &format!("{verb} '{path}': {error}")).await;
                None
            }
        }
    }

    /// Prints an error of a tool.
    pub(crate) async fn complain_as(&mut self, tool: &str, message: &str) {
        let line = format!("{tool}: {message}\n");
        // Errors of the error stream have nowhere to go.
        let _ = self.os.write(self.pid, 2, line.as_bytes()).await;
    }
}
