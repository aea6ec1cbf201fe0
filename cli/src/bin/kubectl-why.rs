//! `kubectl why`: the plugin of `kubectl` that explains Pods of a cluster.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    podlife::why::kubectl::main()
}
