//! Programs of images: the tools of busybox as far as scripts of Pods use them, shells, and servers.

pub(crate) mod files;
mod network;
mod system;
mod text;

use crate::{
    files::Node,
    image::Dialect,
    os::{Errno, Open, Signal},
    servers,
    shell::Shell,
};

/// Directories in which tools stand.
const DIRECTORIES: [&str; 6] = ["/bin", "/usr/bin", "/sbin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"];

/// Tools that can be run.
const TOOLS: [&str; 78] = [
    "[", "[[", "arch", "awk", "base64", "basename", "bash", "ash", "busybox", "cat", "chgrp", "chmod", "chown",
    "clear", "cmp", "cp", "curl", "cut", "date", "dash", "dd", "dirname", "du", "echo", "egrep", "env", "expr",
    "false", "fgrep", "find", "getent", "grep", "groups", "head", "hostname", "id", "ip", "kill", "killall", "link",
    "ln", "ls", "mkdir", "mktemp", "mv", "nice", "nohup", "nproc", "pidof", "printenv", "printf", "ps", "pwd",
    "readlink", "realpath", "rev", "rm", "rmdir", "sed", "seq", "setsid", "sh", "sleep", "sort", "stat", "sync",
    "sysctl", "tail", "tac", "tee", "test", "timeout", "touch", "tr", "true", "uname", "uniq", "unlink",
];

/// More of them.
const MORE_TOOLS: [&str; 12] =
    ["usleep", "wc", "wget", "which", "whoami", "xargs", "yes", "truncate", "tty", "sum", "nl", "mountpoint"];

/// Tools of busybox that cannot be run here: a Pod that needs one runs for ever.
const UNKNOWN_TOOLS: &str = " ar arp arping at bc blkid blockdev bunzip2 bzcat bzip2 cal chat chattr chpasswd chroot cksum comm cpio \
    crond crontab cryptpw dc deallocvt df dhcprelay diff dmesg dnsd dnsdomainname dos2unix ed eject ether-wake expand factor \
    fakeidentd fallocate fatattr fbset fdformat fdisk fgconsole findfs flock fold free freeramdisk fsck fstrim fsync ftpd ftpget \
    ftpput fuser getopt getty gunzip gzip halt hd hdparm hexdump hexedit hostid httpd hwclock i2cdetect ifconfig ifdown ifup inetd \
    init inotifyd insmod install ionice iostat ipcalc ipcrm ipcs iproute klogd last less logger login logname logread losetup lpd \
    lsattr lsmod lsof lspci lsscsi lsusb lzcat lzma lzop makedevs makemime md5sum mdev mesg microcom mkdosfs mke2fs mkfifo mkfs.ext2 \
    mknod mkpasswd mkswap modinfo modprobe more mount mpstat mt nameif nanddump nbd-client nc netcat netstat nmeter nologin nsenter \
    nslookup ntpd od openvt partprobe passwd paste patch pgrep ping ping6 pipe_progress pivot_root pkill pmap popmaildir poweroff \
    powertop pscan pstree pwdx raidautorun rdate rdev readahead readprofile reboot reformime renice reset resize resume route rpm \
    rpm2cpio rtcwake run-init run-parts runlevel runsv rx script scriptreplay sendmail setarch setfattr setkeycodes setlogcons \
    setpriv setserial sha1sum sha256sum sha3sum sha512sum shred shuf slattach smemcap softlimit split ssl_client start-stop-daemon \
    strings stty su sulogin svc svlogd swapoff swapon switch_root syslogd tar taskset tc tcpsvd telnet telnetd tftp tftpd time top \
    traceroute ts tunctl ubiattach udhcpc udpsvd uevent umount uncompress unexpand unix2dos unlzma unshare unxz unzip uptime users \
    uudecode uuencode vconfig vi vlock volname w wall watch watchdog who xxd xz xzcat zcat zcip ";

fn is_tool(name: &str) -> bool {
    TOOLS.contains(&name) || MORE_TOOLS.contains(&name)
}

/// True if a path is that of a program of the image.
pub(crate) fn is_program(shell: &Shell, path: &str) -> bool {
    let name = crate::files::base(path);
    let is_entry_point = shell.image.entry_point.first().is_some_and(|entry| *entry == path);
    let directory = crate::files::parent(path);
    is_entry_point || (shell.image.has_shell && DIRECTORIES.contains(&directory) && is_tool(name))
}

/// Returns the path of a command as `which` prints it.
pub(crate) fn path_of(shell: &Shell, command: &str) -> Option<String> {
    if command.contains('/') {
        let is_file =
            shell.os.resolve(shell.pid, command, true).is_ok_and(|place| matches!(place.node(), Some(Node::File(_))));
        return (is_file || is_program(shell, command)).then(|| command.to_owned());
    }
    if !shell.image.has_shell || !is_tool(command) || (command == "bash" && shell.image.dialect == Dialect::Ash) {
        return None;
    }
    let is_extra = matches!(
        command,
        "[" | "[["
            | "awk"
            | "basename"
            | "cut"
            | "dirname"
            | "env"
            | "expr"
            | "find"
            | "head"
            | "id"
            | "killall"
            | "nohup"
            | "nproc"
            | "realpath"
            | "seq"
            | "sort"
            | "tail"
            | "tee"
            | "test"
            | "timeout"
            | "tr"
            | "uniq"
            | "wc"
            | "wget"
            | "which"
            | "whoami"
            | "xargs"
            | "yes"
    );
    Some(format!("{}/{command}", if is_extra { "/usr/bin" } else { "/bin" }))
}

/// Way to carry out a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Tool or server of that name.
    Program(String),
    /// File with a script.
    File,
    /// No such program in the image.
    Missing,
    /// File that cannot be executed.
    Denied,
    /// A program that may be there, but is not known.
    Unknown,
}

/// Looks for a command in an image and its files.
pub(crate) fn find(shell: &Shell, command: &str) -> Found {
    let name = crate::files::base(command);
    if command.contains('/') {
        match shell.os.resolve(shell.pid, command, true).ok().and_then(|place| place.node()) {
            Some(Node::File(file)) if file.mode() & 0o111 != 0 => return Found::File,
            Some(Node::File(_) | Node::Directory { .. } | Node::Link(_)) => return Found::Denied,
            None => (),
        }
        let is_entry_point = shell.image.entry_point.first().is_some_and(|entry| *entry == command);
        let is_known = is_entry_point || servers::is_program(name, command);
        if is_known && servers::has_program(&shell.image, name) {
            return Found::Program(name.to_owned());
        }
        if !DIRECTORIES.contains(&crate::files::parent(command)) {
            return if shell.image.is_complete { Found::Missing } else { Found::Unknown };
        }
    }
    if servers::has_program(&shell.image, name) && servers::is_program(name, command) {
        return Found::Program(name.to_owned());
    }
    if !shell.image.has_shell {
        return if shell.image.is_complete { Found::Missing } else { Found::Unknown };
    }
    // Busybox has no bash.
    let is_there = is_tool(name) && !(name == "bash" && shell.image.is_complete && shell.image.dialect == Dialect::Ash);
    if is_there {
        return Found::Program(name.to_owned());
    }
    let may_be_there = !shell.image.is_complete || UNKNOWN_TOOLS.contains(&format!(" {name} "));
    if may_be_there { Found::Unknown } else { Found::Missing }
}

/// True for a program that catches signals or asks for its PID.
pub(crate) fn needs_process(shell: &Shell, command: &str) -> bool {
    match find(shell, command) {
        Found::File => true,
        Found::Program(name) => {
            matches!(
                name.as_str(),
                "sh" | "ash" | "dash" | "bash" | "busybox" | "env" | "nice" | "nohup" | "setsid" | "timeout"
            ) || servers::has_program(&shell.image, &name)
        }
        Found::Missing | Found::Denied | Found::Unknown => false,
    }
}

/// Runs a program in this process, and returns its exit code.
pub(crate) async fn run(shell: &mut Shell, argv: &[String]) -> i32 {
    let Some(command) = argv.first() else { return 0 };
    shell.os.step(shell.pid).await;
    match find(shell, command) {
        Found::Program(name) => run_program(shell, &name, argv).await,
        Found::File => run_file(shell, argv).await,
        Found::Missing => {
            shell.complain(&format!("{command}: not found")).await;
            127
        }
        Found::Denied => {
            shell.complain(&format!("{command}: Permission denied")).await;
            126
        }
        Found::Unknown => {
            shell.os.give_up(shell.pid, &format!("the program `{command}`")).await;
            126
        }
    }
}

/// Runs a script in a file.
async fn run_file(shell: &mut Shell, argv: &[String]) -> i32 {
    let Some(path) = argv.first() else { return 0 };
    let content = match shell.os.read_file(shell.pid, path).await {
        Ok(content) => String::from_utf8_lossy(&content).into_owned(),
        Err(Errno(error)) => {
            shell.complain(&format!("{path}: {error}")).await;
            return 126;
        }
    };
    let first = content.lines().next().unwrap_or_default();
    let interpreter = first.strip_prefix("#!").map(str::trim).unwrap_or("/bin/sh");
    let mut words: Vec<String> = interpreter.split_whitespace().map(str::to_owned).collect();
    words.extend(argv.iter().cloned());
    // A script that names itself as interpreter ends here, as in Linux after a few levels.
    if words.first() == Some(path) {
        return 126;
    }
    shell.run_child(words).await
}

async fn run_program(shell: &mut Shell, name: &str, argv: &[String]) -> i32 {
    let arguments = argv.get(1..).unwrap_or_default();
    match name {
        "sh" | "ash" | "dash" | "bash" => {
            if name == "bash" {
                shell.image.dialect = Dialect::Bash;
            }
            let mut inner = shell.clone();
            inner.run_shell(argv).await
        }
        "busybox" => match arguments.first() {
            Some(_) => Box::pin(run(shell, arguments)).await,
            None => shell.print("BusyBox (fake) multi-call binary.\n").await,
        },
        "true" | "sync" | "clear" => 0,
        "false" => 1,
        "echo" => {
            let text = echo(arguments, shell.image.dialect);
            shell.print(&text).await
        }
        "printf" => printf(shell, arguments).await,
        "test" | "[" | "[[" => {
            let words = match (name, arguments.split_last()) {
                ("[" | "[[", Some((_, words))) => words,
                _ => arguments,
            };
            match crate::shell::condition::test(shell, words) {
                Ok(status) => status,
                Err(message) => {
                    shell.complain_as(name, &message).await;
                    2
                }
            }
        }
        "pwd" => {
            let directory = shell.os.with_process(shell.pid, |process| process.directory.clone());
            shell.print(&(directory.unwrap_or_default() + "\n")).await
        }
        "kill" => kill(shell, arguments).await,
        "curl" | "wget" => network::run(shell, name, arguments).await,
        "cat" | "cp" | "mv" | "rm" | "ln" | "link" | "unlink" | "ls" | "mkdir" | "rmdir" | "touch" | "chmod"
        | "chown" | "chgrp" | "stat" | "dd" | "du" | "find" | "mktemp" | "readlink" | "realpath" | "truncate"
        | "mountpoint" | "tee" => files::run(shell, name, arguments).await,
        "awk" | "base64" | "basename" | "cmp" | "cut" | "dirname" | "egrep" | "expr" | "fgrep" | "grep" | "head"
        | "nl" | "rev" | "sed" | "seq" | "sort" | "sum" | "tac" | "tail" | "tr" | "uniq" | "wc" | "yes" => {
            text::run(shell, name, arguments).await
        }
        _ if servers::has_program(&shell.image, name) => servers::run(shell, name, argv).await,
        _ => system::run(shell, name, arguments).await,
    }
}

/// Returns what `echo` prints.
pub(crate) fn echo(arguments: &[String], dialect: Dialect) -> String {
    let (mut newline, mut escapes) = (true, dialect == Dialect::Dash);
    let mut words = arguments;
    while let [option, rest @ ..] = words {
        let letters = option.strip_prefix('-').unwrap_or_default();
        let is_option = match dialect {
            Dialect::Dash => letters == "n",
            Dialect::Ash | Dialect::Bash => !letters.is_empty() && letters.chars().all(|c| "neE".contains(c)),
        };
        if !is_option {
            break;
        }
        for letter in letters.chars() {
            match letter {
                'n' => newline = false,
                'e' => escapes = true,
                _ => escapes = false,
            }
        }
        words = rest;
    }
    let text = words.join(" ");
    let (mut text, is_cut) =
        if escapes { crate::text::unescape(&text, crate::text::Escapes::Echo) } else { (text, false) };
    if newline && !is_cut {
        text.push('\n');
    }
    text
}

/// Prints words in a format.
pub(crate) async fn printf(shell: &mut Shell, arguments: &[String]) -> i32 {
    let Some((format, words)) = arguments.split_first() else {
        shell.complain("printf: usage: printf format [arg ...]").await;
        return 2;
    };
    let (mut out, mut problem) = (String::new(), None);
    let mut words = words.iter();
    loop {
        let left = words.len();
        let is_cut = text::format_once(format, &mut words, &mut out, &mut problem);
        // The format is used again until no word is left.
        if is_cut || words.len() == 0 || words.len() == left || out.len() > 1 << 20 {
            break;
        }
    }
    let status = shell.print(&out).await;
    match problem {
        Some(problem) => {
            shell.complain(&format!("printf: {problem}")).await;
            1
        }
        None => status,
    }
}

/// Sends signals.
pub(crate) async fn kill(shell: &mut Shell, arguments: &[String]) -> i32 {
    let (mut signal, mut pids) = (Some(Signal::Term), Vec::new());
    let mut words = arguments.iter();
    let mut only_asks = false;
    while let Some(word) = words.next() {
        let name = match word.as_str() {
            "-l" => {
                let names = Signal::ALL.map(|(signal, name)| format!("{}) SIG{name}\n", signal.number()));
                return shell.print(&names.concat()).await;
            }
            "--" => continue,
            "-s" | "-n" => words.next().map(String::as_str),
            word if word.starts_with('-') && pids.is_empty() => word.strip_prefix('-'),
            word => {
                pids.push(word.to_owned());
                continue;
            }
        };
        only_asks = name == Some("0");
        signal = name.and_then(Signal::parse);
        if signal.is_none() && !only_asks {
            shell.complain(&format!("kill: invalid signal {word:?}")).await;
            return 1;
        }
    }
    if pids.is_empty() {
        shell.complain("kill: you need to specify whom to kill").await;
        return if shell.image.dialect == Dialect::Ash { 1 } else { 2 };
    }
    let mut status = 0;
    for pid in pids {
        let target = match pid.strip_prefix('%') {
            Some(job) => shell.job(job),
            None => pid.parse::<i64>().ok(),
        };
        let found = match target {
            Some(target) if target <= 0 => {
                let others: Vec<u32> = shell.os.kernel().processes.keys().copied().filter(|other| *other > 1).collect();
                if let Some(signal) = signal {
                    for other in others.into_iter().filter(|other| target == 0 || *other != shell.pid) {
                        shell.os.kernel().signal(other, signal, false);
                    }
                }
                true
            }
            Some(target) => match (u32::try_from(target), signal) {
                (Ok(target), Some(signal)) => shell.os.kernel().signal(target, signal, false),
                (Ok(target), None) => {
                    shell.os.with_process(target, |process| process.exit.is_none()) == Some(true) || !only_asks
                }
                (Err(_), _) => false,
            },
            None => {
                shell.complain(&format!("kill: invalid number {pid:?}")).await;
                status = 1;
                continue;
            }
        };
        if !found {
            shell.complain(&format!("kill: can't kill pid {pid}: No such process")).await;
            status = 1;
        }
    }
    // A process that has killed itself does not go on.
    shell.os.step(shell.pid).await;
    status
}

/// Reads standard input or files, one after the other; false if one could not be read.
pub(crate) async fn inputs(shell: &mut Shell, tool: &str, paths: &[String]) -> (Vec<u8>, bool) {
    let standard = ["-".to_owned()];
    let paths = if paths.is_empty() { &standard[..] } else { paths };
    let (mut all, mut is_whole) = (Vec::new(), true);
    for path in paths {
        match shell.content(tool, path).await {
            Some(mut content) => all.append(&mut content),
            None => is_whole = false,
        }
    }
    (all, is_whole)
}

/// Writes a file.
pub(crate) async fn write_file(shell: &mut Shell, path: &str, content: &[u8], mode: Open) -> Result<(), Errno> {
    let descriptor = shell.os.open(shell.pid, path, mode)?;
    // A descriptor that no script uses.
    let fd = u32::MAX.saturating_sub(2);
    shell.os.set_descriptor(shell.pid, fd, Some(descriptor));
    let result = shell.os.write(shell.pid, fd, content).await;
    shell.os.set_descriptor(shell.pid, fd, None);
    result
}
