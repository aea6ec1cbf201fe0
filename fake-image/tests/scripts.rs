//! Each script of `scripts.tsv` prints and exits as a real shell: checked here always, and there where a real shell is.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test may stop, and its numbers are small"
)]

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use fake_image::{Container, Host, Program, Stream, Volume};

/// Row of the table.
struct Row {
    line: usize,
    /// `ash` if only busybox gives that answer, `any` if dash does, too.
    shells: String,
    script: String,
    output: String,
    code: i32,
}

fn unescaped(text: &str) -> String {
    let (mut out, mut chars) = (String::new(), text.chars());
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            (c, false) => out.push(c),
        }
    }
    out
}

fn rows() -> Vec<Row> {
    let table = include_str!("scripts.tsv");
    let row = |(line, text): (usize, &str)| {
        let columns: Vec<&str> = text.split('\t').collect();
        let [shells, code, script, output] = columns[..] else { panic!("line {line}: {text:?}") };
        Row {
            line: line + 1,
            shells: shells.to_owned(),
            script: unescaped(script),
            output: unescaped(output),
            code: code.parse().unwrap(),
        }
    };
    table.lines().enumerate().filter(|(_, line)| !line.starts_with('#')).map(row).collect()
}

fn interpreted(script: &str) -> (String, Option<i32>) {
    // In a manifest two dollar signs stand for one.
    let command = ["sh".to_owned(), "-c".to_owned(), script.replace('$', "$$")];
    let program = Program::new("busybox", &command, &[], BTreeMap::new()).in_directory("/work");
    let start = Duration::from_secs(1_800_000_000);
    let mut container = Container::start(&program, Host::default(), Volume::new(), Vec::new(), start).unwrap();
    for _ in 0..1000 {
        let Some(at) = container.next_wake() else { break };
        container.run_until(at);
    }
    if let Some(reason) = container.take_unreadable() {
        return (format!("unreadable: {reason}"), None);
    }
    let output = container.take_output().into_iter().filter(|output| output.stream == Stream::Stdout);
    let output: Vec<u8> = output.flat_map(|output| output.bytes).collect();
    (String::from_utf8_lossy(&output).into_owned(), container.exit_code())
}

#[test]
fn each_script_prints_and_exits_as_in_the_table() {
    let rows = rows();
    assert!(rows.len() >= 300, "{}", rows.len());
    let mut wrong = Vec::new();
    for row in &rows {
        let (output, code) = interpreted(&row.script);
        if (output.as_str(), code) != (row.output.as_str(), Some(row.code)) {
            wrong.push(format!(
                "line {}: {}\n  wanted {} {:?}\n  got    {code:?} {output:?}",
                row.line, row.script, row.code, row.output
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

/// Runs a script in an empty directory with a real shell.
fn real(shell: &[&str], script: &str, directory: &PathBuf) -> (String, Option<i32>) {
    let _ = fs::remove_dir_all(directory);
    fs::create_dir_all(directory).unwrap();
    let (program, first) = shell.split_first().unwrap();
    let output = Command::new(program)
        .args(first)
        .args(["-c", script])
        .current_dir(directory)
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .env("HOME", "/root")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .unwrap();
    let code = std::os::unix::process::ExitStatusExt::signal(&output.status).map(|signal| signal + 128);
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code().or(code))
}

#[test]
fn a_real_shell_gives_the_answers_of_the_table() {
    let is_there = |program: &str, arguments: &[&str]| {
        let status = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    let busybox = std::env::var("BUSYBOX").unwrap_or_else(|_| "busybox".into());
    let (shell, is_ash): (Vec<&str>, bool) = if is_there(&busybox, &["true"]) {
        (vec![&busybox, "sh"], true)
    } else if is_there("dash", &["-c", ":"]) {
        eprintln!("SKIPPED IN PART: there is no busybox, so only the rows for any shell are compared, with dash");
        (vec!["dash"], false)
    } else {
        eprintln!("SKIPPED: there is neither busybox nor dash; no row of scripts.tsv was compared with a real shell");
        return;
    };
    let directory = std::env::temp_dir().join(format!("fake-image-{}", std::process::id()));
    let mut wrong = Vec::new();
    let rows: Vec<Row> = rows().into_iter().filter(|row| is_ash || row.shells == "any").collect();
    for row in &rows {
        let (output, code) = real(&shell, &row.script, &directory);
        if (output.as_str(), code) != (row.output.as_str(), Some(row.code)) {
            wrong.push(format!(
                "line {}: {}\n  in the table {} {:?}\n  {shell:?} {code:?} {output:?}",
                row.line, row.script, row.code, row.output
            ));
        }
    }
    let _ = fs::remove_dir_all(&directory);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}
