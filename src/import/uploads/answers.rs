//! What was read for the drafts of a page. A file that holds many calls is understood once.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

use super::page;
use crate::{
    files::{self, Content, Draft, FileProblem, Gathered, Got, SourceFile, SpokenCall, What, Wish},
    import::saved::{Saved, saved},
    model::{Call, Transcript},
};

/// What was read, by what was wished, and what was understood of it.
pub(super) struct Answers<'a> {
    wishes: Vec<Wish>,
    got: &'a [Result<Got, FileProblem>],
    gathered: &'a Gathered,
    internal_domains: &'a [String],
    /// Calls of a platform's saved answers, by id.
    listed: BTreeMap<String, Call>,
    /// Transcripts of a platform's saved answers, by file.
    transcripts: Cache<Vec<(String, Transcript)>>,
    /// What was said in the calls of a table, by file.
    tables: Cache<Vec<SpokenCall>>,
}

type Cache<T> = RefCell<HashMap<String, Rc<T>>>;

impl<'a> Answers<'a> {
    pub(super) fn new(
        drafts: &[Draft],
        got: &'a [Result<Got, FileProblem>],
        gathered: &'a Gathered,
        internal_domains: &'a [String],
    ) -> Self {
        let mut answers = Self {
            wishes: page::wishes(drafts),
            got,
            gathered,
            internal_domains,
            listed: BTreeMap::new(),
            transcripts: Cache::default(),
            tables: Cache::default(),
        };
        let mut files: Vec<&SourceFile> = Vec::new();
        for draft in drafts {
            if let Content::Saved {
                call: Some(file), ..
            } = &draft.content
                && !files.contains(&file)
            {
                files.push(file);
            }
        }
        for file in files {
            // What cannot be read is told with each call that it should hold.
            let saved = answers.saved(file, &|_| None).unwrap_or_default();
            let calls = saved.calls.into_iter();
            answers
                .listed
                .extend(calls.map(|call| (call.external_id.clone(), call)));
        }
        answers
    }

    /// What was asked for of a file.
    pub(super) fn of(
        &self,
        file: &SourceFile,
        is_meant: impl Fn(&What) -> bool,
    ) -> Result<&'a Got, FileProblem> {
        let position = self
            .wishes
            .iter()
            .position(|wish| wish.file == *file && is_meant(&wish.what));
        match position.and_then(|position| self.got.get(position)) {
            Some(Ok(got)) => Ok(got),
            Some(Err(problem)) => Err(problem.clone()),
            None => Err(page::too_large()),
        }
    }

    /// The bytes of a file.
    pub(super) fn bytes(&self, file: &SourceFile, what: &What) -> Result<&'a [u8], FileProblem> {
        match self.of(file, |wished| wished == what)? {
            Got::Bytes(bytes) => Ok(bytes),
            Got::Members(_) | Got::Hash(_) | Got::Recording { .. } => Err(page::too_large()),
        }
    }

    /// What the rows of a table say was said in a call.
    pub(super) fn rows(
        &self,
        file: &SourceFile,
        id: Option<&str>,
    ) -> Result<Transcript, FileProblem> {
        let calls = cached(&self.tables, file, || {
            let bytes = self.bytes(file, &What::Whole)?;
            let table = files::table(&file.name, bytes, &self.gathered.options)?;
            Ok(files::transcripts(&table, &self.gathered.options)?.calls)
        })?;
        let mut calls = calls.iter();
        let meant = calls.find(|call| call.external_id.as_deref() == id);
        meant.map(|call| call.transcript.clone()).ok_or_else(|| {
            FileProblem::new(
                "file-changed",
                "The rows of this call were there a moment ago and are not any more.",
                "Do not change files while a run reads them; the next run tries again.",
            )
        })
    }

    /// A call that saved answers list.
    pub(super) fn listed(&self, id: &str, file: &SourceFile) -> Result<Option<Call>, FileProblem> {
        self.bytes(file, &What::Whole)?;
        Ok(self.listed.get(id).cloned())
    }

    /// What was said in a call, from saved answers.
    pub(super) fn transcript(
        &self,
        id: &str,
        file: &SourceFile,
    ) -> Result<Option<Transcript>, FileProblem> {
        let raw_of = |id: &str| self.listed.get(id).and_then(|call| call.raw.clone());
        let transcripts = cached(&self.transcripts, file, || {
            Ok(self.saved(file, &raw_of)?.transcripts)
        })?;
        if let Some((_, transcript)) = transcripts.iter().find(|(of, _)| of == id) {
            return Ok(Some(transcript.clone()));
        }
        if !transcripts.iter().any(|(of, _)| of.is_empty()) {
            return Ok(None);
        }
        // An answer that does not tell its call is read anew for the call that its name tells.
        let alone = self.saved(file, &|_| raw_of(id))?.transcripts;
        let mut alone = alone.into_iter();
        Ok(alone
            .find(|(of, _)| of.is_empty())
            .map(|(_, transcript)| transcript))
    }

    fn saved(
        &self,
        file: &SourceFile,
        listed: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Saved, FileProblem> {
        let bytes = self.bytes(file, &What::Whole)?;
        let platform = &self.gathered.platform;
        Ok(saved(platform, bytes, self.internal_domains, listed).unwrap_or_default())
    }
}

fn cached<T>(
    cache: &Cache<T>,
    file: &SourceFile,
    read: impl FnOnce() -> Result<T, FileProblem>,
) -> Result<Rc<T>, FileProblem> {
    if let Some(known) = cache.borrow().get(&file.name) {
        return Ok(Rc::clone(known));
    }
    let found = Rc::new(read()?);
    cache
        .borrow_mut()
        .insert(file.name.clone(), Rc::clone(&found));
    Ok(found)
}
