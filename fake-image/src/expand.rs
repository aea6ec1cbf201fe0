//! Expansion of `$(VAR)` in commands, arguments and environment (third_party/forked/golang/expansion/expand.go).

use std::collections::BTreeMap;

/// Expands `$(VAR)` references with a container's environment, as the kubelet expands command, args and `env[].value`.
///
/// A reference to an unknown variable stays as it is, and `$$` stands for one dollar sign. Answers to `Expand` in
/// `third_party/forked/golang/expansion/expand.go`.
///
/// ```
/// use fake_image::expand;
///
/// let env = [("USER".to_owned(), "root".to_owned())].into();
/// assert_eq!(expand("$(USER) $$(USER) $(NOBODY) $USER", &env), "root $(USER) $(NOBODY) $USER");
/// ```
#[must_use]
pub fn expand(text: &str, env: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(reference) = rest.strip_prefix('(') {
            match reference.split_once(')') {
                Some((name, after)) => {
                    match env.get(name) {
                        Some(value) => out.push_str(value),
                        None => out.extend(["$(", name, ")"]),
                    }
                    rest = after;
                }
                // Not closed: the operator is text, and what follows it is read again.
                None => {
                    out.push_str("$(");
                    rest = reference;
                }
            }
        } else {
            // Before anything else the dollar sign is text, and takes the next character with it.
            out.push('$');
            if let Some(next) = rest.chars().next() {
                out.push(next);
                rest = rest.get(next.len_utf8()..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::expand;

    /// From `TestMapReference` and `TestMapping` in `expand_test.go`.
    #[test]
    fn references_are_expanded_as_the_kubelet_does() {
        let env = [("VAR_A", "A"), ("VAR_B", "B"), ("VAR_C", "C"), ("VAR_REF", "$(VAR_A)"), ("VAR_EMPTY", "")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        for (text, expected) in [
            ("$(VAR_A)", "A"),
            ("___$(VAR_B)___", "___B___"),
            ("$(VAR_A)-$(VAR_B)", "A-B"),
            ("$(VAR_REF)", "$(VAR_A)"),
            ("foo$(VAR_EMPTY)bar", "foobar"),
            ("$(VAR_DNE)", "$(VAR_DNE)"),
            ("$$(VAR_A)", "$(VAR_A)"),
            ("$$$(VAR_A)", "$A"),
            ("$$$$(VAR_A)", "$$(VAR_A)"),
            ("$VAR_A", "$VAR_A"),
            ("f000-$$VAR_A", "f000-$VAR_A"),
            ("foo\\$(VAR_C)bar", "foo\\Cbar"),
            ("foo\\\\$(VAR_C)bar", "foo\\\\Cbar"),
            ("foo\\$\\(VAR_C)bar", "foo\\$\\(VAR_C)bar"),
            ("$(VAR_A", "$(VAR_A"),
            ("$(VAR_A$(VAR_B)", "$(VAR_A$(VAR_B)"),
            ("$?_boo_$!", "$?_boo_$!"),
            ("$", "$"),
            ("$$", "$"),
            ("$$ $(VAR_A)", "$ A"),
            ("ü$(VAR_A)ü$", "üAü$"),
        ] {
            assert_eq!(expand(text, &env), expected, "{text}");
        }
    }
}
