//! Tools for processes, time, users and the host.

use std::time::Duration;

use super::files::options;
use crate::{
    os::{Signal, Wait},
    shell::Shell,
    text::{format_time, sleep_time},
};

pub(super) async fn run(shell: &mut Shell, name: &str, arguments: &[String]) -> i32 {
    match name {
        "sleep" | "usleep" => sleep(shell, name, arguments).await,
        "date" => date(shell, arguments).await,
        "env" | "printenv" => env(shell, name, arguments).await,
        "hostname" => hostname(shell, arguments).await,
        "id" | "whoami" | "groups" => id(shell, name, arguments).await,
        "nproc" => shell.print("1\n").await,
        "arch" => shell.print("x86_64\n").await,
        "uname" => {
            let (letters, _) = options(arguments);
            let node = shell.os.kernel().host.name.clone();
            let parts = [
                ('s', "Linux"),
                ('n', node.as_str()),
                ('r', "6.1.0"),
                ('v', "#1 SMP"),
                ('m', "x86_64"),
                ('o', "GNU/Linux"),
            ];
            let wants = if letters.is_empty() { "s" } else { &letters };
            let shown = parts.iter().filter(|(letter, _)| wants.contains(*letter) || wants.contains('a'));
            let shown: Vec<&str> = shown.map(|(_, text)| *text).collect();
            shell.print(&(shown.join(" ") + "\n")).await
        }
        "nice" | "nohup" | "setsid" => {
            let words = match arguments {
                [option, _, rest @ ..] if option == "-n" => rest,
                rest => rest,
            };
            Box::pin(super::run(shell, words)).await
        }
        "timeout" => timeout(shell, arguments).await,
        "xargs" => xargs(shell, arguments).await,
        "ps" | "pidof" | "killall" => processes(shell, name, arguments).await,
        "which" => {
            let mut status = 0;
            for argument in arguments {
                match super::path_of(shell, argument) {
                    Some(path) => drop(shell.print(&(path + "\n")).await),
                    None => status = 1,
                }
            }
            status
        }
        "tty" => {
            shell.print("not a tty\n").await;
            1
        }
        "sysctl" => sysctl(shell, arguments).await,
        "ip" => match arguments {
            [object, verb, ..] if object == "link" && matches!(verb.as_str(), "add" | "set" | "del" | "delete") => {
                if shell.os.kernel().host.is_privileged {
                    return 0;
                }
                shell.complain_as("ip", "RTNETLINK answers: Operation not permitted").await;
                2
            }
            _ => {
                shell.os.give_up(shell.pid, &format!("`ip {}`", arguments.join(" "))).await;
                1
            }
        },
        _ => {
            shell.os.give_up(shell.pid, &format!("the program `{name}`")).await;
            1
        }
    }
}

async fn sleep(shell: &mut Shell, name: &str, arguments: &[String]) -> i32 {
    let mut total = Duration::ZERO;
    if arguments.is_empty() {
        shell.complain_as(name, "missing operand").await;
        return 1;
    }
    for argument in arguments {
        let time =
            if name == "usleep" { argument.parse().ok().map(Duration::from_micros) } else { sleep_time(argument) };
        let Some(time) = time else {
            shell.complain_as(name, &format!("invalid number '{argument}'")).await;
            return 1;
        };
        total = total.saturating_add(time);
    }
    shell.os.sleep(shell.pid, total).await;
    0
}

async fn date(shell: &mut Shell, arguments: &[String]) -> i32 {
    let mut time = shell.os.now();
    let mut format = "%a %b %e %H:%M:%S UTC %Y".to_owned();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-u" | "--utc" => (),
            "-I" => format = "%Y-%m-%d".into(),
            "-Iseconds" => format = "%Y-%m-%dT%H:%M:%S+00:00".into(),
            "-R" => format = "%a, %d %b %Y %H:%M:%S +0000".into(),
            "-d" => match words.next().and_then(|text| text.strip_prefix('@')?.parse().ok()) {
                Some(seconds) => time = Duration::from_secs(seconds),
                None => {
                    shell.os.give_up(shell.pid, "`date -d`").await;
                }
            },
            word => match word.strip_prefix('+') {
                Some(text) => text.clone_into(&mut format),
                None => {
                    shell.complain_as("date", &format!("invalid date '{word}'")).await;
                    return 1;
                }
            },
        }
    }
    match format_time(&format, time) {
        Some(text) => shell.print(&(text + "\n")).await,
        None => {
            shell.os.give_up(shell.pid, &format!("the format {format:?} of date")).await;
            1
        }
    }
}

async fn env(shell: &mut Shell, name: &str, arguments: &[String]) -> i32 {
    let mut env = shell.environment();
    if name == "printenv" && !arguments.is_empty() {
        let mut status = 0;
        for argument in arguments {
            match env.get(argument) {
                Some(value) => drop(shell.print(&format!("{value}\n")).await),
                None => status = 1,
            }
        }
        return status;
    }
    let mut words = arguments;
    loop {
        match words {
            [option, rest @ ..] if option == "-i" || option == "-" => {
                env.clear();
                words = rest;
            }
            [option, name, rest @ ..] if option == "-u" => {
                env.remove(name);
                words = rest;
            }
            [word, rest @ ..] if let Some((name, value)) = word.split_once('=') => {
                env.insert(name.to_owned(), value.to_owned());
                words = rest;
            }
            _ => break,
        }
    }
    if words.is_empty() {
        let text: String = env.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        return shell.print(&text).await;
    }
    let mut inner = shell.within(&env);
    Box::pin(super::run(&mut inner, words)).await
}

async fn hostname(shell: &mut Shell, arguments: &[String]) -> i32 {
    let text = {
        let kernel = shell.os.kernel();
        let host = &kernel.host;
        match arguments.first().map(String::as_str) {
            None | Some("-s") => host.name.clone(),
            Some("-f") => match host.domain.as_str() {
                "" => host.name.clone(),
                domain => format!("{}.{domain}", host.name),
            },
            Some("-d") => host.domain.clone(),
            Some("-i" | "-I") => host.ip.clone(),
            Some(_) => String::new(),
        }
    };
    shell.print(&(text + "\n")).await
}

async fn id(shell: &mut Shell, name: &str, arguments: &[String]) -> i32 {
    let (uid, gid, groups) = {
        let kernel = shell.os.kernel();
        (kernel.host.uid, kernel.host.gid, kernel.host.groups.clone())
    };
    let named = |id: i64| if id == 0 { "0(root)".to_owned() } else { id.to_string() };
    let mut all = vec![gid];
    all.extend(groups.into_iter().filter(|group| *group != gid));
    if name == "whoami" {
        if uid == 0 {
            return shell.print("root\n").await;
        }
        shell.complain_as("whoami", &format!("unknown uid {uid}")).await;
        return 1;
    }
    let letters = options(arguments).0;
    let texts: Vec<String> = all.iter().map(i64::to_string).collect();
    let text = match letters.as_str() {
        _ if name == "groups" => texts.join(" "),
        "u" => uid.to_string(),
        "g" => gid.to_string(),
        "G" => texts.join(" "),
        "un" | "nu" => {
            if uid == 0 {
                "root".into()
            } else {
                uid.to_string()
            }
        }
        _ => {
            let groups: Vec<String> = all.iter().map(|group| named(*group)).collect();
            format!("uid={} gid={} groups={}", named(uid), named(gid), groups.join(","))
        }
    };
    shell.print(&(text + "\n")).await
}

async fn timeout(shell: &mut Shell, arguments: &[String]) -> i32 {
    let (mut signal, mut words) = (Signal::Term, arguments);
    loop {
        match words {
            [option, name, rest @ ..] if option == "-s" => {
                signal = Signal::parse(name).unwrap_or(signal);
                words = rest;
            }
            [option, _, rest @ ..] if option == "-k" || option == "-t" => words = rest,
            _ => break,
        }
    }
    let [time, command @ ..] = words else { return 1 };
    let Some(time) = sleep_time(time).filter(|_| !command.is_empty()) else {
        shell.complain_as("timeout", &format!("invalid number '{time}'")).await;
        return 125;
    };
    let Some(child) = shell.start_command(command.to_vec()) else { return 125 };
    let Some(clock) = shell.os.fork(shell.pid, None) else { return 125 };
    let os = shell.os.clone();
    shell.os.spawn(
        clock,
        Box::pin(async move {
            os.sleep(clock, time).await;
            0
        }),
    );
    // Of the two children one ends first.
    loop {
        shell.os.block(shell.pid, Wait::Child { pid: None, or_signal: false }).await;
        let has_ended = shell.os.with_process(child, |process| process.exit.is_some()).unwrap_or(true);
        if has_ended {
            shell.os.kernel().end(clock, 0);
            shell.os.reap(clock);
            return shell.os.reap(child).unwrap_or(0);
        }
        if shell.os.reap(clock).is_some() {
            shell.os.kernel().signal(child, signal, false);
            let code = shell.os.join(shell.pid, child).await;
            // Busybox passes the code of the signal on.
            return if shell.image.dialect == crate::image::Dialect::Ash { code } else { 124 };
        }
    }
}

async fn xargs(shell: &mut Shell, arguments: &[String]) -> i32 {
    let (mut most, mut words, mut replace) = (usize::MAX, arguments, None);
    loop {
        match words {
            [option, count, rest @ ..] if option == "-n" => {
                most = count.parse().unwrap_or(1).max(1);
                words = rest;
            }
            [option, rest @ ..] if option.strip_prefix("-n").is_some_and(|count| count.parse::<usize>().is_ok()) => {
                most = option.get(2..).and_then(|count| count.parse().ok()).unwrap_or(1).max(1);
                words = rest;
            }
            [option, text, rest @ ..] if option == "-I" => {
                replace = Some(text.clone());
                words = rest;
            }
            [option, rest @ ..] if option == "-r" || option == "-t" => words = rest,
            _ => break,
        }
    }
    let command: Vec<String> = if words.is_empty() { vec!["echo".into()] } else { words.to_vec() };
    let input = shell.os.read_all(shell.pid, 0).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&input).into_owned();
    let mut status = 0;
    let calls: Vec<Vec<String>> = match replace {
        Some(mark) => {
            let of = |line: &str| command.iter().map(|word| word.replace(&mark, line)).collect();
            text.lines().map(str::trim_start).filter(|line| !line.is_empty()).map(of).collect()
        }
        None => {
            let items: Vec<String> = text.split_ascii_whitespace().map(str::to_owned).collect();
            if items.is_empty() {
                vec![command]
            } else {
                items.chunks(most.min(1 << 16)).map(|items| command.iter().chain(items).cloned().collect()).collect()
            }
        }
    };
    for call in calls {
        shell.os.step(shell.pid).await;
        if shell.run_child(call).await != 0 {
            status = 123;
        }
    }
    status
}

async fn processes(shell: &mut Shell, tool: &str, arguments: &[String]) -> i32 {
    let listed: Vec<(u32, Vec<String>)> = {
        let kernel = shell.os.kernel();
        let alive = kernel.processes.iter().filter(|(_, process)| process.exit.is_none());
        alive.map(|(pid, process)| (*pid, process.name.clone())).collect()
    };
    if tool == "ps" {
        let lines = listed.iter().map(|(pid, name)| format!("{pid:>5} root      0:00 {}\n", name.join(" ")));
        let text: String = std::iter::once("PID   USER     TIME  COMMAND\n".to_owned()).chain(lines).collect();
        return shell.print(&text).await;
    }
    let (letters, names) = options(arguments);
    let is_named =
        |words: &[String]| words.first().is_some_and(|word| names.iter().any(|name| crate::files::base(word) == name));
    let found: Vec<u32> =
        listed.iter().filter(|(pid, name)| *pid != shell.pid && is_named(name)).map(|(pid, _)| *pid).collect();
    if tool == "pidof" {
        if found.is_empty() {
            return 1;
        }
        let pids: Vec<String> = found.iter().rev().map(u32::to_string).collect();
        return shell.print(&(pids.join(" ") + "\n")).await;
    }
    if found.is_empty() {
        shell.complain_as("killall", "no process killed").await;
        return 1;
    }
    let signal = Signal::parse(&letters).unwrap_or(Signal::Term);
    for pid in found {
        shell.os.kernel().signal(pid, signal, false);
    }
    0
}

async fn sysctl(shell: &mut Shell, arguments: &[String]) -> i32 {
    let (letters, names) = options(arguments);
    let mut status = 0;
    for name in names {
        let value = shell.os.kernel().host.sysctls.get(&name).cloned();
        match value {
            Some(value) if letters.contains('n') => drop(shell.print(&format!("{value}\n")).await),
            Some(value) => drop(shell.print(&format!("{name} = {value}\n")).await),
            None => {
                shell.complain_as("sysctl", &format!("error: '{name}' is an unknown key")).await;
                status = 1;
            }
        }
    }
    status
}

impl Shell {
    /// Returns the PID of a job.
    pub(super) fn job(&self, job: &str) -> Option<i64> {
        self.job_pid(job.parse().ok()?).map(i64::from)
    }
}
