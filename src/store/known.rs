//! What the writer remembers of recorded calls from one page to the next.
//!
//! A page of new calls and a page of transcripts for calls that were just listed are what an import consists of; both are
//! judged without a look into the record, whose cost would grow with what is in it.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    hash::{BuildHasher as _, RandomState},
};

use duckdb::Connection;

use super::{
    error::StoreError,
    recorded::{self, Mark, Scope, id_list},
};

/// Calls of an account that are remembered with their marks: some 4 MB.
const RECENT: usize = 10_000;

/// The calls of the accounts that pages came for. It holds as long as nothing but pages changes the record.
#[derive(Debug, Default)]
pub(super) struct Known {
    accounts: HashMap<(String, String), Account>,
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct Account {
    /// Hashes of the ids of all recorded calls: 1,000,000 of them fill 18 MB.
    ids: HashSet<u64>,
    /// The marks of some.
    recent: HashMap<String, Mark>,
}

impl Known {
    /// The marks of those of the ids that are recorded.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub(super) fn marks<'a>(
        &mut self,
        connection: &Connection,
        scope: Scope<'_>,
        ids: impl IntoIterator<Item = &'a str>,
    ) -> Result<HashMap<String, Mark>, StoreError> {
        let (account, hasher) = self.account(connection, scope)?;
        let mut marks = HashMap::new();
        let mut others = Vec::new();
        for id in ids {
            if let Some(mark) = account.recent.get(id) {
                marks.insert(id.to_owned(), mark.clone());
            } else if account.ids.contains(&hasher.hash_one(id)) {
                others.push(id);
            }
        }
        if !others.is_empty() {
            marks.extend(recorded::marks(connection, scope, &id_list(others))?);
        }
        Ok(marks)
    }

    /// Remembers calls that a page has just written; each with its mark, or `None` where that has to be looked up.
    pub(super) fn learn<'a>(
        &mut self,
        scope: Scope<'_>,
        written: impl IntoIterator<Item = (&'a str, Option<Mark>)>,
    ) {
        let key = (scope.platform.to_owned(), scope.account.to_owned());
        let account = self.accounts.entry(key).or_default();
        if account.recent.len() >= RECENT {
            account.recent.clear();
        }
        for (id, mark) in written {
            account.ids.insert(self.hasher.hash_one(id));
            match mark {
                Some(mark) => account.recent.insert(id.to_owned(), mark),
                None => account.recent.remove(id),
            };
        }
    }

    /// Forgets everything: something else than a page has changed the record, or a page could not be written.
    pub(super) fn forget(&mut self) {
        self.accounts.clear();
    }

    fn account(
        &mut self,
        connection: &Connection,
        scope: Scope<'_>,
    ) -> Result<(&Account, &RandomState), StoreError> {
        let key = (scope.platform.to_owned(), scope.account.to_owned());
        let account = match self.accounts.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let ids = recorded::ids(connection, scope, |id| self.hasher.hash_one(id))?;
                unknown.insert(Account {
                    ids,
                    recent: HashMap::new(),
                })
            }
        };
        Ok((account, &self.hasher))
    }
}
