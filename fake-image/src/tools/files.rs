//! Tools for files and directories.

use crate::{
    files::{File, Node, base, normal, parent},
    os::{Descriptor, EXISTS, Errno, IS_DIRECTORY, NO_SPACE, NOT_EMPTY, NOT_FOUND, Open, READ_ONLY},
    shell::Shell,
    text::{matches, pattern},
};

/// Splits arguments into the letters of options and the rest.
pub(super) fn options(arguments: &[String]) -> (String, Vec<String>) {
    let (mut letters, mut rest, mut is_over) = (String::new(), Vec::new(), false);
    for argument in arguments {
        match argument.strip_prefix('-') {
            Some("-") if !is_over => is_over = true,
            Some(option) if !is_over && !option.is_empty() => match option.strip_prefix('-') {
                Some(_) => (),
                None => letters.push_str(option),
            },
            Some(_) | None => rest.push(argument.clone()),
        }
    }
    (letters, rest)
}

/// Returns the names in a directory of a process.
pub(crate) fn names_in(shell: &Shell, directory: &str) -> Vec<String> {
    let Ok(place) = shell.os.resolve(shell.pid, directory, true) else { return Vec::new() };
    match place.node() {
        Some(Node::Directory { .. }) => place.volume.names_in(&place.inner),
        Some(Node::File(_) | Node::Link(_)) | None => Vec::new(),
    }
}

fn node(shell: &Shell, path: &str, follows: bool) -> Result<Option<Node>, Errno> {
    Ok(shell.os.resolve(shell.pid, path, follows)?.node())
}

/// True for a directory, also at the end of a link.
fn is_directory(shell: &Shell, path: &str) -> bool {
    matches!(node(shell, path, true), Ok(Some(Node::Directory { .. })))
}

fn join(directory: &str, name: &str) -> String {
    format!("{}/{name}", directory.trim_end_matches('/'))
}

pub(super) async fn run(shell: &mut Shell, name: &str, arguments: &[String]) -> i32 {
    let (letters, words) = options(arguments);
    let has = |letter: char| letters.contains(letter);
    match name {
        "cat" => return cat(shell, &words).await,
        "tee" => return tee(shell, has('a'), &words).await,
        "dd" => return dd(shell, arguments).await,
        "find" => return find(shell, arguments).await,
        "truncate" => return truncate(shell, arguments).await,
        "ls" => return ls(shell, &letters, &words).await,
        "stat" => return stat(shell, arguments).await,
        _ => (),
    }
    let is_empty_fine = has('f') || name == "mktemp";
    if words.is_empty() && !is_empty_fine && name != "du" {
        shell.complain_as(name, "missing operand").await;
        return 1;
    }
    match name {
        "mktemp" => mktemp(shell, has('d'), words.first()).await,
        "cp" | "mv" | "ln" | "link" => copy(shell, name, &letters, &words).await,
        "chmod" | "chown" | "chgrp" => change(shell, name, has('R'), &words).await,
        _ => {
            let mut status = 0;
            for word in &words {
                let result = match name {
                    "rm" => remove(shell, word, has('r') || has('R'), has('f')),
                    "unlink" => remove(shell, word, false, false),
                    "rmdir" => remove_directory(shell, word),
                    "mkdir" => make_directory(shell, word, has('p')),
                    "touch" => touch(shell, word, has('c')),
                    "readlink" | "realpath" => match link(shell, word, name == "realpath" || has('f')) {
                        Ok(target) => {
                            shell.print(&(target + "\n")).await;
                            Ok(())
                        }
                        // `readlink` says nothing.
                        Err(_) if name == "readlink" => {
                            status = 1;
                            Ok(())
                        }
                        Err(error) => Err(error),
                    },
                    "mountpoint" => {
                        let is_mount = shell.os.resolve(shell.pid, word, true).is_ok_and(|place| place.is_mount_point);
                        status = i32::from(!is_mount);
                        if !has('q') {
                            let says = if is_mount { "is a mountpoint" } else { "is not a mountpoint" };
                            shell.print(&format!("{word} {says}\n")).await;
                        }
                        Ok(())
                    }
                    _ => du(shell, word, has('h')).await,
                };
                if let Err(Errno(error)) = result {
                    let what = match name {
                        "rm" => format!("can't remove '{word}': {error}"),
                        "mkdir" => format!("can't create directory '{word}': {error}"),
                        _ => format!("{word}: {error}"),
                    };
                    shell.complain_as(name, &what).await;
                    status = 1;
                }
            }
            status
        }
    }
}

async fn cat(shell: &mut Shell, words: &[String]) -> i32 {
    let standard = ["-".to_owned()];
    let words = if words.is_empty() { &standard[..] } else { words };
    let mut status = 0;
    for word in words {
        // A descriptor that no script uses.
        let mut fd = 0;
        if word != "-" {
            fd = u32::MAX.saturating_sub(3);
            match shell.os.open(shell.pid, word, Open::READ) {
                Ok(descriptor) => shell.os.set_descriptor(shell.pid, fd, Some(descriptor)),
                Err(Errno(error)) => {
                    shell.complain_as("cat", &format!("can't open '{word}': {error}")).await;
                    status = 1;
                    continue;
                }
            }
        }
        loop {
            shell.os.step(shell.pid).await;
            match shell.os.read(shell.pid, fd, 1 << 16).await {
                Ok(block) if block.is_empty() => break,
                Ok(block) => {
                    if shell.print_bytes(&block).await != 0 {
                        return 1;
                    }
                }
                Err(Errno(error)) => {
                    shell.complain_as("cat", &format!("read error: {error}")).await;
                    status = 1;
                    break;
                }
            }
        }
        if fd != 0 {
            shell.os.set_descriptor(shell.pid, fd, None);
        }
    }
    status
}

async fn tee(shell: &mut Shell, appends: bool, words: &[String]) -> i32 {
    let mode = if appends { Open::APPEND } else { Open::WRITE };
    let (mut fds, mut status) = (Vec::new(), 0);
    for (word, nth) in words.iter().take(100).zip(10_000_u32..) {
        match shell.os.open(shell.pid, word, mode) {
            Ok(descriptor) => {
                shell.os.set_descriptor(shell.pid, nth, Some(descriptor));
                fds.push(nth);
            }
            Err(Errno(error)) => {
                shell.complain_as("tee", &format!("{word}: {error}")).await;
                status = 1;
            }
        }
    }
    loop {
        shell.os.step(shell.pid).await;
        let block = shell.os.read(shell.pid, 0, 1 << 16).await.unwrap_or_default();
        if block.is_empty() {
            break;
        }
        shell.print_bytes(&block).await;
        for fd in &fds {
            if shell.os.write(shell.pid, *fd, &block).await.is_err() {
                status = 1;
            }
        }
    }
    for fd in fds {
        shell.os.set_descriptor(shell.pid, fd, None);
    }
    status
}

fn remove(shell: &Shell, path: &str, recursive: bool, force: bool) -> Result<(), Errno> {
    let place = match shell.os.resolve(shell.pid, path, false) {
        Ok(place) => place,
        Err(_) if force => return Ok(()),
        Err(error) => return Err(error),
    };
    let Some(node) = place.node() else { return if force { Ok(()) } else { Err(NOT_FOUND) } };
    if place.read_only {
        return Err(READ_ONLY);
    }
    let is_directory = matches!(node, Node::Directory { .. });
    if is_directory && !recursive {
        return Err(IS_DIRECTORY);
    }
    if place.is_mount_point || place.path == "/" {
        // What is in a mount goes, the mount itself stays.
        for name in place.volume.names_in(&place.inner) {
            place.volume.remove(&join(&place.inner, &name));
        }
        return Err(Errno("Resource busy"));
    }
    place.volume.remove(&place.inner);
    Ok(())
}

fn remove_directory(shell: &Shell, path: &str) -> Result<(), Errno> {
    let place = shell.os.resolve(shell.pid, path, false)?;
    match place.node() {
        Some(Node::Directory { .. }) if place.is_mount_point => Err(Errno("Resource busy")),
        Some(Node::Directory { .. }) if !place.volume.names_in(&place.inner).is_empty() => Err(NOT_EMPTY),
        Some(Node::Directory { .. }) if place.read_only => Err(READ_ONLY),
        Some(Node::Directory { .. }) => {
            place.volume.unlink(&place.inner);
            Ok(())
        }
        Some(Node::File(_) | Node::Link(_)) => Err(crate::os::NOT_DIRECTORY),
        None => Err(NOT_FOUND),
    }
}

fn make_directory(shell: &Shell, path: &str, parents: bool) -> Result<(), Errno> {
    let place = shell.os.resolve(shell.pid, path, true)?;
    match place.node() {
        Some(Node::Directory { .. }) if parents => return Ok(()),
        Some(_) => return Err(EXISTS),
        None => (),
    }
    if parents && place.path != "/" {
        let mut above = Vec::new();
        let mut at = parent(&place.path);
        while at != "/" {
            above.push(at.to_owned());
            at = parent(at);
        }
        for directory in above.into_iter().rev().take(256) {
            let place = shell.os.resolve(shell.pid, &directory, true)?;
            if place.node().is_none() {
                place.insert(Node::Directory { mode: 0o755 })?;
            }
        }
    }
    place.insert(Node::Directory { mode: 0o755 })
}

fn touch(shell: &Shell, path: &str, only_existing: bool) -> Result<(), Errno> {
    let place = shell.os.resolve(shell.pid, path, true)?;
    match place.node() {
        Some(Node::File(file)) => file.touch(shell.os.now()),
        Some(Node::Directory { .. } | Node::Link(_)) => (),
        None if only_existing => (),
        None if path.ends_with('/') => return Err(NOT_FOUND),
        None => place.insert(Node::File(File::new(shell.os.now())))?,
    }
    Ok(())
}

fn link(shell: &Shell, path: &str, is_canonical: bool) -> Result<String, Errno> {
    if is_canonical {
        return Ok(shell.os.resolve(shell.pid, path, true)?.path);
    }
    match node(shell, path, false)? {
        Some(Node::Link(target)) => Ok(target),
        Some(Node::File(_) | Node::Directory { .. }) => Err(Errno("Invalid argument")),
        None => Err(NOT_FOUND),
    }
}

async fn du(shell: &mut Shell, path: &str, human: bool) -> Result<(), Errno> {
    let place = shell.os.resolve(shell.pid, path, true)?;
    if place.node().is_none() {
        return Err(NOT_FOUND);
    }
    let sizes = place.volume.tree(&place.inner).into_iter().map(|(_, node)| match node {
        Node::File(file) => file.size(),
        Node::Directory { .. } | Node::Link(_) => 0,
    });
    let kilobytes = sizes.map(|size| size.div_ceil(4096).saturating_mul(4)).fold(0, u64::saturating_add);
    let text = if human { format!("{:.1}K\t{path}\n", kilobytes as f64) } else { format!("{kilobytes}\t{path}\n") };
    shell.print(&text).await;
    Ok(())
}

async fn mktemp(shell: &mut Shell, directory: bool, template: Option<&String>) -> i32 {
    let template = template.map_or("/tmp/tmp.XXXXXX", |template| template);
    let random = shell.os.random();
    let letters = (0..6_u32).map(|at| {
        let digit = u32::try_from((random >> at.saturating_mul(5)) & 31).unwrap_or(0);
        char::from_digit(digit, 32).unwrap_or('x')
    });
    let path = match template.strip_suffix("XXXXXX") {
        Some(stem) => format!("{stem}{}", letters.collect::<String>()),
        None => template.to_owned(),
    };
    let made = if directory { make_directory(shell, &path, false) } else { touch(shell, &path, false) };
    match made {
        Ok(()) => shell.print(&(path + "\n")).await,
        Err(Errno(error)) => {
            shell.complain_as("mktemp", &format!("{path}: {error}")).await;
            1
        }
    }
}

async fn copy(shell: &mut Shell, tool: &str, letters: &str, words: &[String]) -> i32 {
    let Some((target, sources)) = words.split_last().filter(|(_, sources)| !sources.is_empty()) else {
        shell.complain_as(tool, "missing operand").await;
        return 1;
    };
    let into_directory = is_directory(shell, target);
    if sources.len() > 1 && !into_directory {
        shell.complain_as(tool, &format!("target '{target}' is not a directory")).await;
        return 1;
    }
    let mut status = 0;
    for source in sources {
        let to = if into_directory { join(target, base(source)) } else { target.clone() };
        let result = match tool {
            "cp" => copy_one(shell, source, &to, letters.contains(['r', 'R', 'a'])),
            "mv" => copy_one(shell, source, &to, true).and_then(|()| remove(shell, source, true, false)),
            _ if letters.contains('s') => {
                if letters.contains('f') {
                    // Nothing was there: nothing has to go.
                    let _ = remove(shell, &to, false, true);
                }
                match node(shell, &to, false) {
                    Ok(None) => shell
                        .os
                        .resolve(shell.pid, &to, false)
                        .and_then(|place| place.insert(Node::Link(source.clone()))),
                    Ok(Some(_)) => Err(EXISTS),
                    Err(error) => Err(error),
                }
            }
            _ => match node(shell, source, true) {
                Ok(Some(Node::File(file))) => {
                    shell.os.resolve(shell.pid, &to, false).and_then(|place| place.insert(Node::File(file)))
                }
                Ok(Some(Node::Directory { .. } | Node::Link(_))) => Err(Errno("Operation not permitted")),
                Ok(None) => Err(NOT_FOUND),
                Err(error) => Err(error),
            },
        };
        if let Err(Errno(error)) = result {
            let what = match tool {
                "cp" => format!("can't stat '{source}': {error}"),
                "mv" => format!("can't rename '{source}': {error}"),
                _ => format!("{to}: {error}"),
            };
            shell.complain_as(tool, &what).await;
            status = 1;
        }
    }
    status
}

fn copy_one(shell: &Shell, source: &str, target: &str, recursive: bool) -> Result<(), Errno> {
    let (from, to) = (shell.os.resolve(shell.pid, source, true)?, shell.os.resolve(shell.pid, target, true)?);
    let now = shell.os.now();
    let Some(first) = from.node() else {
        // A device, or a file of `/proc`.
        return match shell.os.open(shell.pid, source, Open::READ)? {
            Descriptor::Text { text, .. } => {
                let file = File::new(now);
                to.insert(Node::File(file.clone()))?;
                if file.write_at(0, text.as_bytes(), now) { Ok(()) } else { Err(NO_SPACE) }
            }
            Descriptor::Null
            | Descriptor::Zero
            | Descriptor::Random
            | Descriptor::Console { .. }
            | Descriptor::File { .. }
            | Descriptor::Reader(_)
            | Descriptor::Writer(_)
            | Descriptor::Silent
            | Descriptor::Directory => Err(NOT_FOUND),
        };
    };
    if matches!(first, Node::Directory { .. }) && !recursive {
        return Err(Errno("omitting directory"));
    }
    let is_inside =
        to.path.strip_prefix(from.path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if is_inside {
        return Err(Errno("same file"));
    }
    for (below, node) in from.volume.tree(&from.inner) {
        let to = shell.os.resolve(shell.pid, &normal(&format!("{target}{below}"), &directory_of(shell)), false)?;
        match node {
            Node::File(file) => {
                let content = file.content();
                let copy = match to.node() {
                    Some(Node::File(old)) => old,
                    Some(Node::Directory { .. } | Node::Link(_)) | None => File::new(now),
                };
                if to.read_only {
                    return Err(READ_ONLY);
                }
                copy.truncate(now);
                copy.set_mode(file.mode());
                to.insert(Node::File(copy.clone()))?;
                if !to.volume.has_room(content.len()) || !copy.write_at(0, &content, now) {
                    return Err(NO_SPACE);
                }
            }
            Node::Directory { .. } | Node::Link(_) => to.insert(node)?,
        }
    }
    Ok(())
}

fn directory_of(shell: &Shell) -> String {
    shell.os.with_process(shell.pid, |process| process.directory.clone()).unwrap_or_default()
}

/// Returns the mode after a change such as `755`, `+x` or `u+rw`.
fn changed_mode(mode: u32, change: &str) -> Option<u32> {
    if let Ok(mode) = u32::from_str_radix(change, 8) {
        return Some(mode & 0o7777);
    }
    let mut mode = mode;
    for clause in change.split(',') {
        let at = clause.find(['+', '-', '='])?;
        let (who, rest) = clause.split_at_checked(at)?;
        let operator = rest.chars().next()?;
        let bits = rest.chars().skip(1).fold(0, |bits, letter| {
            bits | match letter {
                'r' => 0o444,
                'w' => 0o222,
                'x' | 'X' => 0o111,
                _ => 0,
            }
        });
        let mask = if who.is_empty() || who.contains('a') {
            0o777
        } else {
            who.chars().fold(0, |mask, letter| {
                mask | match letter {
                    'u' => 0o700,
                    'g' => 0o070,
                    'o' => 0o007,
                    _ => 0,
                }
            })
        };
        mode = match operator {
            '+' => mode | (bits & mask),
            '-' => mode & !(bits & mask),
            _ => (mode & !mask) | (bits & mask),
        };
    }
    Some(mode)
}

async fn change(shell: &mut Shell, tool: &str, recursive: bool, words: &[String]) -> i32 {
    let Some((change, paths)) = words.split_first().filter(|(_, paths)| !paths.is_empty()) else {
        shell.complain_as(tool, "missing operand").await;
        return 1;
    };
    let mut status = 0;
    for path in paths {
        let place = match shell.os.resolve(shell.pid, path, true) {
            Ok(place) if place.node().is_some() => place,
            Ok(_) => {
                shell.complain_as(tool, &format!("{path}: No such file or directory")).await;
                status = 1;
                continue;
            }
            Err(Errno(error)) => {
                shell.complain_as(tool, &format!("{path}: {error}")).await;
                status = 1;
                continue;
            }
        };
        if place.read_only {
            shell.complain_as(tool, &format!("{path}: {}", READ_ONLY.0)).await;
            status = 1;
            continue;
        }
        // Every user is root here, or may what root may: owners are not kept.
        if tool != "chmod" {
            continue;
        }
        for (below, node) in place.volume.tree(&place.inner) {
            if !below.is_empty() && !recursive {
                break;
            }
            match node {
                Node::File(file) => match changed_mode(file.mode(), change) {
                    Some(mode) => file.set_mode(mode),
                    None => {
                        shell.complain_as("chmod", &format!("invalid mode '{change}'")).await;
                        return 1;
                    }
                },
                Node::Directory { mode } => {
                    if let Some(mode) = changed_mode(mode, change) {
                        place.volume.insert(&format!("{}{below}", place.inner), Node::Directory { mode });
                    }
                }
                Node::Link(_) => (),
            }
        }
    }
    status
}

fn mode_letters(kind: char, mode: u32) -> String {
    let bits = (0..9_u32).rev().zip("rwxrwxrwx".chars());
    std::iter::once(kind).chain(bits.map(|(bit, letter)| if mode >> bit & 1 == 1 { letter } else { '-' })).collect()
}

fn long_line(shell: &Shell, path: &str, name: &str) -> Option<String> {
    let found = node(shell, path, false).ok()??;
    let (letters, size, time, name) = match found {
        Node::File(file) => (mode_letters('-', file.mode()), file.size(), file.modified(), name.to_owned()),
        Node::Directory { mode } => (mode_letters('d', mode), 4096, shell.os.now(), name.to_owned()),
        Node::Link(target) => {
            (mode_letters('l', 0o777), target.len() as u64, shell.os.now(), format!("{name} -> {target}"))
        }
    };
    let time = crate::text::format_time("%b %e %H:%M", time)?;
    Some(format!("{letters}    1 root     root     {size:>9} {time} {name}\n"))
}

async fn ls(shell: &mut Shell, letters: &str, words: &[String]) -> i32 {
    let has = |letter: char| letters.contains(letter);
    let standard = [".".to_owned()];
    let words = if words.is_empty() { &standard[..] } else { words };
    let (mut status, mut out) = (0, String::new());
    let line = |shell: &Shell, path: &str, name: &str| {
        if has('l') { long_line(shell, path, name).unwrap_or_default() } else { format!("{name}\n") }
    };
    let (directories, files): (Vec<&String>, Vec<&String>) =
        words.iter().partition(|word| !has('d') && is_directory(shell, word));
    for word in &files {
        if matches!(node(shell, word, false), Ok(Some(_))) || shell.os.open(shell.pid, word, Open::READ).is_ok() {
            out.push_str(&line(shell, word, word));
        } else {
            shell.complain_as("ls", &format!("{word}: No such file or directory")).await;
            status = 1;
        }
    }
    for (directory, nth) in directories.iter().zip(0..) {
        if words.len() > 1 {
            out.push_str(&format!("{}{directory}:\n", if nth > 0 || !out.is_empty() { "\n" } else { "" }));
        }
        if has('l') {
            out.push_str("total 0\n");
        }
        let hidden = if has('a') { vec![".".to_owned(), "..".to_owned()] } else { Vec::new() };
        let names =
            names_in(shell, directory).into_iter().filter(|name| has('a') || has('A') || !name.starts_with('.'));
        for name in hidden.into_iter().chain(names) {
            out.push_str(&line(shell, &join(directory, &name), &name));
        }
    }
    shell.print(&out).await;
    status
}

async fn stat(shell: &mut Shell, arguments: &[String]) -> i32 {
    let mut words = arguments.iter();
    let (mut format, mut paths) = (None, Vec::new());
    while let Some(word) = words.next() {
        match word.as_str() {
            "-c" => format = words.next(),
            "-L" => (),
            path => paths.push(path),
        }
    }
    let Some(format) = format else {
        shell.os.give_up(shell.pid, "`stat` without a format").await;
        return 1;
    };
    for path in paths {
        let (size, mode, kind, time) = match node(shell, path, true) {
            Ok(Some(Node::File(file))) => (file.size(), file.mode(), "regular file", file.modified()),
            Ok(Some(Node::Directory { mode })) => (4096, mode, "directory", shell.os.now()),
            Ok(Some(Node::Link(_)) | None) | Err(_) => {
                shell.complain_as("stat", &format!("can't stat '{path}': No such file or directory")).await;
                return 1;
            }
        };
        let letter = if kind == "directory" { 'd' } else { '-' };
        let (uid, gid) = {
            let kernel = shell.os.kernel();
            (kernel.host.uid, kernel.host.gid)
        };
        let mut text = format.clone();
        for (key, value) in [
            ("%s", size.to_string()),
            ("%a", format!("{mode:o}")),
            ("%A", mode_letters(letter, mode)),
            ("%n", path.to_owned()),
            ("%F", kind.to_owned()),
            ("%Y", time.as_secs().to_string()),
            ("%u", uid.to_string()),
            ("%g", gid.to_string()),
            ("%U", "root".to_owned()),
            ("%G", "root".to_owned()),
        ] {
            text = text.replace(key, &value);
        }
        shell.print(&(text + "\n")).await;
    }
    0
}

/// Parses a number of bytes with a unit: `1M`, `4k`.
fn byte_count(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    let factor = match unit {
        "" | "c" => 1,
        "w" => 2,
        "b" => 512,
        "k" | "K" => 1 << 10,
        "kB" | "kD" => 1000,
        "M" => 1 << 20,
        "MB" => 1_000_000,
        "G" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

async fn truncate(shell: &mut Shell, arguments: &[String]) -> i32 {
    let mut words = arguments.iter();
    let (mut size, mut paths) = (None, Vec::new());
    while let Some(word) = words.next() {
        match word.as_str() {
            "-s" => size = words.next().and_then(|size| byte_count(size)),
            path => paths.push(path),
        }
    }
    let Some(size) = size else {
        shell.complain_as("truncate", "you must specify a size").await;
        return 1;
    };
    for path in paths {
        let mode = Open { truncates: false, ..Open::WRITE };
        let Ok(Descriptor::File { file, .. }) = shell.os.open(shell.pid, path, mode) else { return 1 };
        let mut content = file.content();
        content.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        let now = shell.os.now();
        file.truncate(now);
        let is_written = file.write_at(0, &content, now);
        let last = size.checked_sub(1).filter(|last| *last >= content.len() as u64);
        if !is_written || last.is_some_and(|last| !file.write_at(last, &[0], now)) {
            return 1;
        }
    }
    0
}

async fn dd(shell: &mut Shell, arguments: &[String]) -> i32 {
    let (mut input, mut output, mut size, mut count) = (None, None, 512_u64, None);
    let mut is_quiet = false;
    for argument in arguments {
        match argument.split_once('=') {
            Some(("if", path)) => input = Some(path),
            Some(("of", path)) => output = Some(path),
            Some(("bs" | "ibs" | "obs", text)) => match byte_count(text) {
                Some(bytes) if bytes > 0 => size = bytes,
                Some(_) | None => {
                    shell.complain_as("dd", &format!("invalid number '{text}'")).await;
                    return 1;
                }
            },
            Some(("count", text)) => count = byte_count(text),
            Some(("status", _)) => is_quiet = true,
            Some(("conv", "notrunc" | "fsync") | ("oflag" | "iflag", _)) => (),
            Some(_) | None => {
                shell.os.give_up(shell.pid, &format!("`dd {argument}`")).await;
            }
        }
    }
    let (from, to) = (u32::MAX.saturating_sub(4), u32::MAX.saturating_sub(5));
    for (path, fd, mode) in [(input, from, Open::READ), (output, to, Open::WRITE)] {
        let descriptor = match path {
            Some(path) => shell.os.open(shell.pid, path, mode),
            None => shell.os.descriptor(shell.pid, u32::from(mode.writes)).ok_or(crate::os::BAD_DESCRIPTOR),
        };
        match descriptor {
            Ok(descriptor) => shell.os.set_descriptor(shell.pid, fd, Some(descriptor)),
            Err(Errno(error)) => {
                shell.complain_as("dd", &format!("can't open '{}': {error}", path.unwrap_or_default())).await;
                return 1;
            }
        }
    }
    let (mut left, mut total, mut status) = (count.map(|count| size.saturating_mul(count)), 0_u64, 0);
    while left != Some(0) {
        shell.os.step(shell.pid).await;
        let length = left.map_or(1 << 16, |left| left.min(1 << 16));
        let block = shell.os.read(shell.pid, from, usize::try_from(length).unwrap_or(1)).await.unwrap_or_default();
        if block.is_empty() {
            break;
        }
        if let Err(Errno(error)) = shell.os.write(shell.pid, to, &block).await {
            shell.complain_as("dd", &format!("error writing: {error}")).await;
            status = 1;
            break;
        }
        total = total.saturating_add(block.len() as u64);
        left = left.map(|left| left.saturating_sub(block.len() as u64));
    }
    shell.os.set_descriptor(shell.pid, from, None);
    shell.os.set_descriptor(shell.pid, to, None);
    if !is_quiet {
        let whole = total.checked_div(size).unwrap_or(0);
        let part = u8::from(whole.saturating_mul(size) < total);
        let report =
            format!("{whole}+{part} records in\n{whole}+{part} records out\n{total} bytes copied, 0.0 seconds\n");
        // Errors of the error stream have nowhere to go.
        let _ = shell.os.write(shell.pid, 2, report.as_bytes()).await;
    }
    status
}

async fn find(shell: &mut Shell, arguments: &[String]) -> i32 {
    let roots: Vec<String> = arguments.iter().take_while(|word| !word.starts_with(['-', '(', '!'])).cloned().collect();
    let tests = arguments.get(roots.len()..).unwrap_or_default();
    let roots = if roots.is_empty() { vec![".".to_owned()] } else { roots };
    let (mut kind, mut name, mut deepest, mut deletes) = (None, None, usize::MAX, false);
    let mut words = tests.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-type" => kind = words.next().and_then(|kind| kind.chars().next()),
            "-name" => name = words.next().map(|name| pattern(name)),
            "-maxdepth" => deepest = words.next().and_then(|depth| depth.parse().ok()).unwrap_or(usize::MAX),
            "-print" => (),
            "-delete" => deletes = true,
            other => {
                shell.os.give_up(shell.pid, &format!("`find {other}`")).await;
            }
        }
    }
    let mut status = 0;
    for root in roots {
        let mut waiting = vec![(root.clone(), 0_usize)];
        if !matches!(node(shell, &root, false), Ok(Some(_))) {
            shell.complain_as("find", &format!("{root}: No such file or directory")).await;
            status = 1;
            continue;
        }
        while let Some((path, depth)) = waiting.pop() {
            shell.os.step(shell.pid).await;
            let Ok(Some(found)) = node(shell, &path, false) else { continue };
            let letter = match found {
                Node::Directory { .. } => 'd',
                Node::File(_) => 'f',
                Node::Link(_) => 'l',
            };
            let chars: Vec<char> = base(&path).chars().collect();
            if kind.is_none_or(|kind| kind == letter) && name.as_ref().is_none_or(|name| matches(name, &chars)) {
                if deletes {
                    // A directory that is not empty stays.
                    let _ = remove(shell, &path, letter == 'd', false);
                } else {
                    shell.print(&format!("{path}\n")).await;
                }
            }
            if letter == 'd' && depth < deepest {
                let names = names_in(shell, &path).into_iter().rev();
                waiting.extend(names.map(|name| (join(&path, &name), depth.saturating_add(1))));
            }
        }
    }
    status
}
