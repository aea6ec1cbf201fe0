//! From a value to any format.

use serde::{Serialize, Serializer};

use super::{Opaque, OpaqueFloat};

impl Serialize for Opaque {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Opaque::Null => serializer.serialize_unit(),
            Opaque::Bool(value) => serializer.serialize_bool(*value),
            Opaque::Integer(number) => serializer.serialize_i64(*number),
            Opaque::Float(number) => number.serialize(serializer),
            Opaque::String(text) => serializer.serialize_str(text),
            Opaque::List(values) => serializer.collect_seq(values),
            Opaque::Map(fields) => serializer.collect_map(fields),
        }
    }
}

impl Serialize for OpaqueFloat {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.get())
    }
}
