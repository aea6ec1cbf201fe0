//! From any type to a value.

use alloc::{
    borrow::ToOwned,
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use serde::{Serialize, Serializer, ser};

use super::{Opaque, OpaqueError};

impl Opaque {
    /// The value of anything that serde can write, say of a type of `k8s-openapi`.
    ///
    /// # Errors
    ///
    /// [`OpaqueError`] if the type refuses to be written, or has a map whose keys are not single values.
    ///
    /// ```
    /// use pod_lifecycle::api::{Opaque, PodIp};
    ///
    /// let ips = [PodIp::from("10.244.1.7")];
    /// assert_eq!(serde_json::to_string(&Opaque::of(&ips)?)?, r#"[{"ip":"10.244.1.7"}]"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Opaque, OpaqueError> {
        value.serialize(Make)
    }
}

impl ser::Error for OpaqueError {
    fn custom<T: fmt::Display>(problem: T) -> OpaqueError {
        OpaqueError::new(problem.to_string())
    }
}

/// Makes one value.
struct Make;

macro_rules! scalars {
    ($($method:ident($from:ty) => |$value:ident| $made:expr;)+) => {
        $(fn $method(self, $value: $from) -> Result<Opaque, OpaqueError> {
            Ok($made)
        })+
    };
}

impl Serializer for Make {
    type Ok = Opaque;
    type Error = OpaqueError;
    type SerializeSeq = MakeList;
    type SerializeTuple = MakeList;
    type SerializeTupleStruct = MakeList;
    type SerializeTupleVariant = MakeList;
    type SerializeMap = MakeMap;
    type SerializeStruct = MakeMap;
    type SerializeStructVariant = MakeMap;

    scalars! {
        serialize_bool(bool) => |value| Opaque::Bool(value);
        serialize_i8(i8) => |number| Opaque::Integer(number.into());
        serialize_i16(i16) => |number| Opaque::Integer(number.into());
        serialize_i32(i32) => |number| Opaque::Integer(number.into());
        serialize_i64(i64) => |number| Opaque::Integer(number);
        serialize_u8(u8) => |number| Opaque::Integer(number.into());
        serialize_u16(u16) => |number| Opaque::Integer(number.into());
        serialize_u32(u32) => |number| Opaque::Integer(number.into());
        serialize_u64(u64) => |number| Opaque::from(number);
        serialize_f32(f32) => |number| Opaque::from(f64::from(number));
        serialize_f64(f64) => |number| Opaque::from(number);
        serialize_char(char) => |letter| Opaque::String(letter.into());
        serialize_str(&str) => |text| Opaque::from(text);
        serialize_bytes(&[u8]) => |bytes| bytes.iter().map(|byte| i64::from(*byte)).collect();
        serialize_unit_struct(&'static str) => |_name| Opaque::Null;
    }

    fn serialize_none(self) -> Result<Opaque, OpaqueError> {
        Ok(Opaque::Null)
    }

    fn serialize_unit(self) -> Result<Opaque, OpaqueError> {
        Ok(Opaque::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Opaque, OpaqueError> {
        value.serialize(self)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Opaque, OpaqueError> {
        Ok(Opaque::from(variant))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Opaque, OpaqueError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Opaque, OpaqueError> {
        value.serialize(self).map(|value| named(Some(variant), value))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<MakeList, OpaqueError> {
        Ok(MakeList::default())
    }

    fn serialize_tuple(self, _: usize) -> Result<MakeList, OpaqueError> {
        Ok(MakeList::default())
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<MakeList, OpaqueError> {
        Ok(MakeList::default())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<MakeList, OpaqueError> {
        Ok(MakeList { variant: Some(variant), ..MakeList::default() })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<MakeMap, OpaqueError> {
        // Equivalent with `Ok(Default::default())`: it is just that.
        Ok(MakeMap::default())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<MakeMap, OpaqueError> {
        // Equivalent with `Ok(Default::default())`: it is just that.
        Ok(MakeMap::default())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<MakeMap, OpaqueError> {
        Ok(MakeMap { variant: Some(variant), ..MakeMap::default() })
    }
}

/// A value, below the name of its variant if it has one.
fn named(variant: Option<&'static str>, value: Opaque) -> Opaque {
    match variant {
        Some(variant) => [(variant, value)].into_iter().collect(),
        None => value,
    }
}

/// Makes a list, one value after the other.
#[derive(Default)]
struct MakeList {
    variant: Option<&'static str>,
    values: Vec<Opaque>,
}

impl MakeList {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), OpaqueError> {
        self.values.push(value.serialize(Make)?);
        Ok(())
    }

    fn finish(self) -> Opaque {
        named(self.variant, Opaque::List(self.values))
    }
}

macro_rules! list {
    ($($kind:ident::$method:ident),+) => {
        $(impl ser::$kind for MakeList {
            type Ok = Opaque;
            type Error = OpaqueError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), OpaqueError> {
                self.push(value)
            }

            fn end(self) -> Result<Opaque, OpaqueError> {
                Ok(self.finish())
            }
        })+
    };
}

list!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

/// Makes a map, one field after the other.
#[derive(Default)]
struct MakeMap {
    variant: Option<&'static str>,
    fields: BTreeMap<String, Opaque>,
    /// The key whose value comes next.
    key: String,
}

impl MakeMap {
    fn insert<T: Serialize + ?Sized>(&mut self, field: &str, value: &T) -> Result<(), OpaqueError> {
        self.fields.insert(field.to_owned(), value.serialize(Make)?);
        Ok(())
    }

    fn finish(self) -> Opaque {
        named(self.variant, Opaque::Map(self.fields))
    }
}

impl ser::SerializeMap for MakeMap {
    type Ok = Opaque;
    type Error = OpaqueError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), OpaqueError> {
        self.key = key.serialize(Make)?.into_key()?;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), OpaqueError> {
        let key = core::mem::take(&mut self.key);
        self.insert(&key, value)
    }

    fn end(self) -> Result<Opaque, OpaqueError> {
        Ok(self.finish())
    }
}

macro_rules! map {
    ($($kind:ident),+) => {
        $(impl ser::$kind for MakeMap {
            type Ok = Opaque;
            type Error = OpaqueError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                field: &'static str,
                value: &T,
            ) -> Result<(), OpaqueError> {
                self.insert(field, value)
            }

            fn end(self) -> Result<Opaque, OpaqueError> {
                Ok(self.finish())
            }
        })+
    };
}

map!(SerializeStruct, SerializeStructVariant);
