//! Comparing, merging and pruning of values (structured-merge-diff `typed`).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{
    set::{FieldSet, Step},
    shape::{Rule, Type},
};

/// Difference between two versions of an object.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    pub(super) added: FieldSet,
    pub(super) modified: FieldSet,
    pub(super) removed: FieldSet,
}

/// Value as its rule takes it apart.
enum Parts<'v, 'a> {
    /// Nothing below it counts.
    Leaf,
    /// Parts by name or key, each with its type and `true` if it is owned besides what is below it.
    Parts(Vec<Part<'v, 'a>>),
}

type Part<'v, 'a> = (Step, &'v Value, Type<'a>, bool);

fn parts<'v, 'a>(value: &'v Value, type_: Type<'a>) -> Parts<'v, 'a> {
    let of_map = |fields: &'v Map<String, Value>, inner: Type<'a>| {
        Parts::Parts(fields.iter().map(|(key, value)| (Step::Field(key.clone()), value, inner, true)).collect())
    };
    match (type_.rule(), value) {
        (Rule::Object(type_), Value::Object(fields)) => Parts::Parts(
            fields
                .iter()
                .map(|(name, value)| {
                    let field = type_.field(name);
                    (Step::Field(name.clone()), value, field.unwrap_or(Type::Deduced), field.is_none())
                })
                .collect(),
        ),
        (Rule::Map(inner), Value::Object(fields)) => of_map(fields, inner),
        (Rule::Deduced, Value::Object(fields)) => of_map(fields, Type::Deduced),
        (Rule::Items(keys, inner), Value::Array(items)) => {
            Parts::Parts(items.iter().map(|item| (item_step(item, &keys), item, inner, true)).collect())
        }
        (Rule::Set, Value::Array(items)) => {
            Parts::Parts(items.iter().map(|item| (Step::Value(item.to_string()), item, Type::Deduced, true)).collect())
        }
        _ => Parts::Leaf,
    }
}

/// Returns the step to a list item; a missing key has its default.
fn item_step(item: &Value, keys: &[(&str, Option<&str>)]) -> Step {
    let mut known = Map::new();
    for (key, default) in keys {
        let value = item.get(key).cloned().or_else(|| default.map(Value::from));
        known.insert((*key).into(), value.unwrap_or_default());
    }
    Step::Item(Value::Object(known).to_string())
}

/// Returns the fields of a value. Answers to `ToFieldSet`.
pub(super) fn fields_of(value: &Value, type_: Type<'_>) -> FieldSet {
    let mut set = FieldSet::default();
    match parts(value, type_) {
        Parts::Leaf => set.is_member = true,
        Parts::Parts(parts) => {
            for (step, value, type_, is_owned) in parts {
                let mut child = fields_of(value, type_);
                child.is_member |= is_owned || value.is_null() || value.as_object().is_some_and(Map::is_empty);
                set.insert(step, child);
            }
        }
    }
    set
}

/// Compares two versions. Answers to `compareWalker`.
pub(super) fn compare(old: &Value, new: &Value, type_: Type<'_>) -> Comparison {
    let mut comparison = Comparison::default();
    comparison.visit(Some(old), Some(new), type_, &mut Vec::new());
    comparison
}

impl Comparison {
    fn visit(&mut self, old: Option<&Value>, new: Option<&Value>, type_: Type<'_>, path: &mut Vec<Step>) {
        if old == new {
            return;
        }
        let (olds, news) = (split(old, type_), split(new, type_));
        let is_nothing = |parts: &Option<Vec<_>>| parts.as_ref().is_none_or(Vec::is_empty);
        let both_empty = is_nothing(&olds) && is_nothing(&news);
        let (Some(olds), Some(news), false) = (olds, news, both_empty) else {
            match (old, new) {
                (None, _) => self.added.add(path),
                (_, None) => self.removed.add(path),
                (Some(_), Some(_)) => self.modified.add(path),
            }
            return;
        };
        let steps: BTreeSet<&Step> = olds.iter().chain(&news).map(|(step, ..)| step).collect();
        for step in steps {
            let before = olds.iter().find(|(other, ..)| other == step);
            let after = news.iter().find(|(other, ..)| other == step);
            let Some((_, _, type_, _)) = after.or(before) else { continue };
            path.push(step.clone());
            self.visit(before.map(|part| part.1), after.map(|part| part.1), *type_, path);
            path.pop();
        }
        match (old, new) {
            (None, _) => self.added.add(path),
            (_, None) => self.removed.add(path),
            (Some(_), Some(_)) => {}
        }
    }
}

/// Returns the parts of a value, none of a null, which stands for a field without a value; `None` for a leaf.
fn split<'v, 'a>(value: Option<&'v Value>, type_: Type<'a>) -> Option<Vec<Part<'v, 'a>>> {
    match value {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(value) => match parts(value, type_) {
            Parts::Leaf => None,
            Parts::Parts(parts) => Some(parts),
        },
    }
}

/// Merges an applied configuration into the live value. Answers to `mergingWalker` with `ruleKeepRHS`.
pub(super) fn merge(live: &Value, applied: &Value, type_: Type<'_>) -> Value {
    let (Parts::Parts(lives), Parts::Parts(applieds)) = (parts(live, type_), parts(applied, type_)) else {
        return applied.clone();
    };
    match (live, applied) {
        (Value::Object(live), Value::Object(_)) => {
            let mut merged = live.clone();
            for (step, value, type_, _) in applieds {
                let Step::Field(name) = step else { continue };
                let value = live.get(&name).map_or_else(|| value.clone(), |live| merge(live, value, type_));
                merged.insert(name, value);
            }
            Value::Object(merged)
        }
        (Value::Array(_), Value::Array(_)) => {
            let is_in = |parts: &[Part<'_, '_>], step: &Step| parts.iter().any(|(other, ..)| other == step);
            let mut merged = Vec::new();
            let mut rest = lives.iter().peekable();
            for (at, (step, value, type_, _)) in applieds.iter().enumerate() {
                let coming = applieds.get(at..).unwrap_or_default();
                let next_shared = coming.iter().map(|(step, ..)| step).find(|step| is_in(&lives, step));
                // Items of others come as early as they can; shared ones are in the order of the configuration.
                while let Some((other, value, ..)) = rest.next_if(|(other, ..)| Some(other) != next_shared) {
                    if !is_in(&applieds, other) {
                        merged.push(Value::clone(value));
                    }
                }
                let live = lives.iter().find(|(other, ..)| other == step);
                rest.next_if(|(other, ..)| other == step);
                merged.push(live.map_or_else(|| Value::clone(value), |(_, live, ..)| merge(live, value, *type_)));
            }
            let others = rest.filter(|(step, ..)| !is_in(&applieds, step));
            merged.extend(others.map(|(_, value, ..)| Value::clone(value)));
            Value::Array(merged)
        }
        _ => applied.clone(),
    }
}

/// Removes the members of a set from a value. Answers to `removingWalker`.
pub(super) fn remove(value: &mut Value, gone: &FieldSet, type_: Type<'_>) {
    let Parts::Parts(parts) = parts(value, type_) else { return };
    let kept: Vec<(Step, Value)> = parts
        .into_iter()
        .filter_map(|(step, part, type_, _)| {
            let Some(below) = gone.children.get(&step) else { return Some((step, part.clone())) };
            if below.is_member {
                return None;
            }
            let mut part = part.clone();
            remove(&mut part, below, type_);
            // Go omits what has become empty.
            let is_empty = part.as_object().is_some_and(Map::is_empty) || part.as_array().is_some_and(Vec::is_empty);
            (!is_empty).then_some((step, part))
        })
        .collect();
    *value = if value.is_array() {
        kept.into_iter().map(|(_, part)| part).collect()
    } else {
        let named = kept.into_iter().filter_map(|(step, part)| match step {
            Step::Field(name) => Some((name, part)),
            Step::Item(_) | Step::Value(_) => None,
        });
        Value::Object(named.collect())
    };
}

/// Adds the named fields on the way to each member. Answers to `EnsureNamedFieldsAreMembers`.
pub(super) fn with_named_parents(set: &FieldSet, type_: Type<'_>) -> FieldSet {
    let mut all = FieldSet { is_member: set.is_member, ..FieldSet::default() };
    for (step, child) in &set.children {
        let (inner, is_named) = match (type_.rule(), step) {
            (Rule::Object(type_), Step::Field(name)) => match type_.field(name) {
                Some(type_) => (type_, true),
                None => (Type::Deduced, false),
            },
            (Rule::Map(inner) | Rule::Items(_, inner), _) => (inner, false),
            (Rule::Object(_) | Rule::Atomic | Rule::Set | Rule::Deduced, _) => (Type::Deduced, false),
        };
        let mut child = with_named_parents(child, inner);
        child.is_member |= is_named;
        all.insert(step.clone(), child);
    }
    all
}

/// Returns an object as Go shows one without values: structs are there, and lists and maps that are not omitted.
pub(super) fn zero(type_: Type<'_>) -> Value {
    let Rule::Object(Type::Object(definition)) = type_.rule() else { return json!({"metadata": {}}) };
    let there = definition.fields().into_iter().filter(|field| field.is_always_there);
    there
        .map(|field| {
            let value = if let Rule::Object(inner) = Type::Field(field).rule() { zero(inner) } else { Value::Null };
            (field.name.to_owned(), value)
        })
        .collect::<Map<_, _>>()
        .into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Type, fields_of, merge, zero};
    use crate::{builtin, types};

    fn pod_spec() -> Type<'static> {
        Type::Object(types::definition("core.PodSpec").unwrap())
    }

    #[test]
    fn every_kind_has_a_form_without_values() {
        for resource in builtin::all() {
            assert!(zero(Type::of(&resource)).is_object(), "{}", resource.kind);
        }
        let deployment = zero(Type::Object(types::definition("apps.Deployment").unwrap()));
        assert!(deployment["spec"]["template"]["spec"]["containers"].is_null());
        assert!(deployment["spec"]["strategy"].is_object());
    }

    #[test]
    fn a_port_is_known_by_its_number_and_its_protocol_whose_default_counts() {
        let spec = json!({"containers": [{"name": "app", "ports": [{"containerPort": 80}]}]});
        let fields = fields_of(&spec, pod_spec()).to_value();
        let ports = &fields["f:containers"]["k:{\"name\":\"app\"}"]["f:ports"];
        assert_eq!(ports, &json!({"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}}));
    }

    #[test]
    fn items_of_others_stay_where_they_are() {
        let names = |names: &[&str]| {
            let items: Vec<_> = names.iter().map(|name| json!({"name": name})).collect();
            json!({"containers": items})
        };
        let merged = merge(&names(&["a", "b", "c", "d"]), &names(&["c", "new", "a"]), pod_spec());
        assert_eq!(merged, names(&["b", "c", "d", "new", "a"]));
        let merged = merge(&names(&["a", "b", "c"]), &names(&["a", "x", "c"]), pod_spec());
        assert_eq!(merged, names(&["a", "b", "x", "c"]));
    }
}
