//! Get and list, with paging.
//!
//! <https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks>

use super::{
    delete::{DeleteOptions, Deleted},
    query::{Effect, VersionMatch},
    selection::Selection,
    state::{Call, State},
    status::StatusError,
    store::{Key, Packed},
};

/// Listed objects of a resource.
#[derive(Clone, Debug)]
pub(super) struct List {
    pub(super) items: Vec<Packed>,
    /// Resource version of the list.
    pub(super) revision: u64,
    /// Start of the next page.
    pub(super) continue_token: Option<String>,
    /// Number of objects after this page, if known.
    pub(super) remaining: Option<usize>,
}

/// Continue token: end of a page and resource version of the list.
struct Continue {
    revision: u64,
    after: Key,
}

impl Continue {
    fn read(token: &str) -> Result<Continue, StatusError> {
        let parse = || {
            let (revision, after) = token.split_once(':')?;
            let (namespace, name) = after.split_once('/')?;
            let after = Key { namespace: namespace.into(), name: name.into() };
            Some(Continue { revision: revision.parse().ok()?, after })
        };
        parse().ok_or_else(|| StatusError::bad_request("continue key is not valid"))
    }

    fn token(&self) -> String {
        format!("{}:{}/{}", self.revision, self.after.namespace, self.after.name)
    }
}

impl State {
    /// Lists the objects that a request selects.
    pub(super) fn list(&self, call: &Call) -> Result<List, StatusError> {
        let selection = Selection::read(&call.resource, &call.target, &call.query)?;
        let from = call.query.continue_token.as_deref().map(Continue::read).transpose()?;
        let revision = self.revision_of_list(call, from.as_ref())?;
        let objects =
            self.store.at(&call.resource.storage(), revision).map_err(|_| expired(from.is_some(), revision))?;
        let is_later = |key: &Key| from.as_ref().is_none_or(|from| *key > from.after);
        // Objects are read one at a time: all of them at once would take ten times the memory of their text.
        let mut items: Vec<Packed> = objects
            .iter()
            .filter(|(key, _)| is_later(key) && selection.is_about(key))
            .filter(|(_, object)| selection.is_unfiltered() || selection.matches(&object.open()))
            .map(|(_, object)| object.clone())
            .collect();
        let all = items.len();
        let limit = call.query.limit.unwrap_or(usize::MAX);
        items.truncate(limit);
        let last = items.last().filter(|_| all > limit);
        let continue_token = last.map(|last| Continue { revision, after: Key::of(&last.open()) }.token());
        let remaining = all.checked_sub(items.len()).filter(|rest| *rest > 0 && selection.is_unfiltered());
        Ok(List { items, revision, continue_token, remaining })
    }

    /// Returns the resource version to list at.
    fn revision_of_list(&self, call: &Call, from: Option<&Continue>) -> Result<u64, StatusError> {
        let current = self.store.revision();
        if let Some(from) = from {
            return Ok(from.revision);
        }
        match (call.query.resource_version, call.query.version_match) {
            (Some(asked), _) if asked > current => Err(StatusError::too_large_resource_version(asked, current)),
            (Some(exact), Some(VersionMatch::Exact)) => Ok(exact),
            (Some(_) | None, _) => Ok(current),
        }
    }

    /// Deletes the objects that a request selects and returns them.
    pub(super) fn delete_collection(&mut self, call: &mut Call) -> Result<List, StatusError> {
        let options = DeleteOptions::read(call)?;
        if options.effect()? == Effect::DryRun {
            call.query.effect = Effect::DryRun;
        }
        let mut list = self.list(call)?;
        for item in &mut list.items {
            let deleted = self.delete_object(call, &item.open(), &options)?;
            if let Deleted::Object(object) = deleted {
                *item = Packed::of(&object);
            }
        }
        list.revision = self.store.revision();
        Ok(list)
    }
}

fn expired(is_page: bool, revision: u64) -> StatusError {
    StatusError::expired(if is_page {
        "The provided continue parameter is too old to display a consistent list result. You must start a new list \
         without the continue parameter."
            .into()
    } else {
        format!("The resourceVersion for the provided list is too old: {revision}")
    })
}
