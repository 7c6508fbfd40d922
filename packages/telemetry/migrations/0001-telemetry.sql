-- One row a series and day on which it had samples: label queries of a time range read only its days.
CREATE TABLE IF NOT EXISTS series
(
    day Date,
    id UInt64 COMMENT 'hash of the sorted labels',
    name LowCardinality(String),
    labels Map(LowCardinality(String), String) COMMENT 'without __name__'
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (name, id, day)
TTL day + toIntervalDay(31)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- A second write of a sample replaces the first, so that segments may be inserted again; until parts are merged both
-- may be found. Two hours of all series lie together: a question about an hour reads an hour, whatever else is kept.
CREATE TABLE IF NOT EXISTS samples
(
    series_id UInt64 CODEC(ZSTD(1)),
    timestamp DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    value Float64 CODEC(Gorilla, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(timestamp)
ORDER BY (toStartOfInterval(timestamp, toIntervalHour(2)), series_id, timestamp)
TTL toDate(timestamp) + toIntervalDay(30)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

-- Names as in OpenTelemetry's own tables. A line is known by the batch it came in and its row there.
CREATE TABLE IF NOT EXISTS logs
(
    batch UInt64 CODEC(ZSTD(1)),
    row UInt32 CODEC(Delta, ZSTD(1)),
    Timestamp DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    Environment LowCardinality(String),
    Host LowCardinality(String),
    SeverityNumber UInt8,
    SeverityText String ALIAS multiIf(SeverityNumber < 5, 'trace', SeverityNumber < 9, 'debug', SeverityNumber < 13, 'info', SeverityNumber < 17, 'warn', SeverityNumber < 21, 'error', 'fatal'),
    ServiceName LowCardinality(String),
    Instance LowCardinality(String),
    TraceId String CODEC(ZSTD(1)),
    SpanId String CODEC(ZSTD(1)),
    Body String CODEC(ZSTD(1)),
    LogAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    INDEX body_tokens lower(Body) TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 8,
    INDEX trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(Timestamp)
ORDER BY (Environment, ServiceName, Timestamp)
TTL toDate(Timestamp) + toIntervalDay(14)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;
