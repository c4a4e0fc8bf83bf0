//! From all that lies in the files to the calls they will make: which list decides, which row counts, what belongs
//! together.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Gatherer;
use crate::{
    files::{
        self, CallList, Content, Draft, FileProblem, Gathered, Group, Kind, ListedCall, Pairing,
        SourceFile,
    },
    model::TranscriptContent,
};

/// A call that the platform tells of names its own recordings.
const WITH_ANSWERS: &str =
    "The platform's own answer tells of this call, and a recording beside it is not kept.";

type Cells = Vec<(String, String)>;

impl Gatherer<'_, '_> {
    pub(super) fn finish(mut self) -> Gathered {
        self.heed_manifest();
        self.heed_corrections();
        for (file, list) in &mut self.lists {
            let failures = std::mem::take(&mut list.failures).into_iter();
            let failures = failures.map(|failure| failure.of_file(&file.name));
            self.gathered.failures.extend(failures);
        }
        if self.gathered.problem.is_some() {
            return self.gathered;
        }
        let files = std::mem::take(&mut self.to_pair);
        let to_pair: Vec<(String, Kind)> = files
            .iter()
            .map(|(file, kind, _)| (file.name.clone(), kind.clone()))
            .collect();
        let lists = std::mem::take(&mut self.lists);
        // Files that belong to a row which makes no call wait for it.
        let rows: Vec<Vec<ListedCall>> = lists
            .iter()
            .map(|(_, list)| list.calls.iter().chain(&list.unread).cloned().collect())
            .collect();
        let calls: Vec<(&str, &[ListedCall])> = lists
            .iter()
            .zip(&rows)
            .map(|((file, _), rows)| (&*file.name, &**rows))
            .collect();
        let paired = files::pair(&to_pair, &calls);
        self.keep(paired, &files, &lists);
        self.gathered
    }

    /// Where the request says which list decides, no other has a say.
    fn heed_manifest(&mut self) {
        let Some(manifest) = self.gathered.options.manifest.clone() else {
            return;
        };
        let mut names = BTreeSet::from([manifest.clone()]);
        // A table of what failed of it, corrected, goes with it; and so on.
        while let Some((file, _)) = self.lists.iter().find(|(file, list)| {
            let mut corrected = list.corrects.values();
            !names.contains(&file.name) && corrected.any(|(file, _)| names.contains(file))
        }) {
            names.insert(file.name.clone());
        }
        let (decides, others): (Vec<_>, Vec<_>) = std::mem::take(&mut self.lists)
            .into_iter()
            .partition(|(file, _)| names.contains(&file.name));
        if !decides.iter().any(|(file, _)| file.name == manifest) {
            let names: Vec<&str> = others.iter().map(|(file, _)| &*file.name).collect();
            return self.stop(&manifest, no_manifest(&names));
        }
        self.lists = decides;
        for (file, _) in others {
            self.leave_out(
                &file.name,
                "Another list decides: `options.manifest` names it.",
            );
        }
    }

    /// A row of a table of failures stands in the place of the row that failed, if that is still the same one.
    fn heed_corrections(&mut self) {
        let mut corrections: HashMap<(String, usize), (String, Cells)> = HashMap::new();
        for (table, list) in &self.lists {
            let good = list.calls.iter().chain(&list.unread);
            for row in good {
                if let Some(place) = list.corrects.get(&row.line) {
                    let correction = (table.name.clone(), row.original.clone());
                    corrections.insert(place.clone(), correction);
                }
            }
        }
        let mut corrected = Vec::new();
        for (file, list) in &mut self.lists {
            let rows = list.calls.iter().chain(&list.unread);
            let gone: BTreeMap<usize, &str> = rows
                .filter_map(|row| {
                    let (table, new) = corrections.get(&(file.name.clone(), row.line))?;
                    is_same_row(&row.original, new).then_some((row.line, &**table))
                })
                .collect();
            // Of a table, both tell of the same rows in the same order.
            let mut unread = list.unread.iter();
            let stays = |row: &ListedCall| !gone.contains_key(&row.line);
            list.failures.retain(|_| unread.next().is_none_or(stays));
            list.unread.retain(stays);
            list.calls.retain(stays);
            let named = gone
                .into_iter()
                .map(|(line, table)| (format!("{}:{line}", file.name), table.to_owned()));
            corrected.extend(named);
        }
        for (row, table) in corrected {
            self.leave_out(
                &row,
                &format!("The row is corrected in {table}, which counts instead."),
            );
        }
    }

    /// Makes drafts of what belongs together.
    fn keep(
        &mut self,
        paired: Pairing<'_>,
        files: &[(SourceFile, Kind, bool)],
        lists: &[(SourceFile, CallList)],
    ) {
        let Pairing {
            groups,
            unpaired,
            failures,
            notices,
        } = paired;
        let is_read = |list: usize, line: Option<usize>| {
            let mut unread = lists[list].1.unread.iter();
            !unread.any(|row| Some(row.line) == line)
        };
        // What is wrong with a row is told once.
        let failures = failures.into_iter();
        for (list, failure) in
            failures.filter(|(list, failure)| is_read(*list, failure.problem.line))
        {
            let failure = failure.of_file(&lists[list].0.name);
            self.gathered.failures.push(failure);
        }
        for (name, reason) in unpaired {
            self.leave_out(name, &reason);
        }
        self.gathered.notices.extend(notices);
        let files: HashMap<&str, (&SourceFile, bool)> = files
            .iter()
            .map(|(file, _, is_table)| (&*file.name, (file, *is_table)))
            .collect();
        for group in groups {
            if let Some((list, call)) = group.list
                && call >= lists[list].1.calls.len()
            {
                let files = group
                    .transcript
                    .iter()
                    .chain(&group.recording)
                    .chain(&group.others);
                files.for_each(|name| self.leave_out(name, files::ROW_FAILED));
                continue;
            }
            let draft = self.draft(&group, &files, lists);
            self.gathered.drafts.extend(draft);
        }
        self.keep_rows_and_answers();
        if let Some(limit) = self.gathered.options.limit {
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            self.gathered.drafts.truncate(limit);
        }
    }

    fn draft(
        &mut self,
        group: &Group<'_>,
        files: &HashMap<&str, (&SourceFile, bool)>,
        lists: &[(SourceFile, CallList)],
    ) -> Option<Draft> {
        let (listed, record) = match group.list {
            Some((list, call)) => listed(&lists[list], call),
            None => (None, Content::Nothing),
        };
        let content = match group.transcript.and_then(|name| files.get(name)) {
            Some((file, true)) => Content::Rows(SourceFile::clone(file), None),
            Some((file, false)) => Content::File(SourceFile::clone(file)),
            None => self
                .rows_of(listed.as_ref())
                .or_else(|| self.answers_about(listed.as_ref()))
                .unwrap_or(record),
        };
        let mut recording = group.recording.and_then(|name| files.get(name));
        if let Content::Saved { .. } = content
            && let Some((file, _)) = recording.take()
        {
            self.leave_out(&file.name, WITH_ANSWERS);
        }
        let named = group.transcript.or(group.recording).map(str::to_owned);
        let by_list = || {
            let (list, call) = listed.as_ref()?;
            Some(format!("{list}:{}", call.line))
        };
        Some(Draft {
            name: named.or_else(by_list)?,
            content,
            recording: recording.map(|(file, _)| SourceFile::clone(file)),
            others: group.others.iter().map(|name| (*name).to_owned()).collect(),
            listed,
        })
    }

    /// Rows of another table with the id of a listed call.
    fn rows_of(&mut self, listed: Option<&(String, ListedCall)>) -> Option<Content> {
        let (_, listed) = listed?;
        let id = &listed.call.external_id;
        let file = self.rows.remove(id)?;
        Some(Content::Rows(file, Some(id.clone())))
    }

    /// What the platform answered about a listed call.
    fn answers_about(&mut self, listed: Option<&(String, ListedCall)>) -> Option<Content> {
        let (_, listed) = listed?;
        let (id, [call, transcript]) = self.saved.remove_entry(&listed.call.external_id)?;
        Some(Content::Saved {
            id,
            call,
            transcript,
        })
    }

    /// Calls that no list speaks of.
    fn keep_rows_and_answers(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        let rows = rows
            .into_iter()
            .map(|(id, file)| (file.name.clone(), Content::Rows(file, Some(id))));
        let saved = std::mem::take(&mut self.saved);
        let saved = saved.into_iter().filter_map(|(id, [call, transcript])| {
            let name = call.as_ref().or(transcript.as_ref())?.name.clone();
            let content = Content::Saved {
                id,
                call,
                transcript,
            };
            Some((name, content))
        });
        let drafts = rows.chain(saved).map(|(name, content)| Draft {
            name,
            listed: None,
            content,
            recording: None,
            others: Vec::new(),
        });
        self.gathered.drafts.extend(drafts);
    }
}

/// Whether most of a row is still as in the other one: lines move when a list is edited.
fn is_same_row(old: &Cells, new: &Cells) -> bool {
    let pairs = || old.iter().zip(new);
    let filled = pairs().filter(|((_, old), (_, new))| !old.is_empty() || !new.is_empty());
    let differing = pairs().filter(|((_, old), (_, new))| old.trim() != new.trim());
    old.len() == new.len() && differing.count() * 2 <= filled.count()
}

/// What a list says of a call, without what was said in it, and where that stands in the list.
fn listed(
    (file, list): &(SourceFile, CallList),
    call: usize,
) -> (Option<(String, ListedCall)>, Content) {
    let mut listed = list.calls[call].clone();
    // What cannot be found again in the list stays with the call: it is as large as the list at most.
    let content = match (&listed.call.transcript, &listed.range) {
        (TranscriptContent::Here(_), Some(range)) => {
            let content = Content::Record(file.clone(), range.clone());
            listed.call.transcript = TranscriptContent::Absent;
            content
        }
        _ => Content::Nothing,
    };
    (Some((file.name.clone(), listed)), content)
}

fn no_manifest(names: &[&str]) -> FileProblem {
    let help = if names.is_empty() {
        "Add it to `files`, or take `manifest` out of `options`.".to_owned()
    } else {
        format!("Write one of these: {}.", names.join(", "))
    };
    FileProblem::new(
        "no-manifest",
        "The list that `options.manifest` names is not among the files, or is no list of calls.",
        help,
    )
}
