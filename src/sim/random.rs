//! What is left to chance in a container's life: drawn from a seed, the same each time.

use alloc::{collections::BTreeMap, format, string::String, vec::Vec};
use core::{convert::Infallible, time::Duration};

use rand_core::TryRng;
use rand_distr::{Distribution as _, Exp, LogNormal, Weibull, num_traits::Float};
use serde::{Deserialize, Serialize};

use super::script::seconds;
use crate::{config::mix, rule::probe::ProbeOutcome, spec::ProbeKind};

/// A distribution of times in seconds, as a scenario names it.
///
/// ```
/// use pod_lifecycle::sim::Distribution;
///
/// let life: Distribution = serde_json::from_str(r#"{"weibull": {"scale": 300, "shape": 1.5}}"#)?;
/// assert_eq!(life, Distribution::Weibull { scale: 300.0, shape: 1.5 });
/// assert!(serde_json::from_str::<Distribution>(r#"{"weibull": {"scale": 300}}"#).is_err());
/// assert!(Distribution::Exponential { mean: -1.0 }.check().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub enum Distribution {
    /// Always the same number of seconds.
    Constant(f64),
    /// Any time between two is as likely as any other.
    #[serde(rename_all = "camelCase")]
    Uniform {
        /// The shortest, in seconds.
        min: f64,
        /// The longest, in seconds.
        max: f64,
    },
    /// What comes at random, without a memory.
    Exponential {
        /// The mean, in seconds.
        mean: f64,
    },
    /// Lifetimes: a shape below 1 fails early, above 1 it wears out.
    Weibull {
        /// The time by which 63 % have come, in seconds.
        scale: f64,
        /// The shape: a number without a unit.
        shape: f64,
    },
    /// Times of pulls and answers: most are short, some are very long.
    #[serde(rename_all = "camelCase")]
    Lognormal {
        /// The median, in seconds.
        median: f64,
        /// The standard deviation of the logarithm.
        sigma: f64,
    },
}

/// Why a distribution is none: what is wrong with which parameter.
///
/// ```
/// let error = pod_lifecycle::sim::Distribution::Constant(-1.0).check().unwrap_err();
/// assert_eq!((error.parameter, error.value), ("constant", -1.0));
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{parameter}: {value} {wrong}")]
#[non_exhaustive]
pub struct DistributionError {
    /// The parameter.
    pub parameter: &'static str,
    /// What stands there.
    pub value: f64,
    /// What is wrong with it.
    pub wrong: &'static str,
}

impl Distribution {
    /// Whether its parameters make sense.
    ///
    /// # Errors
    ///
    /// [`DistributionError`] names the parameter.
    ///
    /// ```
    /// use pod_lifecycle::sim::Distribution;
    ///
    /// let backwards = Distribution::Uniform { min: 5.0, max: 1.0 };
    /// assert_eq!(backwards.check().unwrap_err().to_string(), "max: 1 is less than min");
    /// ```
    pub fn check(&self) -> Result<(), DistributionError> {
        match *self {
            Distribution::Constant(value) => not_negative("constant", value),
            Distribution::Uniform { min, max } => {
                not_negative("min", min)?;
                not_negative("max", max)?;
                if max < min {
                    return Err(DistributionError { parameter: "max", value: max, wrong: "is less than min" });
                }
                Ok(())
            }
            Distribution::Exponential { mean } => positive("mean", mean),
            Distribution::Weibull { scale, shape } => positive("scale", scale).and(positive("shape", shape)),
            Distribution::Lognormal { median, sigma } => positive("median", median).and(not_negative("sigma", sigma)),
        }
    }

    /// One of its times; of parameters that make no sense, none at all.
    pub(super) fn sample(&self, draw: Draw) -> Duration {
        let mut random = draw.numbers();
        let value = match *self {
            Distribution::Constant(value) => value,
            Distribution::Uniform { min, max } => min + (max - min) * draw.fraction(),
            Distribution::Exponential { mean } => {
                Exp::new(1.0 / mean).map_or(0.0, |exponential| exponential.sample(&mut random))
            }
            Distribution::Weibull { scale, shape } => {
                Weibull::new(scale, shape).map_or(0.0, |weibull| weibull.sample(&mut random))
            }
            Distribution::Lognormal { median, sigma } => {
                LogNormal::new(Float::ln(median), sigma).map_or(0.0, |lognormal| lognormal.sample(&mut random))
            }
        };
        seconds(value)
    }
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

/// What of a container is left to chance, in place of what its runs and its image say.
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
/// assert_eq!(scenario.play()?, scenario.play()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RandomScript {
    /// Seconds after its start at which a run ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exits_after_seconds: Option<Distribution>,
    /// The exit codes then, and how likely each is in proportion to the others; none: what the run says.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub exit_codes: BTreeMap<i32, f64>,
    /// Seconds after SIGTERM at which a run ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigterm_exit_after_seconds: Option<Distribution>,
    /// Seconds that a pull takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_seconds: Option<Distribution>,
    /// How likely a pull is to fail, from 0 to 1.
    #[serde(default)]
    pub pull_failure: f64,
    /// What its probes find.
    #[serde(default)]
    pub probes: RandomProbes,
}

/// What is left to chance in each probe of a container.
///
/// ```
/// use pod_lifecycle::sim::{RandomProbe, RandomProbes};
///
/// let flaky = RandomProbes { readiness: Some(RandomProbe { failure: 0.1, ..RandomProbe::default() }), ..RandomProbes::default() };
/// assert_eq!(serde_json::from_str::<RandomProbes>(r#"{"readiness": {"failure": 0.1}}"#)?, flaky);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomProbes {
    /// The startup probe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub startup: Option<RandomProbe>,
    /// The readiness probe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readiness: Option<RandomProbe>,
    /// The liveness probe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liveness: Option<RandomProbe>,
}

/// What is left to chance in a probe.
///
/// ```
/// let slow: pod_lifecycle::sim::RandomProbe = serde_json::from_str(r#"{"latencySeconds": {"constant": 2}}"#)?;
/// assert_eq!((slow.failure, slow.latency_seconds), (0.0, Some(pod_lifecycle::sim::Distribution::Constant(2.0))));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RandomProbe {
    /// How likely it is to fail where the script of the run says that it succeeds, from 0 to 1.
    #[serde(default)]
    pub failure: f64,
    /// Seconds until it is answered; at once if left out. One that takes longer than `timeoutSeconds` has failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_seconds: Option<Distribution>,
}

impl RandomScript {
    /// The code of an exit; `None`: what the run says.
    pub(super) fn exit_code(&self, draw: Draw) -> Option<i32> {
        let total: f64 = self.exit_codes.values().sum();
        let mut left = draw.fraction() * total;
        let mut chosen = None;
        for (code, weight) in &self.exit_codes {
            chosen = Some(*code);
            left -= weight;
            if left < 0.0 {
                break;
            }
        }
        chosen
    }

    /// Every number of it that makes no sense, and where it stands.
    pub(super) fn first_mistake(&self, path: &str) -> Option<(String, f64, &'static str)> {
        let probes = [
            ("startup", self.probes.startup),
            ("readiness", self.probes.readiness),
            ("liveness", self.probes.liveness),
        ];
        let probes: Vec<_> = probes.into_iter().filter_map(|(name, probe)| Some((name, probe?))).collect();
        let named = [
            ("exitsAfterSeconds", self.exits_after_seconds),
            ("sigtermExitAfterSeconds", self.sigterm_exit_after_seconds),
            ("pullSeconds", self.pull_seconds),
        ];
        let named = named.into_iter().map(|(field, distribution)| (format!("{path}.{field}"), distribution));
        let latencies =
            probes.iter().map(|(name, probe)| (format!("{path}.probes.{name}.latencySeconds"), probe.latency_seconds));
        for (field, distribution) in named.chain(latencies) {
            if let Some(Err(error)) = distribution.map(|distribution| distribution.check()) {
                return Some((format!("{field}.{}", error.parameter), error.value, error.wrong));
            }
        }
        let chances = probes.iter().map(|(name, probe)| (format!("{path}.probes.{name}.failure"), probe.failure));
        let mut chances = chances.chain([(format!("{path}.pullFailure"), self.pull_failure)]);
        if let Some((field, value)) = chances.find(|(_, value)| !(0.0..=1.0).contains(value)) {
            return Some((field, value, "is not a chance from 0 to 1"));
        }
        let mut codes = self.exit_codes.iter();
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
    /// What becomes of an outcome.
    pub(super) fn spoil(&self, outcome: ProbeOutcome, draw: Draw) -> ProbeOutcome {
        let fails = self.failure > 0.0 && outcome == ProbeOutcome::Success && draw.fraction() < self.failure;
        if fails { ProbeOutcome::Failure } else { outcome }
    }
}

/// One thing that is left to chance: the n-th of its kind in a container of a Pod. What is drawn for it depends on
/// nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Draw(u64);

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chance {
    /// When a run ends.
    Exit,
    /// With which code.
    ExitCode,
    /// How long SIGTERM takes.
    Sigterm,
    /// How long a pull takes.
    Pull,
    /// Whether it fails.
    PullFailure,
    /// What a probe finds.
    Probe,
    /// How long its answer takes.
    Latency,
    /// When a Pod of a fleet begins.
    Begin,
    /// Whether a Pod of a fleet is chosen for something.
    Choice,
    /// When that comes.
    At,
    /// Whether a node of a fleet is chosen.
    Node,
}

impl Draw {
    /// `of`: which container, probe, or happening; `n`: which of its kind.
    pub(super) fn new(seed: u64, chance: Chance, of: u64, n: u64) -> Draw {
        let kind = mix(seed ^ (chance as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Draw(mix(kind ^ of.wrapping_mul(0xd1b5_4a32_d192_ed03) ^ mix(n.wrapping_add(0x2545_f491_4f6c_dd1d))))
    }

    /// From 0 to below 1.
    pub(super) fn fraction(self) -> f64 {
        const STEPS: f64 = 9_007_199_254_740_992.0;
        #[expect(clippy::cast_precision_loss, reason = "53 bits are left")]
        let numerator = (mix(self.0) >> 11) as f64;
        numerator / STEPS
    }

    fn numbers(self) -> Numbers {
        Numbers(self.0)
    }
}

/// The numbers that are drawn for one thing (`SplitMix64`).
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
        let expected = [
            (Distribution::Constant(3.0), 3.0),
            (Distribution::Uniform { min: 2.0, max: 4.0 }, 3.0),
            (Distribution::Exponential { mean: 3.0 }, 3.0),
            (Distribution::Weibull { scale: 3.0, shape: 2.0 }, 3.0 * 0.886_227),
            (Distribution::Lognormal { median: 3.0, sigma: 0.5 }, 3.0 * 1.133_148),
        ];
        for (distribution, expected) in expected {
            let found = mean(distribution);
            assert!((found / expected - 1.0).abs() < 0.03, "{distribution:?}: {found} and not {expected}");
        }
    }

    #[test]
    fn exit_codes_come_in_proportion() {
        let codes = [(0, 3.0), (137, 1.0)].into_iter().collect();
        let script = RandomScript { exit_codes: codes, ..RandomScript::default() };
        let killed =
            (0..10_000).filter(|n| script.exit_code(Draw::new(1, Chance::ExitCode, 0, *n)) == Some(137)).count();
        assert!((2_300..2_700).contains(&killed), "{killed}");
    }
}
