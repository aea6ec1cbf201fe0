//! Points in time, at the edge to jiff.

use k8s_openapi::{
    apimachinery::pkg::apis::meta::v1::{MicroTime, Time},
    jiff,
};
use pod_lifecycle::Timestamp;
use proptest::prelude::*;

/// The years that jiff's calendar has, in microseconds.
fn in_jiffs_calendar() -> impl Strategy<Value = i64> {
    jiff::Timestamp::MIN.as_microsecond()..=jiff::Timestamp::MAX.as_microsecond()
}

proptest! {
    #[test]
    fn a_time_comes_back_to_the_microsecond(micros in in_jiffs_calendar()) {
        let time = Timestamp::from_unix_micros(micros);
        prop_assert_eq!(Timestamp::from(jiff::Timestamp::from(time)), time);
        prop_assert_eq!(Timestamp::from(&MicroTime::from(time)), time);
        prop_assert_eq!(Timestamp::from(&Time::from(time)), time.whole_seconds());
    }

    #[test]
    fn nanoseconds_are_rounded_down(micros in in_jiffs_calendar(), nanos in 0..1_000_i128) {
        let exact = jiff::Timestamp::from_nanosecond(i128::from(micros) * 1_000 + nanos);
        prop_assume!(exact.is_ok());
        prop_assert_eq!(Timestamp::from(exact.unwrap()).unix_micros(), micros);
    }

    #[test]
    fn both_write_the_same_time(micros in in_jiffs_calendar()) {
        let time = Timestamp::from_unix_micros(micros);
        prop_assume!((0..=9999).contains(&jiff::Timestamp::from(time).to_zoned(jiff::tz::TimeZone::UTC).year()));
        prop_assert_eq!(serde_json::to_value(time).unwrap(), serde_json::to_value(Time::from(time)).unwrap());
    }
}

#[test]
fn times_beyond_the_calendar_become_its_ends() {
    let ends = [i64::MIN, i64::MAX].map(|micros| jiff::Timestamp::from(Timestamp::from_unix_micros(micros)));
    assert_eq!(ends, [jiff::Timestamp::MIN, jiff::Timestamp::MAX]);
}
