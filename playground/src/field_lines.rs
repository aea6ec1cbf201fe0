//! Line numbers of the fields of a YAML document.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::Spanned;

/// Fields of a YAML document with their line numbers.
pub(crate) struct FieldLines(Option<Spanned<Tree>>);

/// Structure of a document.
enum Tree {
    Mapping(Vec<(Spanned<String>, Spanned<Tree>)>),
    List(Vec<Spanned<Tree>>),
    Scalar,
}

/// Step of a path.
#[derive(Debug, PartialEq, Eq)]
enum Step<'a> {
    Field(&'a str),
    Item(usize),
}

impl FieldLines {
    /// Reads a document; if it is not YAML, every field is on line 1.
    pub(crate) fn of(text: &str) -> FieldLines {
        FieldLines(serde_saphyr::from_str(text).ok())
    }

    /// Returns the line, from 1, of the deepest existing part of a path such as `spec.containers[0].image`.
    pub(crate) fn line_of(&self, path: &str) -> u64 {
        let Some(root) = &self.0 else { return 1 };
        let (mut line, mut tree) = (1, &root.value);
        for step in steps(path) {
            let next = match (tree, step) {
                (Tree::Mapping(fields), Step::Field(name)) => {
                    let field = fields.iter().find(|(key, _)| key.value == name);
                    field.map(|(key, value)| (key.referenced.line(), &value.value))
                }
                (Tree::List(items), Step::Item(index)) => {
                    items.get(index).map(|item| (item.referenced.line(), &item.value))
                }
                (Tree::Mapping(_) | Tree::List(_) | Tree::Scalar, _) => None,
            };
            let Some((at, below)) = next else { break };
            (line, tree) = (if at == 0 { line } else { at }, below);
        }
        line
    }
}

/// Returns the steps of a path such as `spec.containers[0].env[NAME]`.
fn steps(path: &str) -> impl Iterator<Item = Step<'_>> {
    let parts = path.split(['.', '[', ']']).filter(|part| !part.is_empty());
    parts.map(|part| part.parse().map_or(Step::Field(part), Step::Item))
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Tree, D::Error> {
        deserializer.deserialize_any(AnyTree)
    }
}

struct AnyTree;

impl<'de> Visitor<'de> for AnyTree {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Tree::Mapping(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        Tree::deserialize(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Tree::Scalar)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Tree, E> {
        Ok(Tree::Scalar)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Tree, E> {
        Ok(Tree::Scalar)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Tree, E> {
        Ok(Tree::Scalar)
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<Tree, E> {
        Ok(Tree::Scalar)
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<Tree, E> {
        Ok(Tree::Scalar)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Tree, E> {
        Ok(Tree::Scalar)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Tree, E> {
        Ok(Tree::Scalar)
    }

    fn visit_unit<E: Error>(self) -> Result<Tree, E> {
        Ok(Tree::Scalar)
    }

    fn visit_none<E: Error>(self) -> Result<Tree, E> {
        Ok(Tree::Scalar)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# A Pod.
metadata:
  name: web
  labels: {app.kubernetes.io/name: web}
spec:
  containers:
    - name: app
      image: nginx:1
      ports:
        - containerPort: 80
    -
      name: log
      readinessProbe:
        periodSeconds: 5
";

    #[test]
    fn a_field_stands_where_its_name_does() {
        let places = FieldLines::of(TEXT);
        let line = |path| places.line_of(path);
        assert_eq!((line("metadata.name"), line("spec.containers[0].image")), (3, 8));
        assert_eq!((line("spec.containers[0].ports[0].containerPort"), line("spec.containers[1]")), (10, 12));
        assert_eq!(line("spec.containers[1].readinessProbe.periodSeconds"), 14);
    }

    #[test]
    fn a_missing_field_has_the_line_of_its_parent() {
        let places = FieldLines::of(TEXT);
        assert_eq!((places.line_of("spec.containers[1].image"), places.line_of("spec.volumes[3].name")), (12, 5));
        assert_eq!((places.line_of("status"), places.line_of("")), (1, 1));
    }

    #[test]
    fn a_text_that_is_no_yaml_has_every_field_on_line_1() {
        assert_eq!(FieldLines::of("a: [").line_of("a"), 1);
        assert_eq!(FieldLines::of("").line_of("a"), 1);
    }
}
