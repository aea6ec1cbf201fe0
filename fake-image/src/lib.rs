//! What a container does, from its image, command and environment: shell scripts and test servers in virtual time.
//!
//! The kubelet sees of a container when it exits and with which code, what it prints, whether probes and hooks succeed and
//! which termination message it leaves. All of that follows from the program that it runs. This crate runs the programs of
//! test and demo Pods: `sleep 5; exit 1`, a script with `trap`, `agnhost liveness`, `nginx`. It has no clock, no threads and
//! no I/O: a [`Container`] carries out what is due until a time, and says when it wants to be asked again.
//!
//! * [`Program`]: image, command, arguments and environment, expanded by Kubernetes' rules ([`expand`]).
//! * [`Container`]: its processes; output, exit code, signals, commands beside it, answers of its servers.
//! * [`Volume`]: files, shared between containers.
//!
//! What cannot be read waits for ever, and is named by [`Container::take_unreadable`]. No script makes it panic, and each is
//! bounded: in commands at one instant, in processes, in memory, in kept output, in nesting.

#![forbid(unsafe_code)]

mod container;
mod expand;
mod files;
mod image;
mod os;
mod proc_files;
mod program;
mod servers;
mod shell;
mod text;
mod tools;

pub use container::{Container, ExecId, ExecState, HttpError, HttpRequest, HttpResponse, Output, Stream};
pub use expand::expand;
pub use files::{Mount, Volume};
pub use image::Dialect;
pub use os::Signal;
pub use program::{Host, Program, StartError, Stdin};
pub use servers::GrpcHealth;
