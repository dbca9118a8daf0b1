-- The view `events` of a log that was written with
--
--     output: ecs
--
-- Load this or distinct.sql, then queries.sql. Which files are read:
--
--     SET VARIABLE log = '/var/log/host-sensor/audit.jsonl*';
--
-- A line that is no JSON is left out: the last one of a log that is being written may be half there.
-- A line stays JSON until a column asks for a member, so that no event, and no later version, changes the columns.

CREATE OR REPLACE VIEW events AS
WITH lines AS (
    SELECT json AS line
    FROM read_ndjson_objects(getvariable('log'), maximum_object_size = 16777216, ignore_errors = true)
)
SELECT
    (line->>'$."@timestamp"')::TIMESTAMP AS time,
    line->>'$.event.id' AS id,
    TRY_CAST(split_part(line->>'$.event.id', ':', 2) AS BIGINT) AS serial,
    line->>'$.host.name' AS host,
    line->>'$.auditd.message_type' AS type,
    line->>'$.event.action' AS action,
    line->>'$.event.outcome' AS outcome,
    (line->>'$.tags')::VARCHAR[] AS keys,
    line->>'$.auditd.session' AS session,
    line->>'$.user.audit.id' AS login_user,
    line->>'$.user.id' AS "user",
    line->>'$.source.ip' AS source,
    line->>'$.destination.address' AS destination,
    (line->>'$.destination.port')::INTEGER AS port,
    coalesce(line->>'$.process.entity_id', line->>'$.host_sensor.process.exec_event_id') AS process,
    coalesce(line->>'$.process.parent.entity_id', line->>'$.host_sensor.parent.exec_event_id') AS parent,
    (line->>'$.process.pid')::BIGINT AS pid,
    (line->>'$.process.parent.pid')::BIGINT AS parent_pid,
    line->>'$.process.name' AS program,
    line->>'$.process.executable' AS executable,
    (line->>'$.process.args')::VARCHAR[] AS args,
    line->>'$.file.path' AS file,
    list_distinct([
        name FOR name IN [line->>'$.file.path', line->>'$.file.target_path']
            || coalesce(line->>'$.auditd.paths[*].name', [])
        IF name IS NOT NULL
    ]) AS paths
FROM lines
WHERE line->>'$.event.id' IS NOT NULL;
