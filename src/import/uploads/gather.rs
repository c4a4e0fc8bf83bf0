//! From the files of a request to the calls they will make: what each file is, what lists say, what belongs
//! together. What was said in the calls is read later, a page at a time.

mod drafts;

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    files::{
        self, CallList, FileProblem, Gathered, Got, Kind, Options, RowFailure, SourceFile, Spoken,
        TableKind, What, Wish,
    },
    import::saved::saved,
    model::{FileFailure, LeftOut},
    platforms::RecordFailure,
};

use super::checksums;

/// Reads what is wished of a file.
pub type Reader<'a> = dyn FnMut(&Wish) -> Result<Got, FileProblem> + 'a;

/// A list or an answer above this is to be split: it is held in memory while it is looked through.
const LARGEST_LIST: u64 = 256_000_000;

const ONLY_FILES: &str = "It is a table of failures without a row to correct: the files that it names are replaced themselves.";
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
            self.gathered.failures.push(failure.of_file(&file.name));
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

/// A problem of a file, as it is recorded.
pub(super) fn file_failure(name: &str, problem: FileProblem) -> FileFailure {
    let whole = RowFailure {
        problem,
        original: Vec::new(),
    };
    whole.of_file(name)
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
    let problem = FileProblem::new("broken-record", message, "Export it again.");
    if external_id.is_empty() {
        problem
    } else {
        problem.with_value(1, external_id)
    }
}
