//! Fields of Pods and workloads, and those of a manifest that are none: what the strict decoding of the API server
//! reports (`fieldValidation=Strict`).

use std::fmt;

use crate::{
    spelling::closest,
    yaml::{At, Node, Place, join},
};

/// Fields of each type in Kubernetes 1.36: a line is a type and its fields, each with the type of its value or items, if
/// that has fields.
const FIELDS: &str = include_str!("fields.txt");

/// A field that its type does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownField {
    /// Path from the top of the document.
    pub path: String,
    /// Where its key stands.
    pub place: Place,
    /// What may have been meant.
    pub hint: Option<Hint>,
}

/// What an unknown field may have been meant to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// It is misspelt.
    Spelling(&'static str),
    /// It is a field of the object at this path, around this one; empty for the document.
    Above(String),
}

impl fmt::Display for UnknownField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The words of the API server.
        write!(f, "unknown field {:?} {}", self.path, At(self.place))?;
        match &self.hint {
            None => Ok(()),
            Some(Hint::Spelling(field)) => write!(f, "; did you mean {field:?}?"),
            Some(Hint::Above(path)) if path.is_empty() => write!(f, "; it belongs to the top of the document"),
            Some(Hint::Above(path)) => write!(f, "; it belongs to {path:?}"),
        }
    }
}

/// Returns the fields of an object that are unknown to its kind, and everything inside of it; none of a kind that is not
/// known here. `path` is that of the object in its document.
#[must_use]
pub fn unknown(object: &Node, kind: &str, path: &str) -> Vec<UnknownField> {
    let types = types();
    let mut found = Vec::new();
    if let Some(type_) = types.iter().find(|type_| type_.name == kind) {
        let mut search = Search { types: &types, found: &mut found };
        search.object(object, type_, &mut vec![(path.into(), type_)]);
    }
    found
}

/// A type and its fields.
struct Type {
    name: &'static str,
    /// Name, and type of the value, if that has fields.
    fields: Vec<(&'static str, Option<&'static str>)>,
}

impl Type {
    fn field(&self, name: &str) -> Option<Option<&'static str>> {
        self.fields.iter().find(|(field, _)| *field == name).map(|(_, type_)| *type_)
    }
}

fn types() -> Vec<Type> {
    let mut types: Vec<Type> = Vec::new();
    for line in FIELDS.lines() {
        let mut words = line.split_whitespace();
        // A line that begins with a space goes on with the type above it.
        if !line.starts_with(' ')
            && let Some(name) = words.next()
        {
            types.push(Type { name, fields: Vec::new() });
        }
        let fields = words.map(|word| word.split_once(':').map_or((word, None), |(name, of)| (name, Some(of))));
        if let Some(type_) = types.last_mut() {
            type_.fields.extend(fields);
        }
    }
    types
}

struct Search<'a> {
    types: &'a [Type],
    found: &'a mut Vec<UnknownField>,
}

impl<'a> Search<'a> {
    /// Searches an object; `around` are the objects around it, itself last.
    fn object(&mut self, object: &Node, type_: &'a Type, around: &mut Vec<(String, &'a Type)>) {
        for (key, value) in object.entries() {
            let path = around.last().map_or_else(|| key.name.clone(), |(path, _)| join(path, &key.name));
            match type_.field(&key.name) {
                None => {
                    let hint = hint(&key.name, type_, around);
                    self.found.push(UnknownField { path, place: key.place, hint });
                }
                Some(None) => {}
                Some(Some(name)) => {
                    let Some(type_) = self.types.iter().find(|type_| type_.name == name) else { continue };
                    around.push((path.clone(), type_));
                    self.object(value, type_, around);
                    for (index, item) in value.items().iter().enumerate() {
                        if let Some(last) = around.last_mut() {
                            last.0 = format!("{path}[{index}]");
                        }
                        self.object(item, type_, around);
                    }
                    around.pop();
                }
            }
        }
    }
}

fn hint(name: &str, type_: &Type, around: &[(String, &Type)]) -> Option<Hint> {
    // A field with the right name at the wrong depth is more common than two names that are alike.
    let above = around.iter().rev().skip(1).find(|(_, type_)| type_.field(name).is_some());
    match above {
        Some((path, _)) => Some(Hint::Above(path.clone())),
        None => closest(name, type_.fields.iter().map(|(field, _)| *field)).map(Hint::Spelling),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]

    use super::*;
    use crate::yaml::documents;

    fn unknown_in(kind: &str, text: &str) -> Vec<String> {
        unknown(&documents(text).unwrap()[0], kind, "").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_type_that_a_field_has_is_known() {
        let types = types();
        for type_ in &types {
            for of in type_.fields.iter().filter_map(|(_, of)| *of) {
                assert!(types.iter().any(|type_| type_.name == of), "{} has a {of}", type_.name);
            }
        }
    }

    #[test]
    fn an_unknown_field_is_named_with_its_path_and_what_may_be_meant() {
        let pod = "
metadata: {name: p, labels: {any: thing}, annotation: {}}
spec:
  containers:
  - name: c
    livenesProbe: {httpGet: {path: /, prot: 80}}
    restartPolicyy: Always
    terminationGracePeriodSeconds: 5
    resources: {limit: {cpu: 1}, requests: {cpu: 1}}
    zzz: 1
";
        let found = unknown_in("Pod", pod);
        assert_eq!(
            found,
            [
                r#"unknown field "metadata.annotation" (line 2, column 43); did you mean "annotations"?"#,
                r#"unknown field "spec.containers[0].livenesProbe" (line 6, column 5); did you mean "livenessProbe"?"#,
                r#"unknown field "spec.containers[0].restartPolicyy" (line 7, column 5); did you mean "restartPolicy"?"#,
                r#"unknown field "spec.containers[0].terminationGracePeriodSeconds" (line 8, column 5); it belongs to "spec""#,
                r#"unknown field "spec.containers[0].resources.limit" (line 9, column 17); did you mean "limits"?"#,
                r#"unknown field "spec.containers[0].zzz" (line 10, column 5)"#,
            ]
        );
    }

    #[test]
    fn the_fields_of_a_workload_and_of_its_template_are_known() {
        let deployment = "
apiVersion: apps/v1
kind: Deployment
spec:
  replica: 3
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1}}
  template:
    spec: {tolerations: [{key: a, operater: Exists}], replicas: 3}
";
        assert_eq!(
            unknown_in("Deployment", deployment),
            [
                r#"unknown field "spec.replica" (line 5, column 3); did you mean "replicas"?"#,
                r#"unknown field "spec.template.spec.tolerations[0].operater" (line 8, column 35); did you mean "operator"?"#,
                r#"unknown field "spec.template.spec.replicas" (line 8, column 55); it belongs to "spec""#,
            ]
        );
        assert!(unknown_in("Service", deployment).is_empty());
    }
}
