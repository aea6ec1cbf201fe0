//! Chance in scenarios: distributions, what a script leaves to them, and samples that depend on nothing but a seed.

use alloc::{collections::BTreeMap, format, string::String, vec::Vec};
use core::{convert::Infallible, time::Duration};

use rand_core::TryRng;
use rand_distr::{Distribution as _, Exp, LogNormal, Weibull, num_traits::Float};
use serde::{Deserialize, Serialize};

use super::duration::{MAX, from_seconds, is_time, seconds, to_seconds};
use crate::{config::mix, rule::probe::ProbeOutcome, spec::ProbeKind};

/// A distribution of durations; in JSON and YAML they are numbers of seconds.
///
/// ```
/// use core::time::Duration;
/// use pod_lifecycle::sim::Distribution;
///
/// let uptime: Distribution = serde_json::from_str(r#"{"weibull": {"scale": 300, "shape": 1.5}}"#)?;
/// assert_eq!(uptime, Distribution::Weibull { scale: Duration::from_secs(300), shape: 1.5 });
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub enum Distribution {
    /// Always the same duration.
    Constant(#[serde(with = "seconds")] Duration),
    /// Any duration between two is equally likely.
    #[serde(rename_all = "camelCase")]
    Uniform {
        /// The shortest duration, included.
        #[serde(with = "seconds")]
        min: Duration,
        /// The longest duration, not below `min`.
        #[serde(with = "seconds")]
        max: Duration,
    },
    /// Random arrivals, without memory.
    Exponential {
        /// The mean, above 0: the inverse of the rate.
        #[serde(with = "seconds")]
        mean: Duration,
    },
    /// Lifetimes: failures come early with a shape below 1, and by wear with one above 1.
    Weibull {
        /// The duration that 63 % do not exceed.
        #[serde(with = "seconds")]
        scale: Duration,
        /// The shape, a number without a unit.
        shape: f64,
    },
    /// Pulls and response times: most are short, some are very long.
    #[serde(rename_all = "camelCase")]
    Lognormal {
        /// The median, above 0: half of the durations are shorter.
        #[serde(with = "seconds")]
        median: Duration,
        /// The standard deviation of the logarithm.
        sigma: f64,
    },
}

/// Error of an invalid distribution: the parameter, its value and its mistake.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{parameter}: {value} {wrong}")]
#[non_exhaustive]
pub struct DistributionError {
    /// Name of the parameter.
    pub parameter: &'static str,
    /// Its value, a duration in seconds.
    pub value: f64,
    /// Its mistake, as the end of a sentence: `is not a number above 0`.
    pub wrong: &'static str,
}

impl Distribution {
    /// Checks the parameters.
    ///
    /// # Errors
    ///
    /// [`DistributionError`] names the parameter.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::sim::Distribution;
    ///
    /// let backwards = Distribution::Uniform { min: Duration::from_secs(5), max: Duration::from_secs(1) };
    /// assert_eq!(backwards.check().unwrap_err().to_string(), "max: 1 is less than min");
    /// ```
    pub fn check(&self) -> Result<(), DistributionError> {
        match *self {
            Distribution::Constant(value) => duration("constant", value),
            Distribution::Uniform { min, max } => {
                duration("min", min)?;
                duration("max", max)?;
                if max < min {
                    return Err(DistributionError {
                        parameter: "max",
                        value: to_seconds(max),
                        wrong: "is less than min",
                    });
                }
                Ok(())
            }
            Distribution::Exponential { mean } => positive("mean", to_seconds(mean)),
            Distribution::Weibull { scale, shape } => {
                positive("scale", to_seconds(scale)).and(positive("shape", shape))
            }
            Distribution::Lognormal { median, sigma } => {
                positive("median", to_seconds(median)).and(not_negative("sigma", sigma))
            }
        }
    }

    /// Draws a duration; zero if a parameter is invalid.
    pub(super) fn sample(&self, draw: Draw) -> Duration {
        let mut random = draw.numbers();
        let value = match *self {
            Distribution::Constant(value) => return value,
            Distribution::Uniform { min, max } => {
                let (min, max) = (to_seconds(min), to_seconds(max));
                min + (max - min) * draw.fraction()
            }
            // The crate takes the rate, which is the inverse of the mean.
            Distribution::Exponential { mean } => {
                Exp::new(1.0 / to_seconds(mean)).map_or(0.0, |exponential| exponential.sample(&mut random))
            }
            Distribution::Weibull { scale, shape } => {
                Weibull::new(to_seconds(scale), shape).map_or(0.0, |weibull| weibull.sample(&mut random))
            }
            // The logarithm of a lognormal number is normal, and its mean is that of the median. `f64::ln` itself needs
            // std.
            Distribution::Lognormal { median, sigma } => LogNormal::new(Float::ln(to_seconds(median)), sigma)
                .map_or(0.0, |lognormal| lognormal.sample(&mut random)),
        };
        // The tail of a distribution may reach beyond the longest time of a script.
        from_seconds(if value > 0.0 { value.min(MAX.as_secs_f64()) } else { 0.0 })
    }
}

fn duration(parameter: &'static str, value: Duration) -> Result<(), DistributionError> {
    if is_time(value) { Ok(()) } else { not_negative(parameter, to_seconds(value)) }
}

fn not_negative(parameter: &'static str, value: f64) -> Result<(), DistributionError> {
    if value >= 0.0 && value.is_finite() {
        Ok(())
    } else {
        Err(DistributionError { parameter, value, wrong: "is not a number from 0 on" })
    }
}

fn positive(parameter: &'static str, value: f64) -> Result<(), DistributionError> {
    if value > 0.0 && value.is_finite() {
        Ok(())
    } else {
        Err(DistributionError { parameter, value, wrong: "is not a number above 0" })
    }
}

/// Random behaviour of a container, in place of the fixed times and codes of its runs and its image.
///
/// ```
/// use pod_lifecycle::sim::Scenario;
///
/// let scenario: Scenario = serde_json::from_str(r#"{
///     "pod": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}},
///     "script": {"seed": 7, "containers": {"app": {
///         "random": {"exitsAfterSeconds": {"exponential": {"mean": 30}}, "exitCodes": {"0": 1, "137": 1}}
///     }}}
/// }"#)?;
/// assert!(scenario.play()?.restarts("app") > Some(0));
/// assert_eq!(scenario.play()?, scenario.play()?, "the same seed gives the same run");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct RandomScript {
    /// Time from its start until a run exits by itself.
    #[serde(rename = "exitsAfterSeconds", default, skip_serializing_if = "Option::is_none")]
    pub exits_after: Option<Distribution>,
    /// Weights of the exit codes of such a run; if empty, the run's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub exit_codes: BTreeMap<i32, f64>,
    /// Time from SIGTERM until a run exits.
    #[serde(rename = "sigtermExitAfterSeconds", default, skip_serializing_if = "Option::is_none")]
    pub sigterm_exit_after: Option<Distribution>,
    /// Time that a pull takes.
    #[serde(rename = "pullSeconds", default, skip_serializing_if = "Option::is_none")]
    pub pull_time: Option<Distribution>,
    /// Probability that a pull fails, from 0 to 1.
    #[serde(default)]
    pub pull_failure: f64,
    /// Random failures and latencies of the probes.
    #[serde(default)]
    pub probes: RandomProbes,
}

/// Random behaviour of a container's probes, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RandomProbes {
    /// Of the startup probe; as the run says if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub startup: Option<RandomProbe>,
    /// Of the readiness probe; as the run says if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readiness: Option<RandomProbe>,
    /// Of the liveness probe; as the run says if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liveness: Option<RandomProbe>,
}

/// Random failures and latency of a probe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct RandomProbe {
    /// Probability that it fails where the run says that it succeeds, from 0 to 1.
    #[serde(default)]
    pub failure: f64,
    /// Time until it is answered; at once if left out. A probe that takes longer than `timeoutSeconds` has failed.
    #[serde(rename = "latencySeconds", default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Distribution>,
}

impl RandomScript {
    /// Draws an exit code; `None`: that of the run.
    pub(super) fn exit_code(&self, draw: Draw) -> Option<i32> {
        let total: f64 = self.exit_codes.values().sum();
        let mut left = draw.fraction() * total;
        let mut chosen = None;
        // In ascending order of the codes, so that a seed chooses the same one on every machine.
        for (code, weight) in &self.exit_codes {
            chosen = Some(*code);
            left -= weight;
            // Rounding may leave a last rest of 0: then it is the last code.
            if left < 0.0 {
                break;
            }
        }
        chosen
    }

    /// Returns the first invalid number: its field, its value and what is wrong with it.
    pub(super) fn first_mistake(&self, path: &str) -> Option<(String, f64, &'static str)> {
        let probes = [
            ("startup", self.probes.startup),
            ("readiness", self.probes.readiness),
            ("liveness", self.probes.liveness),
        ];
        let probes: Vec<_> = probes.into_iter().filter_map(|(name, probe)| Some((name, probe?))).collect();
        let named = [
            ("exitsAfterSeconds", self.exits_after),
            ("sigtermExitAfterSeconds", self.sigterm_exit_after),
            ("pullSeconds", self.pull_time),
        ];
        let named = named.into_iter().map(|(field, distribution)| (format!("{path}.{field}"), distribution));
        let latencies =
            probes.iter().map(|(name, probe)| (format!("{path}.probes.{name}.latencySeconds"), probe.latency));
        for (field, distribution) in named.chain(latencies) {
            if let Some(Err(error)) = distribution.map(|distribution| distribution.check()) {
                return Some((format!("{field}.{}", error.parameter), error.value, error.wrong));
            }
        }
        let chances = probes.iter().map(|(name, probe)| (format!("{path}.probes.{name}.failure"), probe.failure));
        let mut chances = chances.chain([(format!("{path}.pullFailure"), self.pull_failure)]);
        if let Some((field, value)) = chances.find(|(_, value)| !(0.0..=1.0).contains(value)) {
            return Some((field, value, "is not a probability from 0 to 1"));
        }
        let mut codes = self.exit_codes.iter();
        // The bound keeps the sum of the weights finite and exact enough.
        let bad = codes.find(|(_, weight)| !(0.0..=1e9).contains(*weight));
        bad.map(|(code, weight)| (format!("{path}.exitCodes.{code}"), *weight, "is not a weight from 0 on"))
    }
}

impl RandomProbes {
    pub(super) fn of(&self, kind: ProbeKind) -> Option<&RandomProbe> {
        match kind {
            ProbeKind::Startup => self.startup.as_ref(),
            ProbeKind::Readiness => self.readiness.as_ref(),
            ProbeKind::Liveness => self.liveness.as_ref(),
        }
    }
}

impl RandomProbe {
    /// Turns some of the successes into failures.
    pub(super) fn spoil(&self, outcome: ProbeOutcome, draw: Draw) -> ProbeOutcome {
        // Chance only adds failures: a failure that the run says stays one.
        let fails = self.failure > 0.0 && outcome == ProbeOutcome::Success && draw.fraction() < self.failure;
        if fails { ProbeOutcome::Failure } else { outcome }
    }
}

/// One random decision: the n-th of its kind in a container of a Pod. Its samples depend on nothing else, so the order
/// in which they are drawn does not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Draw(u64);

/// Kind of random decision. Its number is part of every draw, and so of recorded digests: new kinds are added at the
/// end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chance {
    /// Time of a run's exit.
    Exit,
    /// Exit code of a run.
    ExitCode,
    /// Time from SIGTERM to the exit.
    Sigterm,
    /// Duration of a pull.
    Pull,
    /// Failure of a pull.
    PullFailure,
    /// Failure of a probe.
    Probe,
    /// Latency of a probe.
    Latency,
    /// Start of a Pod of a fleet.
    Begin,
    /// Choice of a Pod of a fleet for an action.
    Choice,
    /// Time of that action.
    At,
    /// Choice of a node of a fleet.
    Node,
}

impl Draw {
    /// Creates the n-th decision of a kind `of` a container or an action.
    pub(super) fn new(seed: u64, chance: Chance, of: u64, n: u64) -> Draw {
        // Odd constants with mixed bits (the first is 2^64 divided by the golden ratio) keep small numbers apart. They
        // are part of every recorded digest.
        let kind = mix(seed ^ (chance as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Draw(mix(kind ^ of.wrapping_mul(0xd1b5_4a32_d192_ed03) ^ mix(n.wrapping_add(0x2545_f491_4f6c_dd1d))))
    }

    /// Draws a number from 0 to below 1.
    pub(super) fn fraction(self) -> f64 {
        // 2^53, the number of fractions that an `f64` holds.
        const STEPS: f64 = 9_007_199_254_740_992.0;
        #[expect(clippy::cast_precision_loss, reason = "53 bits are left")]
        let numerator = (mix(self.0) >> 11) as f64;
        numerator / STEPS
    }

    fn numbers(self) -> Numbers {
        Numbers(self.0)
    }
}

/// Random numbers of one decision (`SplitMix64`).
// A generator for each decision, since some distributions draw several numbers, and not always as many.
struct Numbers(u64);

impl TryRng for Numbers {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|number| (number >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        Ok(mix(self.0))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let number = self.try_next_u64()?.to_le_bytes();
            chunk.iter_mut().zip(number).for_each(|(byte, random)| *byte = random);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(distribution: Distribution) -> f64 {
        let draws = (0..20_000).map(|n| distribution.sample(Draw::new(7, Chance::Exit, 0, n)).as_secs_f64());
        draws.sum::<f64>() / 20_000.0
    }

    #[test]
    fn means_are_those_of_the_textbooks() {
        let of = Duration::from_secs;
        let expected = [
            (Distribution::Constant(of(3)), 3.0),
            (Distribution::Uniform { min: of(2), max: of(4) }, 3.0),
            (Distribution::Exponential { mean: of(3) }, 3.0),
            (Distribution::Weibull { scale: of(3), shape: 2.0 }, 3.0 * 0.886_227),
            (Distribution::Lognormal { median: of(3), sigma: 0.5 }, 3.0 * 1.133_148),
        ];
        for (distribution, expected) in expected {
            let found = mean(distribution);
            assert!((found / expected - 1.0).abs() < 0.03, "{distribution:?}: {found} and not {expected}");
        }
    }

    #[test]
    fn exit_codes_are_drawn_in_proportion_to_their_weights() {
        let codes = [(0, 3.0), (137, 1.0)].into_iter().collect();
        let script = RandomScript { exit_codes: codes, ..RandomScript::default() };
        let killed =
            (0..10_000).filter(|n| script.exit_code(Draw::new(1, Chance::ExitCode, 0, *n)) == Some(137)).count();
        assert!((2_300..2_700).contains(&killed), "{killed}");
    }
}
