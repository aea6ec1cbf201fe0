//! No script makes the interpreter panic, and each call of it comes back.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test may stop, and its numbers are small"
)]

use std::{collections::BTreeMap, time::Duration};

use fake_image::{Container, Dialect, Host, Program, Signal, Volume};
use proptest::prelude::*;

const START: Duration = Duration::from_secs(1_800_000_000);

fn start(script: &str, dialect: Dialect) -> Container {
    let command = ["sh".to_owned(), "-c".to_owned(), script.to_owned()];
    let program = Program::new("busybox", &command, &[], BTreeMap::new()).with_dialect(dialect);
    Container::start(&program, Host::default(), Volume::new(), Vec::new(), START).unwrap()
}

/// Lets a script run for a minute, stops it, and kills it.
fn live(script: &str, dialect: Dialect) {
    let mut container = start(script, dialect);
    for second in 1..4 {
        container.run_until(START + Duration::from_secs(second * 20));
    }
    container.signal(Signal::Term, START + Duration::from_secs(60));
    let exec = container.exec(&["sh".into(), "-c".into(), "ls /; kill 1".into()], b"", START + Duration::from_secs(61));
    if let Ok(exec) = exec {
        let _ = container.exec_state(exec);
        container.end_exec(exec);
    }
    container.signal(Signal::Kill, START + Duration::from_secs(90));
    assert!(container.exit_code().is_some(), "{script}");
    let bytes: usize = container.take_output().iter().map(|output| output.bytes.len()).sum();
    assert!(bytes <= 1 << 20, "{script}");
}

const PIECES: [&str; 76] = [
    "echo a",
    "sleep 1",
    ";",
    "&",
    "&&",
    "||",
    "|",
    "\n",
    "if",
    "then",
    "fi",
    "else",
    "while",
    "do",
    "done",
    "true",
    "false",
    "{",
    "}",
    "(",
    ")",
    "$(",
    "$((",
    "))",
    "${",
    "x=1",
    "$x",
    "\"",
    "'",
    "`",
    "\\",
    ">f",
    "<f",
    "2>&1",
    "<<E\n",
    "E\n",
    "case",
    "in",
    "esac",
    ";;",
    "f()",
    "f",
    "trap 'echo t' TERM",
    "kill $$",
    "wait",
    "exit 3",
    "[ -f f ]",
    "[[ a == a* ]]",
    "test",
    "!",
    "for i in 1 2",
    "until",
    "*",
    "?",
    "[a-z]",
    "set -e",
    "exec",
    "eval",
    "cat",
    "read y",
    "printf %s%d",
    "-1",
    "9223372036854775807",
    "+",
    "*/",
    "%",
    ":-",
    "##",
    "/",
    "ü",
    "\u{0}",
    "awk '{print $1}'",
    "sed s/a/b/",
    "head -n 1",
    "yes",
    "local z",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_mixture_of_words_panics(
        pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..25),
        separator in prop::sample::select(&[" ", ""][..]),
        dialect in prop::sample::select(&[Dialect::Ash, Dialect::Dash, Dialect::Bash][..]),
    ) {
        live(&pieces.join(separator), dialect);
    }

    #[test]
    fn no_text_panics(script in "\\PC{0,80}") {
        live(&script, Dialect::Ash);
    }

    #[test]
    fn no_arguments_of_tools_panic(
        tool in prop::sample::select(&[
            "printf", "test", "[", "expr", "cut", "tr", "sed", "awk", "grep", "head", "tail", "seq", "sort", "date", "sleep", "dd",
            "find", "ls", "cp", "mv", "ln", "chmod", "timeout", "xargs", "kill", "env", "wc", "uniq", "stat", "base64", "basename",
            "dirname", "wget", "curl", "truncate", "mktemp", "trap", "set", "read", "getopts", "export", "unset", "shift", "wait",
        ][..]),
        arguments in prop::collection::vec("[-a-z0-9%$*./:=+!()\\[\\]\\\\{} ü]{0,8}", 0..5),
    ) {
        let quoted: Vec<String> = arguments.iter().map(|word| format!("'{word}'")).collect();
        live(&format!("echo 'a b\nc' | {tool} {}", quoted.join(" ").replace('$', "$$")), Dialect::Ash);
    }
}

#[test]
fn deep_nesting_is_refused_and_not_followed() {
    for (open, close) in [
        ("(", ")"),
        ("$(", ")"),
        ("{ ", "; }"),
        ("\"${x:-", "}\""),
        ("$((", "))"),
        ("if ", "; then :; fi"),
        ("`", "`"),
        ("! ", ""),
    ] {
        for depth in [10, 45, 1000, 20_000] {
            live(&format!("echo {}true{}", open.repeat(depth), close.repeat(depth)), Dialect::Ash);
            live(&format!("{}true{}", open.repeat(depth), close.repeat(depth)), Dialect::Bash);
        }
    }
    live(&format!("echo $$(({}1{}))", "(".repeat(5000), ")".repeat(5000)), Dialect::Ash);
    live(&format!("echo $$(({}1))", "-".repeat(5000)), Dialect::Ash);
    live(&format!("test {} x", "! ".repeat(5000)), Dialect::Ash);
    live(&format!("expr {} 1 {}", "\\( ".repeat(5000), "\\) ".repeat(5000)), Dialect::Ash);
}

#[test]
fn recursion_without_an_end_ends() {
    for script in [
        "f() { f; }; f",
        "f() { f $$(f); }; f",
        "f() { echo $$(f); }; f",
        "f() { (f); }; f",
        "f() { eval f; }; f",
        "f() { if true; then while true; do { f; }; done; fi; }; f",
        ":() { :|:& }; :",
        "echo '. ./s' > s; . ./s",
        "printf '#!/bin/sh\\n./s\\n' > s; chmod +x s; ./s",
        "printf '#!/s\\n' > /s; chmod +x /s; /s",
        "x=x; echo $$((x))",
        "x='y+1'; y='x+1'; echo $$((x))",
        "trap 'kill $$$$' TERM; kill $$$$",
        "sh -c 'sh -c \"sh -c true\"'",
        "f() { sh -c \"$$0 f\"; env f; xargs f; }; f",
    ] {
        eprintln!("{script}");
        live(script, Dialect::Ash);
    }
}

#[test]
fn what_never_pauses_is_bounded() {
    for script in [
        "while true; do :; done",
        "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done",
        "until false; do true; done",
        "yes",
        "yes | cat",
        "cat /dev/zero",
        "cat /dev/urandom > f",
        "x=x; while true; do x=$$x$$x; done",
        "while true; do set -- \"$$@\" \"$$@\" x; done",
        "while true; do echo xxxxxxxxxxxxxxxxxx >> f; cat f >> g; done",
        "i=0; while true; do i=$$((i+1)); touch f$$i; done",
        "while true; do sleep 100 & done",
        "x=$$(yes)",
        "x=$$(cat /dev/zero)",
        "dd if=/dev/zero of=f bs=1G count=1000",
        "seq 1 9223372036854775807",
        "printf '%1000000000d' 1",
        "tail -f f & while true; do echo x >> f; done",
        "while true; do kill -STOP $$$$; done",
    ] {
        eprintln!("{script}");
        live(script, Dialect::Ash);
    }
}
