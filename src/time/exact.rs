//! Serde format of timestamps to the microsecond, unlike a manifest's, which are whole seconds.
//!
//! Formats for people get RFC 3339, or microseconds for a year that it cannot write; binary formats get microseconds.

use alloc::{string::String, vec::Vec};
use core::fmt;

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};

use super::Timestamp;

pub(crate) fn serialize<T: Exact, S: Serializer>(times: &T, serializer: S) -> Result<S::Ok, S::Error> {
    times.wire().serialize(serializer)
}

pub(crate) fn deserialize<'de, T: Exact, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::Wire::deserialize(deserializer).map(T::of)
}

/// One timestamp or several, with their wire type.
pub(crate) trait Exact {
    type Wire: Serialize + for<'de> Deserialize<'de>;

    fn wire(&self) -> Self::Wire;

    fn of(wire: Self::Wire) -> Self;
}

impl Exact for Timestamp {
    type Wire = Micros;

    fn wire(&self) -> Micros {
        Micros(*self)
    }

    fn of(Micros(time): Micros) -> Timestamp {
        time
    }
}

impl Exact for Option<Timestamp> {
    type Wire = Option<Micros>;

    fn wire(&self) -> Option<Micros> {
        self.map(Micros)
    }

    fn of(wire: Option<Micros>) -> Option<Timestamp> {
        wire.map(|Micros(time)| time)
    }
}

impl Exact for Option<(Timestamp, u8)> {
    type Wire = Option<(Micros, u8)>;

    fn wire(&self) -> Option<(Micros, u8)> {
        self.map(|(time, number)| (Micros(time), number))
    }

    fn of(wire: Option<(Micros, u8)>) -> Option<(Timestamp, u8)> {
        wire.map(|(Micros(time), number)| (time, number))
    }
}

impl Exact for Vec<Timestamp> {
    type Wire = Vec<Micros>;

    fn wire(&self) -> Vec<Micros> {
        self.iter().copied().map(Micros).collect()
    }

    fn of(wire: Vec<Micros>) -> Vec<Timestamp> {
        wire.into_iter().map(|Micros(time)| time).collect()
    }
}

impl<const N: usize> Exact for [Option<Timestamp>; N]
where
    [Option<Micros>; N]: Serialize + for<'de> Deserialize<'de>,
{
    type Wire = [Option<Micros>; N];

    fn wire(&self) -> [Option<Micros>; N] {
        self.map(|time| time.map(Micros))
    }

    fn of(wire: [Option<Micros>; N]) -> [Option<Timestamp>; N] {
        wire.map(|time| time.map(|Micros(time)| time))
    }
}

/// Wire type of a timestamp.
pub(crate) struct Micros(Timestamp);

impl Serialize for Micros {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let micros = self.0.unix_micros();
        let time = DateTime::<Utc>::from_timestamp_micros(micros);
        // RFC 3339 has four digits for the year; `AutoSi` writes as many decimals as are needed.
        match time.filter(|time| serializer.is_human_readable() && (0..=9999).contains(&time.year())) {
            Some(time) => serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            None => serializer.serialize_i64(micros),
        }
    }
}

impl<'de> Deserialize<'de> for Micros {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Micros, D::Error> {
        if deserializer.is_human_readable() {
            // The format says if it is a text or a number; a binary one could not.
            deserializer.deserialize_any(MicrosVisitor)
        } else {
            i64::deserialize(deserializer).map(Timestamp::from_unix_micros).map(Micros)
        }
    }
}

struct MicrosVisitor;

impl Visitor<'_> for MicrosVisitor {
    type Value = Micros;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an RFC 3339 time, or microseconds since 1970")
    }

    fn visit_i64<E: de::Error>(self, micros: i64) -> Result<Micros, E> {
        Ok(Micros(Timestamp::from_unix_micros(micros)))
    }

    fn visit_u64<E: de::Error>(self, micros: u64) -> Result<Micros, E> {
        // serde_json reads any number without a sign as u64.
        i64::try_from(micros).map_err(E::custom).and_then(|micros| self.visit_i64(micros))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Micros, E> {
        text.parse().map(Micros).map_err(E::custom)
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Micros, E> {
        self.visit_str(&text)
    }
}
