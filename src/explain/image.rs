//! Answers of image registries and runtimes to a failed pull, read from the message of the runtime.

use serde::Serialize;

/// Cause of a failed pull, as the registry or the runtime words it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum PullFailure {
    /// The registry does not have the image or its tag.
    NotFound,
    /// The registry refuses access, or does not have the repository: it may not say which.
    Denied,
    /// The registry limits the rate of pulls.
    RateLimited,
    /// The node cannot resolve the name of the registry.
    NoSuchHost,
    /// The node cannot reach the registry.
    Unreachable,
    /// The node does not trust the certificate of the registry.
    Certificate,
    /// The registry speaks HTTP, and the node expects HTTPS.
    PlainHttp,
    /// The image has no variant for the architecture of the node.
    Platform,
    /// The disk of the node is full.
    DiskFull,
}

/// Words in messages of containerd, CRI-O and registries, with what they mean: the first match counts, since a message may
/// have several of them.
pub(crate) const WORDS: &[(&str, PullFailure)] = &[
    ("toomanyrequests", PullFailure::RateLimited),
    ("429 too many requests", PullFailure::RateLimited),
    ("no match for platform", PullFailure::Platform),
    ("no matching manifest", PullFailure::Platform),
    ("no image found in manifest list for architecture", PullFailure::Platform),
    ("no space left on device", PullFailure::DiskFull),
    ("server gave http response to https client", PullFailure::PlainHttp),
    ("x509:", PullFailure::Certificate),
    ("certificate signed by unknown authority", PullFailure::Certificate),
    ("no such host", PullFailure::NoSuchHost),
    ("server misbehaving", PullFailure::NoSuchHost),
    ("temporary failure in name resolution", PullFailure::NoSuchHost),
    ("pull access denied", PullFailure::Denied),
    ("unauthorized", PullFailure::Denied),
    ("authentication required", PullFailure::Denied),
    ("authorization failed", PullFailure::Denied),
    ("no basic auth credentials", PullFailure::Denied),
    ("requested access to the resource is denied", PullFailure::Denied),
    ("403 forbidden", PullFailure::Denied),
    ("401 unauthorized", PullFailure::Denied),
    ("connection refused", PullFailure::Unreachable),
    ("connection reset", PullFailure::Unreachable),
    ("i/o timeout", PullFailure::Unreachable),
    ("tls handshake timeout", PullFailure::Unreachable),
    ("no route to host", PullFailure::Unreachable),
    ("network is unreachable", PullFailure::Unreachable),
    ("context deadline exceeded", PullFailure::Unreachable),
    ("503 service unavailable", PullFailure::Unreachable),
    ("502 bad gateway", PullFailure::Unreachable),
    ("manifest unknown", PullFailure::NotFound),
    ("name unknown", PullFailure::NotFound),
    ("not found", PullFailure::NotFound),
];

impl PullFailure {
    /// Returns the failure that a message words.
    #[must_use]
    pub fn in_message(message: &str) -> Option<PullFailure> {
        let message = message.to_lowercase();
        WORDS.iter().find(|(words, _)| message.contains(words)).map(|(_, failure)| *failure)
    }

    /// Returns the failure as a clause.
    #[must_use]
    pub const fn clause(self) -> &'static str {
        match self {
            PullFailure::NotFound => "the registry does not have this image or this tag",
            PullFailure::Denied => "the registry refuses access, or does not have the repository",
            PullFailure::RateLimited => "the registry limits how often it may be asked",
            PullFailure::NoSuchHost => "the node cannot resolve the name of the registry",
            PullFailure::Unreachable => "the node cannot reach the registry, or gets no answer in time",
            PullFailure::Certificate => "the node does not trust the certificate of the registry",
            PullFailure::PlainHttp => "the registry speaks HTTP, and the node expects HTTPS",
            PullFailure::Platform => "the image has no variant for the architecture of the node",
            PullFailure::DiskFull => "the disk of the node is full",
        }
    }

    /// Returns advice, with `{}` for the container.
    pub(super) const fn advice(self) -> &'static str {
        match self {
            PullFailure::NotFound => "correct the name or the tag of the image of {}, or push it to the registry",
            PullFailure::Denied => {
                "give the Pod a right to pull the image of {} (imagePullSecrets, or those of its ServiceAccount), or correct the \
                 name of the image"
            }
            PullFailure::RateLimited => {
                "wait: the pull is tried again; with imagePullSecrets of an account, or from a mirror, the limit is higher"
            }
            PullFailure::NoSuchHost => "correct the name of the registry of {}, or the DNS of the node",
            PullFailure::Unreachable => "get the registry of {} to answer the node: its network, proxy and firewall",
            PullFailure::Certificate => "make the container runtime of the node trust the certificate of the registry",
            PullFailure::PlainHttp => {
                "give the registry a certificate, or configure it as insecure in the node's runtime"
            }
            PullFailure::Platform => {
                "build the image of {} for the architecture of the node, or use a node of its architecture"
            }
            PullFailure::DiskFull => "make room on the disk of the node",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_runtimes_and_registries_are_distinguished() {
        for (message, failure) in [
            (
                "rpc error: code = NotFound desc = failed to pull and unpack image \"docker.io/library/nginx:1.99\": failed to \
                 resolve reference \"docker.io/library/nginx:1.99\": docker.io/library/nginx:1.99: not found",
                PullFailure::NotFound,
            ),
            (
                "failed to resolve reference \"docker.io/me/x:1\": pull access denied, repository does not exist or may \
                 require authorization: server message: insufficient_scope: authorization failed",
                PullFailure::Denied,
            ),
            (
                "unexpected status from HEAD request to https://registry-1.docker.io/v2/library/nginx/manifests/1: 429 Too \
                 Many Requests - toomanyrequests: You have reached your pull rate limit",
                PullFailure::RateLimited,
            ),
            (
                "failed to do request: Head \"https://regitsry.example/v2/x\": dial tcp: lookup regitsry.example on \
                 10.96.0.10:53: no such host",
                PullFailure::NoSuchHost,
            ),
            ("dial tcp 10.0.0.9:443: connect: connection refused", PullFailure::Unreachable),
            (
                "tls: failed to verify certificate: x509: certificate signed by unknown authority",
                PullFailure::Certificate,
            ),
            ("http: server gave HTTP response to HTTPS client", PullFailure::PlainHttp),
            ("no match for platform in manifest: not found", PullFailure::Platform),
            ("write /var/lib/containerd/io: no space left on device", PullFailure::DiskFull),
            ("reading manifest 1.99 in docker.io/library/nginx: manifest unknown", PullFailure::NotFound),
        ] {
            assert_eq!(PullFailure::in_message(message), Some(failure), "{message}");
        }
        assert_eq!(PullFailure::in_message("it did not work"), None);
    }
}
