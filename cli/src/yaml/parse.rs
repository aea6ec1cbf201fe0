//! From a text to a tree.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::{
    Error, Options, Spanned, from_multiple_with_options,
    options::{DuplicateKeyPolicy, NonFiniteFloatPolicy},
};

use super::{Content, Key, Node, Place, Problem, join};

/// Deepest nesting: about three times that of the deepest schema in a real `CustomResourceDefinition`. Every level takes
/// stack.
const DEEPEST: usize = 128;

/// Most parts that aliases may be replaced by, against texts that unfold to far more than they are.
const MOST_REPLAYED: usize = 1_000_000;

/// Reads every document of a text; empty ones are left out.
pub(super) fn documents(text: &str) -> Result<Vec<Node>, Problem> {
    // go-yaml, which kubectl uses, takes a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let nodes: Vec<Node> = from_multiple_with_options(text, options()).map_err(|error| problem(&error))?;
    for node in &nodes {
        if let Some(problem) = duplicate(node, "") {
            return Err(problem);
        }
    }
    Ok(nodes)
}

fn options() -> Options {
    serde_saphyr::options! {
        // A file may be as large as memory takes; only its depth is limited.
        budget: serde_saphyr::budget! {
            max_reader_input_bytes: None,
            max_events: usize::MAX,
            max_aliases: usize::MAX,
            max_anchors: usize::MAX,
            max_recorded_anchor_events: MOST_REPLAYED,
            max_recorded_anchor_bytes: usize::MAX,
            max_depth: DEEPEST,
            flow_nesting_limit: DEEPEST,
            max_documents: usize::MAX,
            max_nodes: usize::MAX,
            max_total_scalar_bytes: usize::MAX,
            max_merge_keys: usize::MAX,
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MOST_REPLAYED },
        // Reported with its path, once the tree is known.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        // `resolve` in go-yaml 2 takes a leading 0 for octal.
        legacy_octal_numbers: true,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
    }
}

/// Returns the first key that a mapping has twice.
fn duplicate(node: &Node, path: &str) -> Option<Problem> {
    let mut seen = BTreeMap::new();
    for (Key { name, place }, node) in node.entries() {
        if let Some((line, _)) = seen.insert(name, *place) {
            // The words of go-yaml.
            let says = format!("key {name:?} already set in map, at line {line}");
            return Some(Problem::at(&join(path, name), says, *place));
        }
        if let Some(problem) = duplicate(node, &join(path, name)) {
            return Some(problem);
        }
    }
    let mut items = node.items().iter().enumerate();
    items.find_map(|(index, item)| duplicate(item, &format!("{path}[{index}]")))
}

fn problem(error: &Error) -> Problem {
    let error = error.without_snippet();
    let place = error.location().map(|at| (at.line(), at.column()));
    Problem { place, ..Problem::of_document(wording(error)) }
}

/// What is wrong, in the words of people who write manifests.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other errors are worded well enough where they come from")]
fn wording(error: &Error) -> String {
    match error {
        Error::Eof { .. } => "ends too early".into(),
        Error::Budget { .. } => format!("nested too deeply: at most {DEEPEST} levels"),
        other => {
            // The place stands at the end of every message here.
            let message = other.to_string();
            message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message).into()
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        let spanned = Spanned::<Content>::deserialize(deserializer)?;
        Ok(Node { place: place(&spanned), content: spanned.value })
    }
}

fn place<T>(spanned: &Spanned<T>) -> Place {
    (spanned.referenced.line(), spanned.referenced.column())
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Content, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Content, E> {
        Ok(Content::Int(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Content, E> {
        Ok(Content::Uint(number))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Content, E> {
        Ok(Content::Float(number))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Content, E> {
        Ok(Content::Text(text.into()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Content, E> {
        Ok(Content::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Content, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = items.next_element()? {
            nodes.push(node);
        }
        Ok(Content::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Content, A::Error> {
        let mut nodes = Vec::new();
        while let Some((key, node)) = entries.next_entry::<Spanned<Content>, Node>()? {
            let place = place(&key);
            let name = key.value.into_name().ok_or_else(|| de::Error::custom("expected a single value as a key"))?;
            nodes.push((Key { place, name }, node));
        }
        Ok(Content::Map(nodes))
    }
}

impl Content {
    /// Returns the key that a scalar is in JSON.
    fn into_name(self) -> Option<String> {
        Some(match self {
            Content::Text(text) => text,
            // `80: http` has a number as its key, and `true: 1` a boolean.
            Content::Bool(value) => value.to_string(),
            Content::Int(number) => number.to_string(),
            Content::Uint(number) => number.to_string(),
            Content::Float(number) => number.to_string(),
            Content::Null => "null".into(),
            Content::List(_) | Content::Map(_) => return None,
        })
    }
}
