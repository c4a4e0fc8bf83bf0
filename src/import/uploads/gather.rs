//! From the files of a request to the calls they will make: what each file is, what lists say, what belongs
//! together. What was said in the calls is read later, a page at a time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{
    files::{
        self, CallList, Content, Draft, FileProblem, Gathered, Got, Group, Kind, ListedCall,
        Options, Pairing, RowFailure, SourceFile, Spoken, TableKind, What, Wish,
    },
    import::saved::saved,
    model::{FileFailure, LeftOut, TranscriptContent},
    platforms::RecordFailure,
};

use super::checksums;

/// Reads what is wished of a file.
pub type Reader<'a> = dyn FnMut(&Wish) -> Result<Got, FileProblem> + 'a;

/// A list or an answer above this is to be split: it is held in memory while it is looked through.
const LARGEST_LIST: u64 = 256_000_000;

const ONLY_FILES: &str = "It is a table of failures without a row to correct: the files that it names are replaced themselves.";
/// A call that the platform tells of names its own recordings.
const WITH_ANSWERS: &str =
    "The platform's own answer tells of this call, and a recording beside it is not kept.";

/// Looks through the files of a request of one platform.
pub fn gather(
    files: &[SourceFile],
    platform: &str,
    options: Options,
    read: &mut Reader<'_>,
) -> Gathered {
    let mut gatherer = Gatherer {
        platform,
        read,
        lists: Vec::new(),
        to_pair: Vec::new(),
        rows: BTreeMap::new(),
        saved: BTreeMap::new(),
        gathered: Gathered {
            platform: platform.to_owned(),
            options,
            ..Gathered::default()
        },
    };
    let mut files: Vec<&SourceFile> = files.iter().collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files.dedup_by(|a, b| a.name == b.name);
    let damaged = gatherer.check_sums(&files);
    for file in files {
        if !damaged.contains(&file.name) && !checksums::is_list(&file.name) {
            gatherer.take(file);
        }
    }
    gatherer.finish()
}

struct Gatherer<'a, 'r> {
    platform: &'a str,
    read: &'a mut Reader<'r>,
    /// Call lists with the file that each is.
    lists: Vec<(SourceFile, CallList)>,
    /// Transcripts and recordings. A transcript in a table is marked.
    to_pair: Vec<(SourceFile, Kind, bool)>,
    /// Where rows with an id say what was said in a call.
    rows: BTreeMap<String, SourceFile>,
    /// Answers of the platform, by the call's id: the one that lists it, and the one with its transcript.
    saved: BTreeMap<String, [Option<SourceFile>; 2]>,
    gathered: Gathered,
}

impl Gatherer<'_, '_> {
    fn take(&mut self, file: &SourceFile) {
        let wish = Wish {
            file: file.clone(),
            what: What::Head,
        };
        let head = match (self.read)(&wish) {
            Ok(Got::Bytes(head)) => head,
            Ok(_) => return,
            Err(problem) => return self.fail(&file.name, problem),
        };
        match files::kind(&file.name, &head) {
            Kind::Archive => self.open(file),
            Kind::Table => self.table(file),
            Kind::Json => self.json(file),
            kind @ (Kind::Transcript | Kind::Recording { .. }) => {
                self.to_pair.push((file.clone(), kind, false));
            }
            Kind::Ignored(reason) => self.leave_out(&file.name, reason),
            Kind::Refused(problem) => self.fail(&file.name, problem),
        }
    }

    fn open(&mut self, file: &SourceFile) {
        if file.member.is_some() {
            return self.leave_out(&file.name, files::PACKED_TWICE);
        }
        let wish = Wish {
            file: file.clone(),
            what: What::Members,
        };
        let directory = match (self.read)(&wish) {
            Ok(Got::Members(directory)) => directory,
            Ok(_) => return,
            Err(problem) => return self.fail(&file.name, problem),
        };
        for (name, reason) in directory.left_out {
            self.leave_out(&format!("{}/{name}", file.name), reason);
        }
        let members: Vec<SourceFile> = directory
            .members
            .into_iter()
            .map(|member| SourceFile {
                name: format!("{}/{}", file.name, member.name),
                path: file.path.clone(),
                bytes: member.bytes,
                member: Some(member.index),
            })
            .collect();
        let damaged = self.check_sums(&members.iter().collect::<Vec<_>>());
        for member in &members {
            if !damaged.contains(&member.name) && !checksums::is_list(&member.name) {
                self.take(member);
            }
        }
    }

    /// The bytes of a list.
    fn whole(&mut self, file: &SourceFile) -> Option<bytes::Bytes> {
        if file.bytes > LARGEST_LIST {
            let problem = FileProblem::new(
                "too-large",
                format!(
                    "The file is larger than {} MB, which is too much for one list.",
                    LARGEST_LIST / 1_000_000
                ),
                "Split it into several files.",
            );
            self.fail(&file.name, problem);
            return None;
        }
        match (self.read)(&Wish::whole(file)) {
            Ok(Got::Bytes(bytes)) => Some(bytes),
            Ok(_) => None,
            Err(problem) => {
                self.fail(&file.name, problem);
                None
            }
        }
    }

    fn table(&mut self, file: &SourceFile) {
        let Some(bytes) = self.whole(file) else {
            return;
        };
        let options = &self.gathered.options;
        let table = match files::table(&file.name, &bytes, options) {
            Ok(table) => table,
            Err(problem) => return self.fail(&file.name, problem),
        };
        if table.names_files_only() {
            return self.leave_out(&file.name, ONLY_FILES);
        }
        match files::table_kind(&table, options) {
            TableKind::Calls => match files::call_list(&table, options) {
                Ok(list) => self.list(file, list),
                Err(problem) => self.stop(&file.name, problem),
            },
            TableKind::Transcript => match files::transcripts(&table, options) {
                Ok(spoken) => self.spoken(file, spoken),
                Err(problem) => self.fail(&file.name, problem),
            },
            TableKind::Neither(problem) => self.fail(&file.name, problem),
        }
    }

    fn spoken(&mut self, file: &SourceFile, spoken: Spoken) {
        let notices = spoken.notices.into_iter();
        let notices = notices.map(|notice| (file.name.clone(), notice));
        self.gathered.notices.extend(notices);
        for failure in spoken.failures {
            self.gathered
                .failures
                .push(row_failure(&file.name, failure));
        }
        for call in spoken.calls {
            match call.external_id {
                Some(id) => self.rows_with_id(file, id),
                None => self.to_pair.push((file.clone(), Kind::Transcript, true)),
            }
        }
    }

    /// What was said in a call stands in one table: which of two would be the right one, only people know.
    fn rows_with_id(&mut self, file: &SourceFile, id: String) {
        if let Some(other) = self.rows.get(&id) {
            let problem = FileProblem::new(
                "call-in-two-tables",
                format!(
                    "Rows of the call {id} stand in {} too, which counts.",
                    other.name
                ),
                "Put all rows of a call into one table.",
            )
            .with_value(1, &id);
            return self.fail(&file.name, problem);
        }
        self.rows.insert(id, file.clone());
    }

    fn json(&mut self, file: &SourceFile) {
        let Some(bytes) = self.whole(file) else {
            return;
        };
        if let Some(answer) = saved(self.platform, &bytes, &[], &|_| None) {
            for call in answer.calls {
                let places = self.saved.entry(call.external_id).or_default();
                places[0].get_or_insert_with(|| file.clone());
            }
            for (id, _) in answer.transcripts {
                // An answer that does not tell its call is called after it.
                let id = if id.is_empty() {
                    files::stem(&file.name).to_owned()
                } else {
                    id
                };
                let places = self.saved.entry(id).or_default();
                places[1].get_or_insert_with(|| file.clone());
            }
            for failure in answer.failures {
                self.fail(&file.name, broken_record(&failure));
            }
            return;
        }
        if files::json::transcript(&bytes, &self.gathered.options).is_some() {
            self.to_pair.push((file.clone(), Kind::Transcript, false));
            return;
        }
        match files::json::call_list(&file.name, &bytes, &self.gathered.options) {
            Ok(list) => self.list(file, list),
            Err(problem) => self.fail(&file.name, problem),
        }
    }

    fn list(&mut self, file: &SourceFile, mut list: CallList) {
        let named = |notice| (file.name.clone(), notice);
        let notices = std::mem::take(&mut list.notices);
        self.gathered.notices.extend(notices.into_iter().map(named));
        if !list.columns.is_empty() {
            let columns = (file.name.clone(), std::mem::take(&mut list.columns));
            self.gathered.columns.push(columns);
        }
        self.lists.push((file.clone(), list));
    }

    /// Files whose contents are not what a list of checksums beside them says.
    fn check_sums(&mut self, files: &[&SourceFile]) -> BTreeSet<String> {
        let mut damaged = BTreeSet::new();
        for list in files.iter().filter(|file| checksums::is_list(&file.name)) {
            let Some(bytes) = self.whole(list) else {
                continue;
            };
            for (name, told) in checksums::read(&list.name, &bytes) {
                let Some(file) = files.iter().find(|file| file.name == name) else {
                    self.fail(&name, checksums::missing(&list.name));
                    continue;
                };
                let wish = Wish {
                    file: SourceFile::clone(file),
                    what: What::Hash,
                };
                let problem = match (self.read)(&wish) {
                    Ok(Got::Hash(found)) if found == told => continue,
                    Ok(_) => checksums::differs(&list.name),
                    Err(problem) => problem,
                };
                self.fail(&name, problem);
                damaged.insert(name);
            }
        }
        damaged
    }

    fn finish(mut self) -> Gathered {
        self.heed_manifest();
        self.heed_corrections();
        for (file, list) in &mut self.lists {
            let failures = std::mem::take(&mut list.failures).into_iter();
            let failures = failures.map(|failure| row_failure(&file.name, failure));
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
            let failure = row_failure(&lists[list].0.name, failure);
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

    fn leave_out(&mut self, name: &str, reason: &str) {
        self.gathered.left_out.push(LeftOut {
            name: name.to_owned(),
            reason: reason.to_owned(),
            is_duplicate: false,
        });
    }

    fn fail(&mut self, name: &str, problem: FileProblem) {
        self.gathered.failures.push(file_failure(name, problem));
    }

    /// Nothing can be imported before this is settled.
    fn stop(&mut self, name: &str, problem: FileProblem) {
        self.gathered
            .problem
            .get_or_insert_with(|| file_failure(name, problem));
    }
}

type Cells = Vec<(String, String)>;

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

/// A problem of a file, as it is recorded.
pub(super) fn file_failure(name: &str, problem: FileProblem) -> FileFailure {
    row_failure(
        name,
        RowFailure {
            problem,
            original: Vec::new(),
        },
    )
}

fn row_failure(name: &str, failure: RowFailure) -> FileFailure {
    let RowFailure { problem, original } = failure;
    let counted = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    FileFailure {
        file: name.to_owned(),
        line: problem.line.map(counted),
        column: problem.column.map(counted),
        code: problem.code.to_owned(),
        value: problem.value,
        message: problem.message,
        help: problem.help,
        original,
    }
}

/// A record among a platform's answers. Where it does not tell its call, there is no id to name.
fn broken_record(failure: &RecordFailure) -> FileProblem {
    let RecordFailure {
        external_id,
        stage,
        detail,
    } = failure;
    let message = if external_id.is_empty() || *stage == "file" {
        format!("{}.", detail.trim_end_matches('.'))
    } else {
        format!("The record of call {external_id} cannot be read.")
    };
    FileProblem::new("broken-record", message, "Export it again.").with_value(1, external_id)
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
