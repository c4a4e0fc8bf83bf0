-- How many calls of an import that wants recordings have none.
ALTER TABLE imports ADD COLUMN media_unavailable BIGINT DEFAULT 0;

UPDATE record SET schema_version = 4;
