//! What of a fleet's scenario serde cannot see.

use alloc::{
    boxed::Box,
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    error::FleetError,
    scenario::{Choice, FleetAction, FleetScenario},
};
use crate::sim::script::MAX_SECONDS;

/// Checks everything; the scenarios of the groups, too.
pub(super) fn check(scenario: &FleetScenario) -> Result<(), FleetError> {
    check_groups(scenario)?;
    for (place, outage) in scenario.registry_outages.iter().enumerate() {
        check_seconds(format!("registryOutages[{place}].from"), outage.from)?;
        check_seconds(format!("registryOutages[{place}].to"), outage.to)?;
    }
    for (place, action) in scenario.actions.iter().enumerate() {
        check_action(scenario, action, &format!("actions[{place}]"))?;
    }
    check_rollouts(scenario)
}

fn check_groups(scenario: &FleetScenario) -> Result<(), FleetError> {
    let mut names = BTreeSet::new();
    for (place, group) in scenario.groups.iter().enumerate() {
        if !names.insert(&*group.name) {
            let (field, name) = (format!("groups[{place}].name"), group.name.clone());
            return Err(FleetError::Twice { field, name, wrong: "is the name of another group" });
        }
        check_number(format!("groups[{place}].share"), group.share, 1e12, "is not a share from 0 on")?;
        if let Some(Err(error)) = group.begins_after_seconds.map(|distribution| distribution.check()) {
            return Err(FleetError::Distribution { field: format!("groups[{place}].beginsAfterSeconds"), error });
        }
        let life = group.scenario.life();
        life.map_err(|error| FleetError::Scenario { group: group.name.clone(), error: Box::new(error) })?;
    }
    let has_share = scenario.groups.iter().any(|group| group.share > 0.0);
    if has_share { Ok(()) } else { Err(FleetError::NoShare) }
}

fn check_action(scenario: &FleetScenario, action: &FleetAction, path: &str) -> Result<(), FleetError> {
    match action {
        FleetAction::Rollout { t, from, to, per_second, .. } => {
            check_seconds(format!("{path}.t"), *t)?;
            check_group(scenario, from, format!("{path}.from"))?;
            check_group(scenario, to, format!("{path}.to"))?;
            let wrong = "is not a number above 0";
            check_number(format!("{path}.perSecond"), *per_second, 1e12, wrong)?;
            if *per_second > 0.0 {
                return Ok(());
            }
            Err(FleetError::BadNumber { field: format!("{path}.perSecond"), value: *per_second, wrong })
        }
        FleetAction::Delete { t, of, .. } | FleetAction::Evict { t, of } => {
            check_seconds(format!("{path}.t"), *t)?;
            check_choice(scenario, of, path)
        }
        FleetAction::LoseNodes { t, share, for_seconds } => {
            check_seconds(format!("{path}.t"), *t)?;
            check_number(format!("{path}.share"), *share, 1.0, "is not a share from 0 to 1")?;
            check_seconds(format!("{path}.forSeconds"), for_seconds.unwrap_or(0.0))
        }
    }
}

fn check_choice(scenario: &FleetScenario, of: &Choice, path: &str) -> Result<(), FleetError> {
    if let Some(group) = &of.group {
        check_group(scenario, group, format!("{path}.of.group"))?;
    }
    check_number(format!("{path}.of.share"), of.share, 1.0, "is not a share from 0 to 1")?;
    check_seconds(format!("{path}.of.overSeconds"), of.over_seconds)
}

/// A group gets its Pods from one rollout at most, and then has none of its own.
fn check_rollouts(scenario: &FleetScenario) -> Result<(), FleetError> {
    let mut fed: Vec<&str> = Vec::new();
    for (place, action) in scenario.actions.iter().enumerate() {
        let FleetAction::Rollout { from, to, .. } = action else { continue };
        let twice = |wrong| Err(FleetError::Twice { field: format!("actions[{place}].to"), name: to.clone(), wrong });
        let has_share = |name: &str| scenario.groups.iter().any(|group| group.name == name && group.share > 0.0);
        if fed.contains(&to.as_str()) || has_share(to) {
            return twice("has its Pods already: a rollout goes to a group with a share of 0");
        }
        if !fed.contains(&from.as_str()) && !has_share(from) {
            return twice("would replace a group that has no Pods by then");
        }
        fed.push(to);
    }
    Ok(())
}

fn check_group(scenario: &FleetScenario, name: &str, field: String) -> Result<(), FleetError> {
    let names: Vec<&str> = scenario.groups.iter().map(|group| &*group.name).collect();
    if names.contains(&name) {
        return Ok(());
    }
    Err(FleetError::NoSuchGroup { field, name: name.to_string(), there: names.join(", ") })
}

fn check_seconds(field: String, value: f64) -> Result<(), FleetError> {
    check_number(field, value, MAX_SECONDS, "is not a number of seconds from 0 on")
}

fn check_number(field: String, value: f64, most: f64, wrong: &'static str) -> Result<(), FleetError> {
    if (0.0..=most).contains(&value) { Ok(()) } else { Err(FleetError::BadNumber { field, value, wrong }) }
}
