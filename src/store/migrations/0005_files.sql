-- Everything that an attempt found is accounted for:
-- calls_found = calls_imported + calls_changed + calls_unchanged + calls_duplicate + calls_skipped + calls_failed.
ALTER TABLE attempts ADD COLUMN calls_found BIGINT DEFAULT 0;
ALTER TABLE attempts ADD COLUMN calls_changed BIGINT DEFAULT 0;
ALTER TABLE attempts ADD COLUMN calls_unchanged BIGINT DEFAULT 0;
ALTER TABLE attempts ADD COLUMN calls_duplicate BIGINT DEFAULT 0;
ALTER TABLE attempts ADD COLUMN calls_skipped BIGINT DEFAULT 0;
ALTER TABLE attempts ADD COLUMN calls_failed BIGINT DEFAULT 0;

-- Where in a file something failed, and the row as it stands (JSON: [[heading, cell], ...]), to be corrected.
ALTER TABLE call_failures ADD COLUMN file VARCHAR;
ALTER TABLE call_failures ADD COLUMN line BIGINT;
ALTER TABLE call_failures ADD COLUMN cell BIGINT;
ALTER TABLE call_failures ADD COLUMN code VARCHAR;
ALTER TABLE call_failures ADD COLUMN value VARCHAR;
ALTER TABLE call_failures ADD COLUMN message VARCHAR;
ALTER TABLE call_failures ADD COLUMN help VARCHAR;
ALTER TABLE call_failures ADD COLUMN original VARCHAR;

-- key: request_id, name. What was found and is no call of its own.
CREATE TABLE left_out (
    request_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    is_duplicate BOOLEAN NOT NULL,
    run_id VARCHAR NOT NULL
);

UPDATE record SET schema_version = 5;
