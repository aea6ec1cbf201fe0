//! Images that test and demo Pods run: entry point, default command and shell of each.

/// Shell of an image; they differ in `echo`, in signal names and in what goes beyond POSIX.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// `ash` of busybox, as in alpine.
    #[default]
    Ash,
    /// `dash`, the `sh` of Debian and Ubuntu.
    Dash,
    /// `bash`
    Bash,
}

/// Image as far as its name gives it away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    /// Last part of the repository's name.
    name: &'static str,
    pub(crate) entry_point: &'static [&'static str],
    pub(crate) command: &'static [&'static str],
    pub(crate) dialect: Dialect,
    pub(crate) has_shell: bool,
    /// True if every tool in it is known, so that another command is not found.
    pub(crate) is_complete: bool,
}

const fn image(name: &'static str, entry_point: &'static [&'static str], command: &'static [&'static str]) -> Image {
    Image { name, entry_point, command, dialect: Dialect::Ash, has_shell: true, is_complete: false }
}

const fn alone(name: &'static str, entry_point: &'static [&'static str]) -> Image {
    Image { has_shell: false, is_complete: true, ..image(name, entry_point, &[]) }
}

const fn debian(name: &'static str, command: &'static [&'static str]) -> Image {
    Image { dialect: Dialect::Dash, ..image(name, &[], command) }
}

const IMAGES: [Image; 21] = [
    alone("pause", &["/pause"]),
    alone("pause-amd64", &["/pause"]),
    image("agnhost", &["/agnhost"], &["pause"]),
    Image { is_complete: true, ..image("busybox", &[], &["sh"]) },
    Image { is_complete: true, ..image("glibc-dns-testing", &[], &["sh"]) },
    image("alpine", &[], &["/bin/sh"]),
    debian("debian", &["bash"]),
    debian("ubuntu", &["/bin/bash"]),
    debian("jessie-dnsutils", &["sleep", "3600"]),
    debian("perl", &["perl", "-de0"]),
    debian("python", &["python3"]),
    image("curl", &["/entrypoint.sh"], &["curl"]),
    image("httpd", &[], &["httpd-foreground"]),
    image("nginx", &["/docker-entrypoint.sh"], &["nginx", "-g", "daemon off;"]),
    image("nginx-slim", &[], &["nginx", "-g", "daemon off;"]),
    image("nginx-new", &[], &["nginx", "-g", "daemon off;"]),
    image("nginx-unprivileged", &["/docker-entrypoint.sh"], &["nginx", "-g", "daemon off;"]),
    alone("nonewprivs", &["/nonewprivs"]),
    alone("serve-hostname", &["/agnhost", "serve-hostname"]),
    image("redis", &["docker-entrypoint.sh"], &["redis-server"]),
    image("bash", &["docker-entrypoint.sh"], &["bash"]),
];

/// An image of unknown name: it may have a shell with tools.
pub(crate) const ANY: Image = image("", &[], &[]);

/// Returns what is known of an image: `registry.example:5000/e2e/busybox:1.37@sha256:…` is `busybox`.
pub(crate) fn known(reference: &str) -> Option<Image> {
    let repository = reference.split('@').next().unwrap_or_default();
    let last = repository.rsplit('/').next().unwrap_or_default();
    let name = last.split(':').next().unwrap_or_default();
    IMAGES.into_iter().find(|image| image.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_known_by_the_last_part_of_its_name() {
        for reference in
            ["busybox", "busybox:1.37", "docker.io/library/busybox@sha256:ab", "localhost:5000/e2e/busybox:1.37.0-1"]
        {
            assert_eq!(known(reference).map(|image| image.name), Some("busybox"), "{reference}");
        }
        assert_eq!(known("example.com/busybox/web:1"), None);
    }
}
