//! Enums with the names that Kubernetes spells; unknown strings are kept.

use alloc::{borrow::Cow, boxed::Box, string::String, vec::Vec};
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Closed set of values, each with the name that Kubernetes spells.
///
/// ```
/// use pod_lifecycle::api::{Name, PodPhase};
///
/// assert_eq!(PodPhase::Succeeded.name(), "Succeeded");
/// let terminal = PodPhase::ALL.iter().filter(|phase| phase.is_terminal()).count();
/// assert_eq!(terminal, 2);
/// ```
pub trait Name: Copy + PartialEq + 'static {
    /// Every value, in the order in which Kubernetes lists them.
    const ALL: &'static [Self];

    /// Returns Kubernetes' spelling.
    fn name(self) -> &'static str;
}

/// Value of the set `T`, or a string that names none of them.
///
/// ```
/// use pod_lifecycle::api::{Named, RestartPolicy};
///
/// assert_eq!(Named::from("Always"), Named::Known(RestartPolicy::Always));
/// let odd = Named::<RestartPolicy>::from("Sometimes");
/// assert_eq!((odd.known(), odd.as_str()), (None, "Sometimes"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Named<T> {
    /// One of the values that Kubernetes knows.
    Known(T),
    /// Anything else, as it was written.
    Other(String),
}

impl<T: Name> Named<T> {
    /// Returns the value if it is one of the set.
    #[must_use]
    pub fn known(&self) -> Option<T> {
        match self {
            Named::Known(value) => Some(*value),
            Named::Other(_) => None,
        }
    }

    /// Returns the string as Kubernetes, or the author, spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Named::Known(value) => value.name(),
            Named::Other(text) => text,
        }
    }
}

impl<T: Name> From<T> for Named<T> {
    fn from(value: T) -> Named<T> {
        Named::Known(value)
    }
}

impl<T: Name> From<&str> for Named<T> {
    fn from(text: &str) -> Named<T> {
        // Names are case-sensitive, as everywhere in the API.
        let known = T::ALL.iter().copied().find(|value| value.name() == text);
        known.map_or_else(|| Named::Other(text.into()), Named::Known)
    }
}

impl<T: Name> PartialEq<T> for Named<T> {
    /// ```
    /// use pod_lifecycle::api::{Named, PodPhase};
    ///
    /// assert_eq!(Named::<PodPhase>::from("Running"), PodPhase::Running);
    /// ```
    fn eq(&self, known: &T) -> bool {
        matches!(self, Named::Known(value) if value == known)
    }
}

impl<T: Name> fmt::Display for Named<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<T: Name> Serialize for Named<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de, T: Name> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Named<T>, D::Error> {
        Cow::<'de, str>::deserialize(deserializer).map(|text| Named::from(&*text))
    }
}

/// Error of a string that names no value of a set.
///
/// ```
/// use pod_lifecycle::api::RestartPolicy;
///
/// let error = "Sometimes".parse::<RestartPolicy>().unwrap_err();
/// assert_eq!(error.to_string(), r#"expected one of Always, OnFailure, Never, found "Sometimes""#);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnknownName {
    word: Box<str>,
    expected: String,
}

impl UnknownName {
    pub(crate) fn of<T: Name>(word: &str) -> UnknownName {
        let expected: Vec<&str> = T::ALL.iter().map(|value| value.name()).collect();
        UnknownName { word: word.into(), expected: expected.join(", ") }
    }

    /// Returns the string.
    ///
    /// ```
    /// use pod_lifecycle::api::PodPhase;
    ///
    /// assert_eq!("running".parse::<PodPhase>().unwrap_err().word(), "running");
    /// ```
    #[must_use]
    pub fn word(&self) -> &str {
        &self.word
    }
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected one of {}, found {:?}", self.expected, self.word)
    }
}

impl core::error::Error for UnknownName {}

/// Reads a value of a closed set by its name.
macro_rules! from_name {
    ($ty:ident) => {
        impl core::str::FromStr for $ty {
            type Err = $crate::api::UnknownName;

            fn from_str(text: &str) -> Result<$ty, Self::Err> {
                let all = <$ty as $crate::api::Name>::ALL.iter().copied();
                let mut of_the_name = all.filter(|value| $crate::api::Name::name(*value) == text);
                of_the_name.next().ok_or_else(|| $crate::api::UnknownName::of::<$ty>(text))
            }
        }
    };
}
pub(crate) use from_name;

/// Declares an enum whose values have Kubernetes' names, with `Name`, `Display`, `FromStr` and serde by that name.
macro_rules! named {
    ($(#[$meta:meta])* $vis:vis enum $ty:ident { $($(#[$vmeta:meta])* $variant:ident = $name:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $ty {
            $($(#[$vmeta])* #[doc = concat!("`", $name, "`")] $variant,)+
        }

        impl $crate::api::Name for $ty {
            const ALL: &'static [$ty] = &[$($ty::$variant,)+];

            fn name(self) -> &'static str {
                match self {
                    $($ty::$variant => $name,)+
                }
            }
        }

        $crate::api::from_name!($ty);

        impl core::fmt::Display for $ty {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str($crate::api::Name::name(*self))
            }
        }

        impl serde::Serialize for $ty {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str($crate::api::Name::name(*self))
            }
        }

        impl<'de> serde::Deserialize<'de> for $ty {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$ty, D::Error> {
                let text = <alloc::borrow::Cow<'de, str> as serde::Deserialize<'de>>::deserialize(deserializer)?;
                let known = <$ty as $crate::api::Name>::ALL.iter().copied();
                known
                    .clone()
                    .find(|value| $crate::api::Name::name(*value) == text)
                    // The error of serde's own enums, which lists the names.
                    .ok_or_else(|| serde::de::Error::unknown_variant(&text, &[$($name,)+]))
            }
        }
    };
}
pub(crate) use named;

/// Declares an enum of the names that Kubernetes knows, and of any other: with `KNOWN`, `as_str`, `From<&str>`,
/// `FromStr`, `Display` and serde by that name.
macro_rules! open_named {
    ($(#[$meta:meta])* $vis:vis enum $ty:ident { $($(#[$vmeta:meta])* $variant:ident = $name:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        $vis enum $ty {
            $($(#[$vmeta])* #[doc = concat!("`", $name, "`")] $variant,)+
            /// Any other string, as it was written; [`From`] never puts a known one here.
            Other(alloc::boxed::Box<str>),
        }

        impl $ty {
            /// The names that Kubernetes itself uses, in the order in which they stand here.
            pub const KNOWN: &'static [$ty] = &[$($ty::$variant,)+];

            /// Returns Kubernetes' spelling, or the string as it was written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $($ty::$variant => $name,)+
                    $ty::Other(text) => text,
                }
            }
        }

        impl From<&str> for $ty {
            fn from(text: &str) -> $ty {
                match text {
                    $($name => $ty::$variant,)+
                    // Runtimes, plugins and newer versions have names of their own.
                    _ => $ty::Other(text.into()),
                }
            }
        }

        impl core::str::FromStr for $ty {
            type Err = core::convert::Infallible;

            fn from_str(text: &str) -> Result<$ty, Self::Err> {
                Ok(text.into())
            }
        }

        impl core::fmt::Display for $ty {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $ty {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $ty {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$ty, D::Error> {
                let text = <alloc::borrow::Cow<'de, str> as serde::Deserialize<'de>>::deserialize(deserializer)?;
                Ok((&*text).into())
            }
        }
    };
}
pub(crate) use open_named;
