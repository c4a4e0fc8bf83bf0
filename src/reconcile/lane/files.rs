//! The files of an import that brings some: they are looked through before anything else.

use std::sync::Arc;

use super::{Active, Drive, Lane, News, Operation};
use crate::{
    import::{Attempt, End, Failure, Scope},
    model::Method,
    plan::{Job, JobKind},
    platforms::Setup,
    reconcile::gathering::{self, Brought},
};

/// How far the files of an import are.
pub(super) enum Files {
    /// There are none.
    None,
    /// They were not looked at yet.
    Unread,
    /// They are looked through.
    Reading,
    /// They are here; what was fetched of them stays as long as this.
    Here(#[expect(dead_code, reason = "it is only kept")] Brought),
}

impl Files {
    pub(super) fn of(job: &Job) -> Self {
        match (job.request.method, &job.kind) {
            (Method::File, JobKind::Import | JobKind::Settle { .. }) => Self::Unread,
            (Method::File, JobKind::Expire) | (Method::Api | Method::Oauth, _) => Self::None,
        }
    }

    /// What an attempt may begin with: the listing of files goes on when it is known what is in them.
    pub(super) fn scope(&self, scope: &Scope) -> Scope {
        match self {
            Self::Unread | Self::Reading => Scope {
                checkpoints: Vec::new(),
                ..scope.clone()
            },
            Self::None | Self::Here(_) => scope.clone(),
        }
    }

    pub(super) const fn are_read(&self) -> bool {
        matches!(self, Self::Reading)
    }
}

impl Lane {
    /// Looks through the files of an import that brings some, before anything else.
    pub(in crate::reconcile) fn gather<'a>(
        &mut self,
        index: usize,
        drive: &Drive<'a>,
    ) -> Option<Operation<'a>> {
        let active = self.active.as_mut()?;
        if !matches!(active.files, Files::Unread) {
            return None;
        }
        if active.attempt.is_stopped() {
            active.files = Files::None;
            return None;
        }
        active.files = Files::Reading;
        let (job, folder) = (active.job.clone(), drive.settings.uploads.to_owned());
        // The end of the night stops it as well: what is fetched may be large.
        let mut halt = active.halt.subscribe();
        Some(Box::pin(async move {
            let news = tokio::select! {
                brought = gathering::bring(job, folder) => News::Gathered(Box::new(brought)),
                _ = halt.wait_for(|halt| *halt) => News::Abandoned,
            };
            (index, news)
        }))
    }
}

impl Active {
    /// Takes in what the files of the request hold. A stop that came meanwhile holds.
    pub(super) fn gathered(&mut self, brought: Result<Brought, Failure>) {
        if self.attempt.is_stopped() {
            return self.not_gathered();
        }
        match brought {
            Ok(brought) => {
                let setup = Setup {
                    gathered: Arc::clone(&brought.gathered),
                    ..Setup::clone(&self.setup)
                };
                self.setup = Arc::new(setup);
                self.attempt =
                    Attempt::new(self.connector, Arc::clone(&self.setup), self.scope.clone());
                self.files = Files::Here(brought);
            }
            Err(failure) => {
                self.attempt.stop(End::Failed(failure));
                self.files = Files::None;
            }
        }
    }

    /// The run was stopped before they were looked through.
    pub(super) fn not_gathered(&mut self) {
        if matches!(self.files, Files::Reading) {
            self.files = Files::None;
        }
    }
}
