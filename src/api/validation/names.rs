//! Formats of names; each function returns every error of one (apimachinery's `pkg/util/validation`).
//!
//! <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/>

use alloc::{borrow::Cow, format, vec, vec::Vec};

type Problems = Vec<Cow<'static, str>>;

// RFC 1123 for the first two, RFC 6335 for the name of a port.
const LONGEST_LABEL: usize = 63;
const LONGEST_SUBDOMAIN: usize = 253;
const LONGEST_PORT_NAME: usize = 15;

/// Checks a label of a domain name (RFC 1123), as in `my-name`. Answers to `IsDNS1123Label`.
pub(super) fn dns_label(name: &str) -> Problems {
    let mut problems = too_long(name, LONGEST_LABEL);
    if !is_label(name) {
        // The only mistake of a valid subdomain is its dots.
        problems.push(if is_subdomain(name) {
            "must not contain dots".into()
        } else {
            "must be an RFC 1123 label: lower case letters, digits and '-', with a letter or a digit at either end \
             (e.g. 'my-name' or '123-abc')"
                .into()
        });
    }
    problems
}

/// Checks a domain name (RFC 1123), as in `example.com`. Answers to `IsDNS1123Subdomain`.
pub(super) fn dns_subdomain(name: &str) -> Problems {
    let mut problems = too_long(name, LONGEST_SUBDOMAIN);
    if !is_subdomain(name) {
        problems.push(
            "must be an RFC 1123 subdomain: lower case letters, digits, '-' and '.', with a letter or a digit at \
             either end of each part (e.g. 'example.com')"
                .into(),
        );
    }
    problems
}

/// Checks a `generateName` prefix, which may end in a dash since more is appended. Answers to `NameIsDNSSubdomain` of a prefix.
pub(super) fn dns_subdomain_prefix(name: &str) -> Problems {
    let begin = name.strip_suffix('-').and_then(|rest| rest.get(..rest.len().checked_sub(1)?));
    match begin {
        // As `maskTrailingDash`: the dash and the character before it count as a letter.
        Some(begin) => dns_subdomain(&format!("{begin}a")),
        None => dns_subdomain(name),
    }
}

/// Checks a name with an optional domain before a slash, as in `example.com/MyName`. Answers to `IsLabelKey`.
pub(super) fn qualified(name: &str) -> Problems {
    let (prefix, name) = match name.split_once('/') {
        None => (None, name),
        Some((_, name)) if name.contains('/') => {
            return vec!["must be a name with at most one prefix before a '/' (e.g. 'example.com/MyName')".into()];
        }
        Some((prefix, name)) => (Some(prefix), name),
    };
    let mut problems: Problems = match prefix {
        None => Vec::new(),
        Some("") => vec!["prefix part must be non-empty".into()],
        Some(prefix) => dns_subdomain(prefix).iter().map(|problem| format!("prefix part {problem}").into()).collect(),
    };
    if name.is_empty() {
        problems.push("name part must be non-empty".into());
    }
    problems.extend(too_long(name, LONGEST_LABEL).iter().map(|problem| format!("name part {problem}").into()));
    // An empty name gets both problems, as in Go.
    if !is_word(name) {
        problems.push(
            "name part must consist of letters, digits, '-', '_' and '.', with a letter or a digit at either end \
             (e.g. 'MyName' or 'my.name' or '123-abc')"
                .into(),
        );
    }
    problems
}

/// Checks the value of a label, which may be empty. Answers to `IsLabelValue`.
pub(super) fn label_value(value: &str) -> Problems {
    let mut problems = too_long(value, LONGEST_LABEL);
    if !value.is_empty() && !is_word(value) {
        problems.push(
            "must be empty or consist of letters, digits, '-', '_' and '.', with a letter or a digit at either end \
             (e.g. 'MyValue' or 'my_value' or '12345')"
                .into(),
        );
    }
    problems
}

/// Checks the name of a port (RFC 6335). Answers to `IsValidPortName`.
pub(super) fn port_name(name: &str) -> Problems {
    let mut problems = too_long(name, LONGEST_PORT_NAME);
    // Each rule is checked by itself, so one name may have all of these problems.
    if name.is_empty() || !name.bytes().all(is_label_byte) {
        problems.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".into());
    }
    if !name.bytes().any(|byte| byte.is_ascii_lowercase()) {
        problems.push("must contain at least one letter (a-z)".into());
    }
    if name.contains("--") {
        problems.push("must not contain consecutive hyphens".into());
    }
    if name.starts_with('-') || name.ends_with('-') {
        problems.push("must not begin or end with a hyphen".into());
    }
    problems
}

/// Checks the number of a port, 1 to 65535. Answers to `IsValidPortNum`.
pub(super) fn port_number(number: i32) -> Option<&'static str> {
    let is_port = (1..=65535).contains(&number);
    (!is_port).then_some("must be between 1 and 65535, inclusive")
}

/// Checks the name of an HTTP header. Answers to `IsHTTPHeaderName`.
pub(super) fn http_header(name: &str) -> Problems {
    let is_header_byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !name.is_empty() && name.bytes().all(is_header_byte) {
        return Vec::new();
    }
    vec!["must be an HTTP header's name: letters, digits and '-' (e.g. 'X-Header-Name')".into()]
}

fn too_long(name: &str, longest: usize) -> Problems {
    if name.len() <= longest {
        return Vec::new();
    }
    vec![format!("must be no more than {longest} characters").into()]
}

fn is_subdomain(name: &str) -> bool {
    name.split('.').all(is_label)
}

fn is_label(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(is_label_byte) && !name.starts_with('-') && !name.ends_with('-')
}

fn is_label_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

fn is_word(name: &str) -> bool {
    let is_alphanumeric = |c: char| c.is_ascii_alphanumeric();
    let is_inner = |c: char| is_alphanumeric(c) || matches!(c, '-' | '_' | '.');
    name.starts_with(is_alphanumeric) && name.ends_with(is_alphanumeric) && name.chars().all(is_inner)
}

#[cfg(test)]
mod tests {
    use super::{dns_label, dns_subdomain, dns_subdomain_prefix, http_header, label_value, port_name, qualified};

    #[test]
    fn a_label_has_lower_case_letters_digits_and_inner_dashes() {
        for good in ["a", "0", "my-name", "a--b", &"a".repeat(63)] {
            assert!(dns_label(good).is_empty(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "é", "a b", "a\n"] {
            assert_eq!(dns_label(bad).len(), 1, "{bad}");
        }
        assert_eq!(dns_label("a.b"), ["must not contain dots"]);
        assert_eq!(dns_label(&"a".repeat(64)), ["must be no more than 63 characters"]);
        assert_eq!(dns_label(&"-".repeat(64)).len(), 2);
    }

    #[test]
    fn a_subdomain_is_labels_between_dots() {
        assert!(dns_subdomain("a.b-c.0").is_empty());
        assert!(dns_subdomain(&"a".repeat(253)).is_empty());
        for bad in ["", ".", "a.", ".a", "a..b", "a.-b", "A.b"] {
            assert_eq!(dns_subdomain(bad).len(), 1, "{bad}");
        }
        assert_eq!(dns_subdomain(&"a".repeat(254)).len(), 1);
    }

    #[test]
    fn a_prefix_may_end_in_a_dash() {
        for good in ["web-", "web", "a-", "a--"] {
            assert!(dns_subdomain_prefix(good).is_empty(), "{good}");
        }
        for bad in ["-", "Web-", "é-", ""] {
            assert_eq!(dns_subdomain_prefix(bad).len(), 1, "{bad}");
        }
    }

    #[test]
    fn a_qualified_name_may_have_one_prefix() {
        for good in ["a", "MyName", "example.com/my.name_1"] {
            assert!(qualified(good).is_empty(), "{good}");
        }
        assert_eq!(qualified("a/b/c").len(), 1);
        assert_eq!(qualified("/a"), ["prefix part must be non-empty"]);
        assert_eq!(qualified("").len(), 2);
        assert_eq!(qualified("a/").len(), 2);
        assert_eq!(qualified("/").len(), 3);
        assert_eq!(qualified("UP/-").len(), 2);
        assert_eq!(qualified(&format!("{}/{}", "a".repeat(254), "b".repeat(64))).len(), 2);
    }

    #[test]
    fn a_labels_value_may_be_empty() {
        assert!(label_value("").is_empty());
        assert_eq!(label_value("_").len(), 1);
        assert_eq!(label_value(&"a".repeat(64)).len(), 1);
    }

    #[test]
    fn a_ports_name_has_a_letter_and_single_inner_hyphens() {
        assert!(port_name("http-8080").is_empty());
        assert_eq!(port_name("").len(), 2);
        assert_eq!(port_name("8080").len(), 1);
        assert_eq!(port_name("HTTP").len(), 2);
        assert_eq!(port_name("a--b").len(), 1);
        assert_eq!(port_name("-").len(), 2);
        assert_eq!(port_name("-A--bbbbbbbbbbbbbbb").len(), 4);
    }

    #[test]
    fn a_header_has_letters_digits_and_dashes() {
        assert!(http_header("X-Header-1").is_empty());
        for bad in ["", "X Header", "X_Header", "Ä"] {
            assert_eq!(http_header(bad).len(), 1, "{bad}");
        }
    }
}
