-- The view `events` of a log that was written with
--
--     transform: {keys: distinct, strings: unicode}
--     translate: {summary: true, time: iso, type: true}
--
-- Load this or ecs.sql, then queries.sql. Which files are read:
--
--     SET VARIABLE log = '/var/log/host-sensor/audit.jsonl*';
--
-- A line that is no JSON is left out: the last one of a log that is being written may be half there.
-- A line stays JSON until a column asks for a member, so that no event, and no later version, changes the columns.
-- Its columns are those of ecs.sql. Names in `paths` are as the records have them, some relative to a directory.

CREATE OR REPLACE VIEW events AS
WITH lines AS (
    SELECT json AS line, json->'$.x_summary' AS summary, json->'$.SYSCALL' AS call, json->>'$.x_type' AS type
    FROM read_ndjson_objects(getvariable('log'), maximum_object_size = 16777216, ignore_errors = true)
)
SELECT
    (line->>'$.x_time')::TIMESTAMP AS time,
    line->>'$.ID' AS id,
    TRY_CAST(split_part(line->>'$.ID', ':', 2) AS BIGINT) AS serial,
    line->>'$.NODE' AS host,
    lower(type) AS type,
    summary->>'$.event.action' AS action,
    summary->>'$.event.outcome' AS outcome,
    coalesce(call->>'$.KEYS', (line->type)->>'$[0].KEYS')::VARCHAR[] AS keys,
    nullif(coalesce(call->>'$.ses', (line->type)->>'$.ses', (line->type)->>'$[0].ses'), '4294967295') AS session,
    summary->>'$.user.audit.id' AS login_user,
    summary->>'$.user.id' AS "user",
    summary->>'$.source.ip' AS source,
    summary->>'$.destination.address' AS destination,
    (summary->>'$.destination.port')::INTEGER AS port,
    coalesce(call->>'$.x_pid.GUID', call->>'$.x_pid.EVENT_ID') AS process,
    coalesce(call->>'$.x_ppid.GUID', call->>'$.x_ppid.EVENT_ID') AS parent,
    (summary->>'$.process.pid')::BIGINT AS pid,
    (summary->>'$.process.parent.pid')::BIGINT AS parent_pid,
    summary->>'$.process.name' AS program,
    summary->>'$.process.executable' AS executable,
    (line->>'$.EXECVE.ARGV')::VARCHAR[] AS args,
    summary->>'$.file.path' AS file,
    list_distinct([
        name FOR name IN [summary->>'$.file.path', summary->>'$.file.target_path']
            || coalesce(line->>'$.PATH[*].name', [])
        IF name IS NOT NULL
    ]) AS paths
FROM lines
WHERE line->>'$.ID' IS NOT NULL;
