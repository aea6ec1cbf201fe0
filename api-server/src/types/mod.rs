//! Types of Kubernetes: the fields that an object of a kind can have, and how their lists are merged.
//!
//! They are read from a table of the public API of Kubernetes 1.36. Strict field validation, server-side apply, the decoder
//! of protobuf and OpenAPI stand on it.

use std::{collections::BTreeMap, sync::LazyLock};

use super::resource::Resource;

/// One type a line that begins with `=`, then one field a line: JSON name (`+` if inlined), type, number, flags.
const TABLE: &str = include_str!("table.txt");

static TYPES: LazyLock<BTreeMap<&'static str, Definition>> = LazyLock::new(|| read(TABLE));

/// Object type with named fields.
#[derive(Debug)]
pub(super) struct Definition {
    /// Package and name: `core.Pod`, `autoscaling.v2.HorizontalPodAutoscaler`.
    pub(super) name: &'static str,
    /// True if server-side apply owns objects of this type as a whole.
    pub(super) is_atomic: bool,
    /// Fields as protobuf has them, by number.
    pub(super) wire: BTreeMap<u32, Field>,
    /// Inlined types, whose fields are this object's in JSON.
    inlined: Vec<&'static str>,
}

/// Field of an object type.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// Name in JSON; `+` if the field's own fields stand in its place.
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) list: ListType,
    /// True if a map or object is owned as a whole here.
    pub(super) is_atomic: bool,
    /// True if an object is owned field by field here, though its type says otherwise.
    pub(super) is_granular: bool,
    /// True if zero and absence differ.
    pub(super) is_pointer: bool,
    /// True if Go's JSON never omits the field.
    pub(super) is_always_there: bool,
    /// Default of a string.
    pub(super) default: Option<&'static str>,
}

/// Type of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    String,
    Bool,
    Int32,
    Int64,
    Double,
    /// Base64 in JSON.
    Bytes,
    Quantity,
    IntOrString,
    Time,
    MicroTime,
    Duration,
    /// Any JSON.
    Raw,
    /// A list of strings that protobuf wraps in a message.
    Strings,
    SchemaOrArray,
    SchemaOrBool,
    SchemaOrStrings,
    Object(&'static str),
    List(Box<Shape>),
    Map(Box<Shape>),
}

/// Merge rule of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ListType {
    /// Replaced as a whole.
    Atomic,
    /// Values that are there once each.
    Set,
    /// Items that are known by these of their fields.
    Map(Vec<&'static str>),
}

impl Definition {
    /// Returns a field by its JSON name, inlined ones included.
    pub(super) fn field(&'static self, name: &str) -> Option<&'static Field> {
        let own = self.wire.values().find(|field| field.name == name);
        own.or_else(|| self.inlined.iter().find_map(|inner| definition(inner)?.field(name)))
    }

    /// Returns all fields that JSON shows.
    pub(super) fn fields(&'static self) -> Vec<&'static Field> {
        let own = self.wire.values().filter(|field| field.name != "+");
        let inlined = self.inlined.iter().filter_map(|inner| definition(inner)).flat_map(Definition::fields);
        own.chain(inlined).collect()
    }

    /// Returns the kind: the name without its package.
    pub(super) fn kind(&self) -> &'static str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }
}

/// Returns a type by name.
pub(super) fn definition(name: &str) -> Option<&'static Definition> {
    TYPES.get(name)
}

/// Returns the type of an API group's kind, if it is one of Kubernetes'.
pub(super) fn of_kind(group: &str, version: &str, kind: &str) -> Option<&'static Definition> {
    let package = if group.is_empty() { "core" } else { group.split('.').next().unwrap_or_default() };
    definition(&if version == "v1" { format!("{package}.{kind}") } else { format!("{package}.{version}.{kind}") })
}

/// Returns the type of a resource's objects; `None` for custom resources.
pub(super) fn of(resource: &Resource) -> Option<&'static Definition> {
    match resource.origin {
        super::resource::Origin::BuiltIn => of_kind(&resource.group, &resource.version, &resource.kind),
        super::resource::Origin::Custom => None,
    }
}

fn read(table: &'static str) -> BTreeMap<&'static str, Definition> {
    let mut types = BTreeMap::new();
    let mut current: Option<Definition> = None;
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        if let Some(header) = line.strip_prefix('=') {
            let mut words = header.split(' ');
            let name = words.next().unwrap_or_default();
            let is_atomic = words.any(|word| word == "atomic");
            let next = Definition { name, is_atomic, wire: BTreeMap::new(), inlined: Vec::new() };
            if let Some(done) = current.replace(next) {
                types.insert(done.name, done);
            }
        } else if let (Some(definition), Some((field, number))) = (&mut current, read_field(line)) {
            if let (Shape::Object(inner), "+") = (&field.shape, field.name) {
                definition.inlined.push(inner);
            }
            // Types that are never sent as protobuf have no numbers.
            let number = if number == 0 { (definition.wire.len() as u32).saturating_add(1_000_000) } else { number };
            definition.wire.insert(number, field);
        }
    }
    if let Some(done) = current {
        types.insert(done.name, done);
    }
    types
}

fn read_field(line: &'static str) -> Option<(Field, u32)> {
    let mut words = line.split(' ');
    let (name, shape, number) = (words.next()?, read_shape(words.next()?), words.next()?.parse().ok()?);
    let mut field = Field {
        name,
        shape,
        list: ListType::Atomic,
        is_atomic: false,
        is_granular: false,
        is_pointer: false,
        is_always_there: false,
        default: None,
    };
    for word in words {
        match word.split_once('=') {
            Some(("keys", keys)) => field.list = ListType::Map(keys.split(',').collect()),
            Some(("default", value)) => field.default = Some(value),
            Some(_) => {}
            None => match word {
                "set" => field.list = ListType::Set,
                "atomic" => field.is_atomic = true,
                "granular" => field.is_granular = true,
                "pointer" => field.is_pointer = true,
                "always" => field.is_always_there = true,
                _ => {}
            },
        }
    }
    Some((field, number))
}

fn read_shape(text: &'static str) -> Shape {
    if let Some(item) = text.strip_prefix("[]") {
        return Shape::List(Box::new(read_shape(item)));
    }
    if let Some(value) = text.strip_prefix("{}") {
        return Shape::Map(Box::new(read_shape(value)));
    }
    match text {
        "string" => Shape::String,
        "bool" => Shape::Bool,
        "int32" | "uint32" | "byte" => Shape::Int32,
        "int64" | "int" | "uint64" => Shape::Int64,
        "float64" => Shape::Double,
        "bytes" => Shape::Bytes,
        "quantity" => Shape::Quantity,
        "intOrString" => Shape::IntOrString,
        "time" => Shape::Time,
        "microTime" => Shape::MicroTime,
        "duration" => Shape::Duration,
        "raw" => Shape::Raw,
        "strings" => Shape::Strings,
        "schemaOrArray" => Shape::SchemaOrArray,
        "schemaOrBool" => Shape::SchemaOrBool,
        "schemaOrStrings" => Shape::SchemaOrStrings,
        name => Shape::Object(name),
    }
}

#[cfg(test)]
mod tests {
    use super::{ListType, Shape, TYPES, definition, of};
    use crate::builtin;

    #[test]
    fn every_resource_that_is_served_has_a_type() {
        for resource in builtin::all() {
            let definition = of(&resource).unwrap_or_else(|| panic!("{resource:?}"));
            assert_eq!(definition.kind(), resource.kind);
            assert!(definition.field("metadata").is_some(), "{}", definition.name);
        }
    }

    #[test]
    fn every_type_that_a_field_names_is_there() {
        fn inner(shape: &Shape) -> Option<&'static str> {
            match shape {
                Shape::Object(name) => Some(name),
                Shape::List(item) | Shape::Map(item) => inner(item),
                Shape::String
                | Shape::Bool
                | Shape::Int32
                | Shape::Int64
                | Shape::Double
                | Shape::Bytes
                | Shape::Quantity
                | Shape::IntOrString
                | Shape::Time
                | Shape::MicroTime
                | Shape::Duration
                | Shape::Raw
                | Shape::Strings
                | Shape::SchemaOrArray
                | Shape::SchemaOrBool
                | Shape::SchemaOrStrings => None,
            }
        }
        let fields = TYPES.values().flat_map(|one| one.wire.values());
        let missing: Vec<_> =
            fields.filter_map(|field| inner(&field.shape)).filter(|name| definition(name).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?}");
        assert!(TYPES.len() > 300);
    }

    #[test]
    fn lists_have_the_keys_of_kubernetes() {
        let list = |type_: &str, field: &str| definition(type_).unwrap().field(field).unwrap().list.clone();
        assert_eq!(list("core.PodSpec", "containers"), ListType::Map(vec!["name"]));
        assert_eq!(list("core.Container", "ports"), ListType::Map(vec!["containerPort", "protocol"]));
        assert_eq!(list("core.Container", "args"), ListType::Atomic);
        assert_eq!(list("meta.ObjectMeta", "finalizers"), ListType::Set);
        // A volume's source is inlined.
        assert!(definition("core.Volume").unwrap().field("emptyDir").is_some());
    }
}
