//! YAML (and so JSON) as a tree of nodes with their places in the text.
//!
//! Scalars mean what they mean to `kubectl`, which reads YAML 1.1: `0400` is octal, `yes` is a boolean. Errors name the
//! field, what stands there, and what was expected.

mod parse;
mod read;

use std::fmt;

use serde::de::DeserializeOwned;

/// What messages call the text as a whole.
const DOCUMENT: &str = "the document";

/// Line and column, from 1 on.
pub type Place = (u64, u64);

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Path of the field that is wrong; empty for the text as a whole. `None` if the words name the field.
    path: Option<String>,
    /// What was expected, and what was found.
    says: String,
    /// Where it stands.
    pub place: Option<Place>,
}

impl Problem {
    /// Creates a problem of the text as a whole.
    fn of_document(says: impl Into<String>) -> Problem {
        Problem { path: Some(String::new()), says: says.into(), place: None }
    }

    /// Creates a problem of the field at a path.
    #[must_use]
    pub fn at(path: &str, says: impl Into<String>, place: Place) -> Problem {
        Problem { path: Some(path.into()), says: says.into(), place: Some(place) }
    }

    /// Creates a problem whose words name the field.
    #[must_use]
    pub fn stated(says: impl Into<String>, place: Place) -> Problem {
        Problem { path: None, says: says.into(), place: Some(place) }
    }

    /// Creates a problem whose words name the field, or the file as a whole.
    #[must_use]
    pub fn bare(says: impl Into<String>) -> Problem {
        Problem { path: None, says: says.into(), place: None }
    }

    /// Sets the place, unless a node further inside has set it.
    fn or_at(self, place: Place) -> Problem {
        Problem { place: self.place.or(Some(place)), ..self }
    }

    /// Returns the problem for a message that has the place elsewhere.
    #[must_use]
    pub fn without_place(self) -> Problem {
        Problem { place: None, ..self }
    }

    /// Prepends the step from the node around this one: `name` or `[3]`.
    #[must_use]
    pub fn below(self, step: &str) -> Problem {
        Problem { path: self.path.map(|path| join(step, &path)), ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_deref() {
            None => {}
            Some("") => write!(f, "{DOCUMENT}: ")?,
            Some(path) => write!(f, "{path}: ")?,
        }
        f.write_str(&self.says)?;
        self.place.map_or(Ok(()), |place| write!(f, " {}", At(place)))
    }
}

impl std::error::Error for Problem {}

impl From<Problem> for String {
    fn from(problem: Problem) -> String {
        problem.to_string()
    }
}

/// A place as messages end with it: `(line 3, column 5)`.
#[derive(Clone, Copy, Debug)]
pub struct At(pub Place);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.0;
        write!(f, "(line {line}, column {column})")
    }
}

/// Joins two parts of a path: the second may begin with an index.
#[must_use]
pub fn join(path: &str, step: &str) -> String {
    match (path, step) {
        ("", one) | (one, "") => one.into(),
        (path, step) if step.starts_with('[') => format!("{path}{step}"),
        (path, step) => format!("{path}.{step}"),
    }
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it begins.
    pub place: Place,
    /// The value itself.
    pub content: Content,
}

/// Content of a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Nothing, or `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number below 0, or a small one.
    Int(i64),
    /// A whole number of at least 0.
    Uint(u64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the text.
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Where it begins.
    pub place: Place,
    /// Its text; that of a number or a boolean is as JSON has it.
    pub name: String,
}

impl Node {
    /// Returns the value of a key; of a mapping without it, and of anything else, `None`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.entries().iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    /// Returns the entries of a mapping; none of anything else.
    #[must_use]
    pub fn entries(&self) -> &[(Key, Node)] {
        if let Content::Map(entries) = &self.content { entries } else { &[] }
    }

    /// Returns the items of a list; none of anything else.
    #[must_use]
    pub fn items(&self) -> &[Node] {
        if let Content::List(items) = &self.content { items } else { &[] }
    }

    /// Returns the text of a key's value, if it is one.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        if let Content::Text(text) = &self.get(name)?.content { Some(text) } else { None }
    }

    /// True for `null`, an empty mapping and an empty list: as good as absent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match &self.content {
            Content::Null => true,
            Content::List(items) => items.is_empty(),
            Content::Map(entries) => entries.is_empty(),
            Content::Bool(_) | Content::Int(_) | Content::Uint(_) | Content::Float(_) | Content::Text(_) => false,
        }
    }

    /// Returns the problem of a node that is something else than expected: `a mapping`.
    #[must_use]
    pub fn expected(&self, expected: &str) -> Problem {
        self.is_not(expected)
    }

    /// Returns where a path such as `spec.containers[0].image` leads, or as far as the text has it.
    #[must_use]
    pub fn place_of(&self, path: &str) -> Place {
        let mut node = self;
        let mut place = self.place;
        for step in path.split(['.', '[']) {
            let next = match step.strip_suffix(']') {
                Some(index) => index.parse().ok().and_then(|index: usize| node.items().get(index)),
                None => {
                    let entry = node.entries().iter().find(|(key, _)| key.name == step);
                    entry.map(|(key, node)| {
                        place = key.place;
                        node
                    })
                }
            };
            let Some(next) = next else { break };
            if step.ends_with(']') {
                place = next.place;
            }
            node = next;
        }
        place
    }
}

/// Reads the one document of a text; `what` is its expected kind, for messages.
///
/// # Errors
///
/// [`Problem`] names the field.
pub fn read<T: DeserializeOwned>(text: &str, what: &str) -> Result<T, Problem> {
    let nodes = documents(text)?;
    let [node] = nodes.as_slice() else {
        let Some(second) = nodes.get(1) else {
            return Err(Problem::of_document(format!("is empty; expected {what}")));
        };
        let says = format!("expected one document with {what}, found another one after it");
        return Err(Problem::of_document(says).or_at(second.place));
    };
    node.read()
}

/// Reads every document of a text; empty ones are left out.
///
/// # Errors
///
/// [`Problem`] names the field.
pub fn read_all<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, Problem> {
    documents(text)?.iter().map(Node::read).collect()
}

/// Reads every document of a text as a tree; empty ones are left out.
///
/// # Errors
///
/// [`Problem`] if the text is no YAML, or a mapping has a key twice.
pub fn documents(text: &str) -> Result<Vec<Node>, Problem> {
    parse::documents(text)
}
