//! The programs of the examples, for the tests that run them.

use std::{collections::BTreeMap, path::PathBuf, process::Command, sync::Mutex};

use serde_json::Value;

/// The program of an example, built if `cargo test` has not done so: with `--test NAME` it leaves examples out.
pub(crate) fn example(name: &str) -> PathBuf {
    static PROGRAMS: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut programs = PROGRAMS.lock().unwrap();
    programs.entry(name.to_owned()).or_insert_with(|| build(name)).clone()
}

fn build(name: &str) -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--all-features", "--example", name, "--message-format=json"]);
    cargo.args(["--profile", if cfg!(debug_assertions) { "test" } else { "bench" }]);
    let built = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let messages = String::from_utf8(built.stdout).unwrap();
    let messages = messages.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let executable = messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).next_back();
    executable.unwrap()
}
