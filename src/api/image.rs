//! Image references (github.com/distribution/reference).

use alloc::{boxed::Box, format, string::String};

/// Image reference, with Docker Hub filled in where no registry is written.
///
/// <https://kubernetes.io/docs/concepts/containers/images/#image-names>
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImageReference {
    /// Registry and repository.
    pub(crate) name: String,
    pub(crate) tag: Option<String>,
    pub(crate) digest: Option<String>,
}

/// Error of a string that is no image reference; the container waits with reason `InvalidImageName`. It displays as the
/// kubelet's message does.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("couldn't parse image name {image:?}: {parser_error}")]
#[non_exhaustive]
pub struct InvalidImageName {
    /// The string, as it was written in the spec.
    pub image: String,
    /// Reason for the refusal, in plain English.
    pub problem: &'static str,
    /// Error of the kubelet's parser.
    pub parser_error: Box<str>,
}

/// Former name of Docker Hub, which stands for the present one.
const LEGACY_HUB: &str = "index.docker.io";
/// Registry of images without one.
const HUB: &str = "docker.io";
/// Longest repository, without its registry: `RepositoryNameTotalLengthMax`.
const MAX_REPOSITORY: usize = 255;
/// Longest tag, in bytes.
const MAX_TAG: usize = 128;

impl ImageReference {
    /// Parses an image reference, as the API server and the kubelet do.
    pub(crate) fn parse(image: &str) -> Result<ImageReference, InvalidImageName> {
        let invalid = |problem| InvalidImageName { image: image.into(), problem, parser_error: parser_error(image) };
        parse(image).map_err(invalid)
    }

    /// Returns the tag that is pulled: `latest` if neither tag nor digest is written.
    pub(crate) fn effective_tag(&self) -> Option<&str> {
        match (&self.tag, &self.digest) {
            (Some(tag), _) => Some(tag),
            // A digest names one image for good, so no tag is pulled beside it.
            (None, Some(_)) => None,
            (None, None) => Some("latest"),
        }
    }
}

fn parse(image: &str) -> Result<ImageReference, &'static str> {
    if image.len() == 64 && image.bytes().all(is_lower_hex) {
        return Err("64 hexadecimal digits are an image id, not a name");
    }
    let full = with_registry(image);
    let (tagged, digest) = match full.split_once('@') {
        Some((tagged, digest)) => (tagged, Some(digest)),
        None => (full.as_str(), None),
    };
    let (name, tag) = split_tag(tagged);
    if !is_name(name) {
        return Err("the repository must be lowercase letters and digits, separated by one of . _ __ or dashes");
    }
    if tag.is_some_and(|tag| !is_tag(tag)) {
        return Err("the tag must be at most 128 letters, digits, '_', '.' and '-', not beginning with '.' or '-'");
    }
    if digest.is_some_and(|digest| !is_digest(digest)) {
        return Err("the digest must be sha256, sha384 or sha512 with as many hexadecimal digits as it takes");
    }
    Ok(ImageReference { name: name.into(), tag: tag.map(String::from), digest: digest.map(String::from) })
}

/// Returns the error of the kubelet's parser for a string that is no image reference.
///
/// Answers to `ParseNormalizedNamed` in `github.com/distribution/reference`.
fn parser_error(image: &str) -> Box<str> {
    if image.len() == 64 && image.bytes().all(is_lower_hex) {
        return format!("invalid repository name ({image}), cannot specify 64-byte hexadecimal strings").into();
    }
    let full = with_registry(image);
    let remainder = full.split_once('/').map_or("", |(_, remainder)| remainder);
    // Cut at the first colon, whatever it separates, and before anything else is looked at.
    let repository = remainder.split(':').next().unwrap_or_default();
    if repository.to_lowercase() != repository {
        return format!("invalid reference format: repository name ({repository}) must be lowercase").into();
    }
    let (tagged, digest) = match full.split_once('@') {
        Some((tagged, digest)) => (tagged, Some(digest)),
        None => (full.as_str(), None),
    };
    let (name, tag) = split_tag(tagged);
    let has_form = tag.is_none_or(is_tag) && digest.is_none_or(has_digest_form);
    match path_of(name).filter(|_| has_form) {
        None => "invalid reference format".into(),
        Some(path) if path.len() > MAX_REPOSITORY => {
            format!("repository name must not be more than {MAX_REPOSITORY} characters").into()
        }
        Some(_) => digest_error(digest.unwrap_or_default()).into(),
    }
}

/// True if a string has the form of a digest of any algorithm: letters, a colon and at least 32 hexadecimal digits.
fn has_digest_form(digest: &str) -> bool {
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    digest.split_once(':').is_some_and(|(algorithm, hex)| {
        let is_algorithm = algorithm.split(['-', '_', '+', '.']).all(is_part);
        is_algorithm && hex.len() >= 32 && hex.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

/// Returns the error of a digest that has the form of one, but is none.
///
/// Answers to `Validate` in `github.com/opencontainers/go-digest`.
fn digest_error(digest: &str) -> &'static str {
    let (algorithm, hex) = digest.split_once(':').unwrap_or_default();
    match digits_of(algorithm) {
        None if algorithm.bytes().any(|b| b.is_ascii_uppercase()) => "invalid checksum digest format",
        None => "unsupported digest algorithm",
        Some(count) if hex.len() != count => "invalid checksum digest length",
        // The digits have capital letters.
        Some(_) => "invalid checksum digest format",
    }
}

/// Returns the image with its registry written out.
fn with_registry(image: &str) -> String {
    match image.split_once('/') {
        // `library` is the namespace of Docker's official images: `nginx` is `docker.io/library/nginx`.
        None => format!("{HUB}/library/{image}"),
        Some((HUB | LEGACY_HUB, rest)) if !rest.contains('/') => format!("{HUB}/library/{rest}"),
        Some((LEGACY_HUB, rest)) => format!("{HUB}/{rest}"),
        Some((first, _)) if is_registry(first) => image.into(),
        Some(_) => format!("{HUB}/{image}"),
    }
}

/// True if the first part of an image is a registry and not a repository on Docker Hub.
fn is_registry(first: &str) -> bool {
    // Repositories are lowercase, so a capital letter can only be in a registry's name.
    first == "localhost" || first.contains(['.', ':']) || first.to_lowercase() != first
}

fn split_tag(tagged: &str) -> (&str, Option<&str>) {
    // A colon before the last slash begins a registry's port: `registry.example:5000/tool`.
    let last_slash = tagged.rfind('/').unwrap_or(0);
    let colon = tagged.get(last_slash..).and_then(|last| last.find(':'));
    match colon.and_then(|colon| tagged.split_at_checked(last_slash.saturating_add(colon))) {
        Some((name, tag)) => (name, tag.strip_prefix(':')),
        None => (tagged, None),
    }
}

fn is_name(name: &str) -> bool {
    path_of(name).is_some_and(|path| path.len() <= MAX_REPOSITORY)
}

/// Returns the path of a name without its registry, of any length; `None` if it is malformed.
fn path_of(name: &str) -> Option<&str> {
    let is_path = |path: &str| path.split('/').all(is_path_component);
    match name.split_once('/') {
        Some((domain, path)) if is_domain(domain) && is_path(path) => Some(path),
        Some(_) | None => Some(name).filter(|name| is_path(name)),
    }
}

fn is_domain(domain: &str) -> bool {
    // An address of IPv6 stands in brackets, since it has colons itself: `[fd00::1]:5000`.
    let after_ipv6 = domain.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    if let Some((address, port)) = after_ipv6 {
        let is_address = !address.is_empty() && address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':');
        return is_address && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port));
    }
    let (host, port) = match domain.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (domain, None),
    };
    host.split('.').all(is_domain_component) && port.is_none_or(is_port)
}

fn is_port(port: &str) -> bool {
    !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit())
}

fn is_domain_component(part: &str) -> bool {
    let is_inner = part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    !part.is_empty() && is_inner && !part.starts_with('-') && !part.ends_with('-')
}

/// True for lowercase letters and digits, with `.`, `_`, `__` or any number of dashes between them.
fn is_path_component(part: &str) -> bool {
    let is_alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    // Splitting at letters and digits leaves the runs between them, most of them empty.
    let is_separator = |run: &str| matches!(run, "" | "." | "_" | "__") || run.bytes().all(|b| b == b'-');
    part.starts_with(is_alphanumeric)
        && part.ends_with(is_alphanumeric)
        && part.split(is_alphanumeric).all(is_separator)
}

fn is_tag(tag: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let begins_well = tag.bytes().next().is_some_and(is_word);
    begins_well && tag.len() <= MAX_TAG && tag.bytes().all(|b| is_word(b) || b == b'.' || b == b'-')
}

fn is_digest(digest: &str) -> bool {
    digest
        .split_once(':')
        .is_some_and(|(algorithm, hex)| digits_of(algorithm) == Some(hex.len()) && hex.bytes().all(is_lower_hex))
}

/// Returns the number of hexadecimal digits of an algorithm's digests.
fn digits_of(algorithm: &str) -> Option<usize> {
    match algorithm {
        // Four bits a digit. Go's parser knows these three algorithms, and refuses any other.
        "sha256" => Some(64),
        "sha384" => Some(96),
        "sha512" => Some(128),
        _ => None,
    }
}

fn is_lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::String};

    use super::ImageReference;

    fn tag(image: &str) -> Option<String> {
        ImageReference::parse(image).ok().and_then(|image| image.effective_tag().map(String::from))
    }

    fn name(image: &str) -> Option<String> {
        ImageReference::parse(image).ok().map(|image| image.name)
    }

    #[test]
    fn an_image_without_registry_is_docker_hubs() {
        assert_eq!(name("nginx").as_deref(), Some("docker.io/library/nginx"));
        assert_eq!(name("team/app:1").as_deref(), Some("docker.io/team/app"));
        assert_eq!(name("docker.io/nginx").as_deref(), Some("docker.io/library/nginx"));
        assert_eq!(name("index.docker.io/team/app").as_deref(), Some("docker.io/team/app"));
    }

    #[test]
    fn a_registry_is_known_by_its_dot_its_port_its_case_or_localhost() {
        for image in ["ghcr.io/app", "host:5000/app", "localhost/app", "HOST/app", "[::1]:5000/app"] {
            assert_eq!(name(image).as_deref(), Some(image));
        }
    }

    #[test]
    fn the_parts_of_a_registrys_name_are_letters_digits_and_inner_dashes() {
        for registry in ["A.b-c.d", "9", "x--y.io:1"] {
            assert!(ImageReference::parse(&format!("{registry}/app")).is_ok(), "{registry}");
        }
        for registry in ["A_b.io", "A..io", "-A.io", "A-.io", "A.io:", "A.io:port", ""] {
            assert!(ImageReference::parse(&format!("{registry}/app")).is_err(), "{registry}");
        }
    }

    #[test]
    fn a_digest_has_as_many_digits_as_its_algorithm_makes() {
        let parse = |algorithm: &str, digits: usize| {
            ImageReference::parse(&format!("app@{algorithm}:{}", "0f".repeat(digits / 2))).is_ok()
        };
        for (algorithm, digits) in [("sha256", 64), ("sha384", 96), ("sha512", 128)] {
            assert!(parse(algorithm, digits), "{algorithm}");
            assert!(!parse(algorithm, digits - 2) && !parse(algorithm, digits + 2), "{algorithm}");
        }
        assert!(!parse("sha1", 40) && !parse("md5", 32));
    }

    #[test]
    fn a_registry_may_be_an_ipv6_address_in_brackets() {
        for registry in ["[::1]", "[::1]:5000", "[fd00::a1]:443", "[2001:db8::FE]"] {
            let image = format!("{registry}/app:1");
            assert_eq!(ImageReference::parse(&image).map(|image| image.name), Ok(format!("{registry}/app")));
        }
        for registry in ["[]", "[]:5000", "[::g]", "[fd00::a1%eth0]", "[::1]:", "[::1]:port", "[::1]5000", "[::1"] {
            let image = format!("{registry}/app:1");
            assert!(ImageReference::parse(&image).is_err(), "{image} is no image");
        }
    }

    #[test]
    fn the_tag_is_latest_if_nothing_else_is_said() {
        assert_eq!(tag("app").as_deref(), Some("latest"));
        assert_eq!(tag("host:5000/app").as_deref(), Some("latest"));
        assert_eq!(tag("app:5000").as_deref(), Some("5000"));
        let digest = "a".repeat(64);
        assert_eq!(tag(&format!("app@sha256:{digest}")), None);
        assert_eq!(tag(&format!("app:latest@sha256:{digest}")).as_deref(), Some("latest"));
    }

    #[test]
    fn a_refusal_has_the_words_of_the_kubelets_parser() {
        let error = |image: &str| ImageReference::parse(image).map_err(|error| error.parser_error).unwrap_err();
        let (id, digits, capitals) = ("0".repeat(64), "a".repeat(63), "A".repeat(64));
        let lowercase = "invalid reference format: repository name (library/IMG-main) must be lowercase";
        assert_eq!(&*error("IMG-main:Bad Tag"), lowercase);
        let of_registry = "invalid reference format: repository name (Img) must be lowercase";
        assert_eq!(&*error("UPPER/Img:v1"), of_registry, "capitals before the slash are a registry's");
        assert_eq!(&*error("img:bad tag"), "invalid reference format");
        assert_eq!(&*error(""), "invalid reference format");
        let of_id = format!("invalid repository name ({id}), cannot specify 64-byte hexadecimal strings");
        assert_eq!(&*error(&id), of_id);
        assert_eq!(&*error(&"a".repeat(256)), "repository name must not be more than 255 characters");
        assert_eq!(&*error("app@sha256:aaaa"), "invalid reference format", "too short for any digest");
        assert_eq!(&*error(&format!("app@sha256:{digits}")), "invalid checksum digest length");
        assert_eq!(&*error(&format!("app@sha256:{capitals}")), "invalid checksum digest format");
        assert_eq!(&*error(&format!("app@md5:{id}")), "unsupported digest algorithm");
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        let id = "0".repeat(64);
        let long = "a".repeat(256);
        let tag = format!("app:{}", "t".repeat(129));
        for image in [
            "",
            " ",
            "app ",
            "/app",
            "app/",
            "a//b",
            "App",
            "team/App",
            "app:",
            "app:.x",
            "app:a:b",
            "app@sha256:aaaa",
            "app@md5:0123",
            "app@",
            "a._b",
            "a___b",
            "-a",
            "a-",
            "é",
            "host:port/app",
            "[::1/app",
            "a.b:/c",
            &id,
            &long,
            &tag,
        ] {
            assert!(ImageReference::parse(image).is_err(), "{image:?} was accepted");
        }
        for image in ["a__b", "a---b", "a.b", "a_b.c/d", "a:T-1._"] {
            assert!(ImageReference::parse(image).is_ok(), "{image:?} was refused");
        }
    }
}
