-- What has become of the recordings of an import's calls. Added columns can have no NOT NULL.
ALTER TABLE imports ADD COLUMN media_stored BIGINT DEFAULT 0;
ALTER TABLE imports ADD COLUMN media_pending BIGINT DEFAULT 0;
ALTER TABLE imports ADD COLUMN media_failed BIGINT DEFAULT 0;

UPDATE record SET schema_version = 3;
