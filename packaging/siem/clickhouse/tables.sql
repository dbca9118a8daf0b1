-- A table for `host-sensor ship` with `kind: clickhouse`, of a log that was written with `output: ecs`.
--
-- The line is kept as it is, in `event`; columns for what is asked most are made of it when it arrives. A line that is
-- sent again becomes one row when parts are merged, or with FINAL. ClickHouse 24.8 or later, for the queries.

CREATE TABLE events
(
    time DateTime64(3, 'UTC'),
    host LowCardinality(String),
    id String,
    key String,
    event String CODEC(ZSTD(3)),
    serial UInt64 MATERIALIZED toUInt64OrZero(splitByChar(':', id)[2]),
    type LowCardinality(String) MATERIALIZED JSONExtractString(event, 'auditd', 'message_type'),
    action LowCardinality(String) MATERIALIZED JSONExtractString(event, 'event', 'action'),
    outcome LowCardinality(String) MATERIALIZED JSONExtractString(event, 'event', 'outcome'),
    keys Array(String) MATERIALIZED JSONExtract(event, 'tags', 'Array(String)'),
    session String MATERIALIZED JSONExtractString(event, 'auditd', 'session'),
    login_user String MATERIALIZED JSONExtractString(event, 'user', 'audit', 'id'),
    user String MATERIALIZED JSONExtractString(event, 'user', 'id'),
    source String MATERIALIZED JSONExtractString(event, 'source', 'ip'),
    destination String MATERIALIZED JSONExtractString(event, 'destination', 'address'),
    port UInt16 MATERIALIZED JSONExtractUInt(event, 'destination', 'port'),
    process String MATERIALIZED if(
        JSONHas(event, 'process', 'entity_id'),
        JSONExtractString(event, 'process', 'entity_id'),
        JSONExtractString(event, 'host_sensor', 'process', 'exec_event_id')),
    parent String MATERIALIZED if(
        JSONHas(event, 'process', 'parent', 'entity_id'),
        JSONExtractString(event, 'process', 'parent', 'entity_id'),
        JSONExtractString(event, 'host_sensor', 'parent', 'exec_event_id')),
    pid UInt32 MATERIALIZED JSONExtractUInt(event, 'process', 'pid'),
    parent_pid UInt32 MATERIALIZED JSONExtractUInt(event, 'process', 'parent', 'pid'),
    program String MATERIALIZED JSONExtractString(event, 'process', 'name'),
    executable String MATERIALIZED JSONExtractString(event, 'process', 'executable'),
    args Array(String) MATERIALIZED JSONExtract(event, 'process', 'args', 'Array(String)'),
    file String MATERIALIZED JSONExtractString(event, 'file', 'path'),
    paths Array(String) MATERIALIZED arrayDistinct(arrayFilter(name -> name != '', arrayConcat(
        [JSONExtractString(event, 'file', 'path'), JSONExtractString(event, 'file', 'target_path')],
        arrayMap(path -> JSONExtractString(path, 'name'), JSONExtractArrayRaw(event, 'auditd', 'paths'))))),
    INDEX paths_of_event paths TYPE bloom_filter GRANULARITY 4,
    INDEX process_of_event process TYPE bloom_filter GRANULARITY 4
)
ENGINE = ReplacingMergeTree
PARTITION BY toDate(time)
ORDER BY (host, time, key);
