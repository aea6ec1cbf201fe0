//! Sets of fields, and their JSON form `FieldsV1` (structured-merge-diff `fieldpath`).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// Field of an object, key of a map.
    Field(String),
    /// List item, by the JSON of its keys.
    Item(String),
    /// Value of a set, as JSON.
    Value(String),
}

/// Set of paths, as a tree: a node is a member or only on the way to one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FieldSet {
    pub(super) is_member: bool,
    pub(super) children: BTreeMap<Step, FieldSet>,
}

impl Step {
    fn read(text: &str) -> Option<Step> {
        match text.split_at_checked(2)? {
            ("f:", name) => Some(Step::Field(name.into())),
            // Written again, so that two spellings of the same JSON are one step.
            ("k:", keys) => {
                Some(Step::Item(serde_json::from_str::<Map<_, _>>(keys).map(Value::Object).ok()?.to_string()))
            }
            ("v:", value) => Some(Step::Value(serde_json::from_str::<Value>(value).ok()?.to_string())),
            _ => None,
        }
    }

    fn text(&self) -> String {
        match self {
            Step::Field(name) => format!("f:{name}"),
            Step::Item(keys) => format!("k:{keys}"),
            Step::Value(value) => format!("v:{value}"),
        }
    }

    /// Returns the step as an error message shows it: `.spec`, `[name="app"]`.
    fn shown(&self) -> String {
        match self {
            Step::Field(name) => format!(".{name}"),
            Step::Value(value) => format!("[={value}]"),
            Step::Item(keys) => {
                let keys: Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
                let keys: Vec<String> = keys.iter().map(|(key, value)| format!("{key}={value}")).collect();
                format!("[{}]", keys.join(","))
            }
        }
    }
}

impl FieldSet {
    /// Reads `FieldsV1`; steps that are not understood are dropped.
    pub(super) fn read(fields: &Value) -> FieldSet {
        let children = |fields: &Map<String, Value>| {
            fields.iter().filter_map(|(step, inner)| Some((Step::read(step)?, FieldSet::read_node(inner)))).collect()
        };
        FieldSet { is_member: false, children: fields.as_object().map(children).unwrap_or_default() }
    }

    fn read_node(fields: &Value) -> FieldSet {
        let mut node = FieldSet::read(fields);
        // A leaf is a member; another node is one if it says so with a dot.
        node.is_member = node.children.is_empty() || fields.get(".").is_some();
        node
    }

    /// Returns the set as `FieldsV1`.
    pub(super) fn to_value(&self) -> Value {
        let mut fields = Map::new();
        if self.is_member && !self.children.is_empty() {
            fields.insert(".".into(), Value::Object(Map::new()));
        }
        for (step, child) in &self.children {
            fields.insert(step.text(), child.to_value());
        }
        Value::Object(fields)
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.is_member && self.children.is_empty()
    }

    /// Adds a child unless it is empty.
    pub(super) fn insert(&mut self, step: Step, child: FieldSet) {
        if !child.is_empty() {
            self.children.insert(step, child);
        }
    }

    /// Adds a path.
    pub(super) fn add(&mut self, path: &[Step]) {
        match path.split_first() {
            None => self.is_member = true,
            Some((first, rest)) => self.children.entry(first.clone()).or_default().add(rest),
        }
    }

    pub(super) fn union(&self, other: &FieldSet) -> FieldSet {
        let mut all = self.clone();
        all.is_member |= other.is_member;
        for (step, child) in &other.children {
            let own = all.children.entry(step.clone()).or_default();
            *own = own.union(child);
        }
        all
    }

    /// Returns the members that the other set does not have.
    pub(super) fn difference(&self, other: &FieldSet) -> FieldSet {
        let mut left = FieldSet { is_member: self.is_member && !other.is_member, children: BTreeMap::new() };
        for (step, child) in &self.children {
            let rest = other.children.get(step).map_or_else(|| child.clone(), |taken| child.difference(taken));
            left.insert(step.clone(), rest);
        }
        left
    }

    pub(super) fn intersection(&self, other: &FieldSet) -> FieldSet {
        let mut both = FieldSet { is_member: self.is_member && other.is_member, children: BTreeMap::new() };
        for (step, child) in &self.children {
            if let Some(other) = other.children.get(step) {
                both.insert(step.clone(), child.intersection(other));
            }
        }
        both
    }

    /// Removes a field of the root, or of one of its fields, with all below it.
    pub(super) fn forget(&mut self, path: &str) {
        let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
        let step = Step::Field(first.into());
        let Some(rest) = rest else {
            self.children.remove(&step);
            return;
        };
        if let Some(child) = self.children.get_mut(&step) {
            child.forget(rest);
            if child.is_empty() {
                self.children.remove(&step);
            }
        }
    }

    /// Returns the paths of all members as error messages show them.
    pub(super) fn paths(&self) -> Vec<String> {
        let own = self.is_member.then(String::new);
        let below = self
            .children
            .iter()
            .flat_map(|(step, child)| child.paths().into_iter().map(move |path| format!("{}{path}", step.shown())));
        own.into_iter().chain(below).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::FieldSet;

    #[test]
    fn a_set_is_read_as_it_is_written() {
        let fields = json!({"f:metadata": {"f:labels": {".": {}, "f:app": {}}, "f:finalizers": {"v:\"a/b\"": {}}},
            "f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {".": {}, "f:image": {}}}}});
        let set = FieldSet::read(&fields);
        assert_eq!(set.to_value(), fields);
        assert_eq!(
            set.paths(),
            [
                ".metadata.finalizers[=\"a/b\"]",
                ".metadata.labels",
                ".metadata.labels.app",
                ".spec.containers[name=\"app\"]",
                ".spec.containers[name=\"app\"].image"
            ]
        );
    }

    #[test]
    fn sets_are_joined_and_taken_apart() {
        let set = |fields| FieldSet::read(&fields);
        let (a, b) = (set(json!({"f:a": {"f:x": {}}})), set(json!({"f:a": {".": {}, "f:x": {}, "f:y": {}}})));
        assert_eq!(a.union(&b), b);
        assert_eq!(b.difference(&a), set(json!({"f:a": {".": {}, "f:y": {}}})));
        assert_eq!(b.intersection(&a), a);
        assert!(a.difference(&b).is_empty());
    }
}
