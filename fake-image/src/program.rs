//! Program of a container: from image, command, arguments and environment to the process that runs.

use std::collections::BTreeMap;

use crate::image::{self, Dialect, Image};

/// Program of a container as its spec and its image say it.
///
/// ```
/// use fake_image::Program;
///
/// let env = [("NAME".to_owned(), "world".to_owned())].into();
/// let command = ["sh".to_owned(), "-c".to_owned(), "echo hello $(NAME)".to_owned()];
/// let program = Program::new("busybox:1.37", &command, &[], env);
/// assert_eq!(program.argv()[2], "echo hello world");
/// ```
#[derive(Clone, Debug)]
pub struct Program {
    argv: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
    directory: String,
    pub(crate) image: Option<Image>,
    pub(crate) image_name: String,
    pub(crate) stdin: Stdin,
}

/// Standard input of a container's first process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stdin {
    /// At its end from the start, as without `stdin: true`.
    #[default]
    Closed,
    /// Open, and nothing comes.
    Open,
}

/// Machine that a container finds itself on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Host {
    /// Host name: that of the Pod, as a rule.
    pub name: String,
    /// Domain: `SUBDOMAIN.NAMESPACE.svc.cluster.local` with a subdomain.
    pub domain: String,
    /// IP of the Pod; empty if it has none.
    pub ip: String,
    /// User of the processes.
    pub uid: i64,
    /// Group of the processes.
    pub gid: i64,
    /// More groups, such as `fsGroup`.
    pub groups: Vec<i64>,
    /// True without `allowPrivilegeEscalation`.
    pub no_new_privileges: bool,
    /// True for a privileged container.
    pub is_privileged: bool,
    /// True with `tty: true`.
    pub has_terminal: bool,
    /// Values of kernel parameters by name (`kernel.shm_rmid_forced`).
    pub sysctls: BTreeMap<String, String>,
    /// True if the embedder answers the requests of [`Container::take_requests`](crate::Container::take_requests);
    /// otherwise other hosts refuse connections.
    pub has_network: bool,
}

/// Program that the runtime cannot start, with the runtime's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartError {
    command: String,
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let command = &self.command;
        let why =
            if command.contains('/') { "no such file or directory" } else { "executable file not found in $PATH" };
        let verb = if command.contains('/') { format!("stat {command}: {why}") } else { why.to_owned() };
        write!(
            f,
            "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to \
             start container process: error during container init: exec: {command:?}: {verb}"
        )
    }
}

impl std::error::Error for StartError {}

impl Program {
    /// Creates the program of a container. `command` replaces the image's entry point, and `args` its command; references
    /// `$(VAR)` to the environment are expanded in both.
    #[must_use]
    pub fn new(image: &str, command: &[String], args: &[String], env: BTreeMap<String, String>) -> Program {
        let known = image::known(image);
        let (entry_point, default) = known.map_or((&[][..], &[][..]), |image| (image.entry_point, image.command));
        let expanded =
            |words: &[String]| -> Vec<String> { words.iter().map(|word| crate::expand(word, &env)).collect() };
        let owned = |words: &[&str]| -> Vec<String> { words.iter().map(|word| (*word).to_owned()).collect() };
        let mut argv = if command.is_empty() { owned(entry_point) } else { expanded(command) };
        // With a command, the image's own arguments are dropped.
        match (command.is_empty(), args.is_empty()) {
            (_, false) => argv.extend(expanded(args)),
            (true, true) => argv.extend(owned(default)),
            (false, true) => (),
        }
        let mut env = env;
        for (name, value) in
            [("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"), ("HOME", "/root")]
        {
            env.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
        Program { argv, env, directory: "/".into(), image: known, image_name: image.to_owned(), stdin: Stdin::Closed }
    }

    /// Sets the working directory.
    #[must_use]
    pub fn in_directory(mut self, directory: &str) -> Program {
        if !directory.is_empty() {
            self.directory = crate::files::normal(directory, "/");
        }
        self
    }

    /// Sets the standard input.
    #[must_use]
    pub fn with_stdin(mut self, stdin: Stdin) -> Program {
        self.stdin = stdin;
        self
    }

    /// Sets the shell that `sh` is; by default that of the image.
    #[must_use]
    pub fn with_dialect(mut self, dialect: Dialect) -> Program {
        let mut image = self.image_or_any();
        image.dialect = dialect;
        self.image = Some(image);
        self
    }

    /// Returns the words of the first process.
    #[must_use]
    pub fn argv(&self) -> &[String] {
        &self.argv
    }

    /// Returns the environment.
    #[must_use]
    pub fn env(&self) -> &BTreeMap<String, String> {
        &self.env
    }

    /// Returns the working directory.
    #[must_use]
    pub fn directory(&self) -> &str {
        &self.directory
    }

    /// True if the image is known by its name, and so what it does without a command.
    #[must_use]
    pub fn is_image_known(&self) -> bool {
        self.image.is_some()
    }

    /// Returns the image, or one with a shell of which nothing more is known.
    pub(crate) fn image_or_any(&self) -> Image {
        self.image.unwrap_or(image::ANY)
    }

    pub(crate) fn not_found(command: &str) -> StartError {
        StartError { command: command.to_owned() }
    }
}
