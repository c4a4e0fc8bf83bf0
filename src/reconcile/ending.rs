//! The end of an attempt on its way into the record.

use jiff::Timestamp;
use serde_json::json;

use super::{
    job,
    lane::{Active, Drive},
    notification,
};
use crate::{
    import::{self, Conclusion, Context, End, Failure},
    model::{
        ApiUsage, FailureClass, Harvest, ImportRecord, Notification, NotificationKind, Tally,
        WhoseTurn,
    },
    plan::{self, Job, JobKind},
    platforms::Auth,
    report::notice::Occasion,
    spec::Include,
    store::{AttemptEnd, RETRY_REASON, Store, StoreError},
};

/// What is known when an attempt ends.
pub(super) struct Ending {
    job: Job,
    /// How it signs in.
    auth: Option<Auth>,
    end: End,
    usage: Vec<ApiUsage>,
    platform_name: String,
    settle_days: u16,
    started_at: Timestamp,
    progressed: bool,
    requests: i64,
    unrecorded: i64,
    tally: Tally,
}

impl Ending {
    pub(super) fn new(
        active: &mut Active,
        end: End,
        usage: Vec<ApiUsage>,
        platform_name: &str,
        settle_days: u16,
    ) -> Self {
        let unrecorded = usage.iter().map(|usage| usage.requests).sum();
        active.requests += unrecorded;
        let end = if active.tally.adds_up() {
            end
        } else {
            unaccounted(&active.tally)
        };
        Self {
            job: active.job.clone(),
            auth: job::auth(&active.job, &active.connector.traits()).ok(),
            end,
            usage,
            platform_name: platform_name.to_owned(),
            settle_days,
            started_at: active.started_at,
            progressed: active.attempt.progressed(),
            requests: active.requests,
            unrecorded,
            tally: active.tally,
        }
    }

    pub(super) async fn record(self, drive: &Drive<'_>) -> Result<ImportRecord, StoreError> {
        let (job, store) = (&self.job, drive.edges.store);
        let expire_pending = job.kind == JobKind::Expire;
        let ImportRecord {
            request_id,
            digest,
            platform,
            account,
            ..
        } = &job.record;
        let mut totals = store.totals(request_id, digest, platform, account).await?;
        if expire_pending {
            totals.transcripts_pending = 0;
            (totals.media.pending, totals.media_listed) = (0, 0);
        }
        let now = drive.edges.clock.now();
        let context = self.context(now);
        let wants_media = context.media;
        let conclusion = import::conclude(&job.record, &self.end, &totals, &context);
        let harvest = harvest(store, &conclusion).await?;
        let notifications = self.told(&conclusion, harvest.as_ref(), drive);
        store
            .finish_attempt(AttemptEnd {
                record: conclusion.record.clone(),
                run_id: drive.settings.run_id.to_owned(),
                started_at: self.started_at,
                finished_at: now,
                outcome: conclusion.record.phase,
                failure_class: conclusion.failure_class,
                detail: conclusion.detail,
                tally: self.tally,
                attempt_requests: self.requests,
                requests_sent: self.unrecorded,
                usage: self.usage,
                expire_pending,
                expire_media: expire_pending && wants_media,
                notifications,
            })
            .await?;
        Ok(conclusion.record)
    }

    /// What people are told of. It is recorded with the phase it is about, so a run tells it once.
    fn told(
        &self,
        conclusion: &Conclusion,
        harvest: Option<&Harvest>,
        drive: &Drive<'_>,
    ) -> Vec<Notification> {
        let told = conclusion.notices.iter().map(|kind| {
            let mut record = conclusion.record.clone();
            let cause = self.cause(*kind, &record, drive);
            let id = plan::notification_id(&record.request_id, &record.digest, *kind, &cause);
            if *kind == NotificationKind::Recovered {
                // The date is counted anew after the run, and told then. The old one may be over.
                record.expected_completion = None;
            }
            let occasion = Occasion {
                told: None,
                period: Some(self.job.period),
                estimated_calls: Some(self.job.request.estimated_calls),
                harvest,
                tally: Some(self.tally).filter(|tally| tally.found > 0),
            };
            notification(id, &record, *kind, occasion)
        });
        told.collect()
    }

    /// What tells this event from others of its kind: the run. Only where the customer's credential is
    /// refused it is what was refused, and why: keys that are sealed anew make no news. Whoever asked to try
    /// again is told in any case.
    fn cause(&self, kind: NotificationKind, record: &ImportRecord, drive: &Drive<'_>) -> String {
        let request = &self.job.request;
        let is_retried = self.job.record.reason.as_deref() == Some(RETRY_REASON);
        if kind != NotificationKind::NeedsCredentials || is_retried {
            return drive.settings.run_id.to_owned();
        }
        let opened = self
            .auth
            .map(|auth| drive.edges.secrets.open(request, auth));
        let credential = match opened {
            Some(Ok(credential)) => credential.mark(),
            Some(Err(_)) | None => request.credential_fingerprint().unwrap_or_default(),
        };
        let listed = record.calls_listed + record.transcripts_imported;
        json!([credential, record.reason, listed]).to_string()
    }

    fn context(&self, now: Timestamp) -> Context<'_> {
        let job = &self.job;
        Context {
            platform: &self.platform_name,
            began: self.started_at,
            now,
            period: job.period,
            settle_days: self.settle_days,
            progressed: self.progressed,
            settling: job.kind != JobKind::Import,
            media: job.request.include.contains(&Include::Media),
            estimated_calls: job.request.estimated_calls,
        }
    }
}

/// Calls went astray between the source and the record. What is recorded stays; that it is all, nobody may say.
fn unaccounted(tally: &Tally) -> End {
    End::Failed(Failure {
        class: FailureClass::Internal,
        detail: format!("not everything that was found is accounted for: {tally:?}"),
        advice: Some((
            WhoseTurn::Engineering,
            "The import needs an engineer: not everything that was found is accounted for."
                .to_owned(),
        )),
    })
}

/// What is here, if an event is to say so.
async fn harvest(store: &Store, conclusion: &Conclusion) -> Result<Option<Harvest>, StoreError> {
    if conclusion.notices.iter().any(|kind| brings_calls(*kind)) {
        return store.harvest(&conclusion.record).await.map(Some);
    }
    Ok(None)
}

/// Whether an event says what is here.
const fn brings_calls(kind: NotificationKind) -> bool {
    matches!(
        kind,
        NotificationKind::Completed | NotificationKind::CompletedWithFailures
    )
}
