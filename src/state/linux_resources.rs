//! Resources in the units of a container runtime (`LinuxContainerResources` of the CRI).

use serde::{Deserialize, Serialize};

/// Resources of a container, of a sandbox or of a Pod's cgroup, in the units of the runtime.
///
/// 0 is a value that is not set; -1 is a limit that does not exist.
///
/// ```
/// use pod_lifecycle::{api::ResourceRequirements, state::LinuxResources};
///
/// let app: ResourceRequirements =
///     serde_json::from_str(r#"{"requests": {"cpu": "500m"}, "limits": {"cpu": "1", "memory": "512Mi"}}"#)?;
/// let resources = LinuxResources::of_container(&app.requests, &app.limits);
/// assert_eq!((resources.cpu_shares, resources.cpu_quota, resources.cpu_period_micros), (512, 100_000, 100_000));
/// assert_eq!(resources.memory_limit, 536_870_912);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LinuxResources {
    /// Weight of the CPU time: 1,024 for each CPU that is requested, at least 2.
    pub cpu_shares: i64,
    /// CPU time in microseconds within each period.
    pub cpu_quota: i64,
    /// Period of the quota in microseconds.
    pub cpu_period_micros: i64,
    /// Most memory, in bytes.
    pub memory_limit: i64,
}

/// Period of a CPU quota, in microseconds (`QuotaPeriod` in `pkg/kubelet/cm`).
pub(crate) const CPU_PERIOD: i64 = 100_000;

/// Fewest CPU shares (`MinShares`).
pub(crate) const MIN_SHARES: i64 = 2;

/// Most CPU shares (`MaxShares`).
const MAX_SHARES: i64 = 262_144;

/// Shares of one CPU (`SharesPerCPU`).
const SHARES_PER_CPU: i64 = 1_024;

/// Least CPU quota, in microseconds (`MinQuotaPeriod`).
const MIN_QUOTA: i64 = 1_000;

/// Value of a limit that does not exist.
pub(crate) const NO_LIMIT: i64 = -1;

impl LinuxResources {
    /// Returns what a container with these requests and limits is created with.
    ///
    /// Answers to `calculateLinuxResources` in `pkg/kubelet/kuberuntime`.
    #[must_use]
    pub fn of_container(requests: &crate::api::ResourceList, limits: &crate::api::ResourceList) -> LinuxResources {
        let milli = |list: &crate::api::ResourceList| list.get("cpu").map(|cpu| cpu.milli_value());
        let cpu_limit = milli(limits).unwrap_or(0);
        LinuxResources {
            // A container without a request gets the shares of its limit.
            cpu_shares: shares_of_milli(milli(requests).unwrap_or(cpu_limit)),
            cpu_quota: quota_of_milli(cpu_limit),
            cpu_period_micros: CPU_PERIOD,
            memory_limit: limits.get("memory").map_or(0, |memory| memory.value()),
        }
    }
}

/// Returns the CPU shares of thousandths of a CPU.
///
/// Answers to `MilliCPUToShares` in `pkg/kubelet/cm`.
pub(crate) fn shares_of_milli(milli: i64) -> i64 {
    milli.saturating_mul(SHARES_PER_CPU).checked_div(1_000).unwrap_or(0).clamp(MIN_SHARES, MAX_SHARES)
}

/// Returns the CPU quota of thousandths of a CPU; 0 for none.
///
/// Answers to `MilliCPUToQuota`.
pub(crate) fn quota_of_milli(milli: i64) -> i64 {
    let quota = milli.saturating_mul(CPU_PERIOD).checked_div(1_000).unwrap_or(0);
    if milli == 0 { 0 } else { quota.max(MIN_QUOTA) }
}

/// Returns the thousandths of a CPU that shares stand for, rounded up; 0 for none.
///
/// Answers to `SharesToMilliCPU`.
pub(crate) fn milli_of_shares(shares: i64) -> i64 {
    if shares < MIN_SHARES {
        return 0;
    }
    let scaled = shares.saturating_mul(1_000);
    scaled.saturating_add(SHARES_PER_CPU - 1).checked_div(SHARES_PER_CPU).unwrap_or(0)
}

/// Returns the thousandths of a CPU that a quota stands for; 0 for none.
///
/// Answers to `QuotaToMilliCPU`.
pub(crate) fn milli_of_quota(quota: i64, period_micros: i64) -> i64 {
    if quota == NO_LIMIT { 0 } else { quota.saturating_mul(1_000).checked_div(period_micros).unwrap_or(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_quotas_have_a_least_value() {
        assert_eq!([0, 1, 2, 3, 500].map(shares_of_milli), [2, 2, 2, 3, 512]);
        assert_eq!([0, 5, 8, 15, 1_500].map(quota_of_milli), [0, 1_000, 1_000, 1_500, 150_000]);
    }

    #[test]
    fn what_the_runtime_reports_is_read_as_it_was_given() {
        assert_eq!([0, 1, 2, 3, 512, 819].map(milli_of_shares), [0, 0, 2, 3, 500, 800]);
        assert_eq!(milli_of_quota(150_000, CPU_PERIOD), 1_500);
        assert_eq!((milli_of_quota(NO_LIMIT, CPU_PERIOD), milli_of_quota(0, 0)), (0, 0));
    }
}
