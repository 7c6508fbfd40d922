-- Native histograms: one row a sample, as Prometheus' data model has them, with the buckets that hold something.
CREATE TABLE IF NOT EXISTS histograms
(
    series_id UInt64 CODEC(ZSTD(1)),
    timestamp DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    schema Int8 COMMENT '-4 to 8; -53: custom_bounds',
    hint UInt8 COMMENT '0 unknown, 1 reset, 2 not reset, 3 gauge',
    count Float64 CODEC(Gorilla, ZSTD(1)),
    sum Float64 CODEC(Gorilla, ZSTD(1)),
    zero_threshold Float64 CODEC(ZSTD(1)),
    zero_count Float64 CODEC(ZSTD(1)),
    positive_indexes Array(Int32) CODEC(ZSTD(1)),
    positive_counts Array(Float64) CODEC(ZSTD(1)),
    negative_indexes Array(Int32) CODEC(ZSTD(1)),
    negative_counts Array(Float64) CODEC(ZSTD(1)),
    custom_bounds Array(Float64) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(timestamp)
ORDER BY (toStartOfInterval(timestamp, toIntervalHour(2)), series_id, timestamp)
TTL toDate(timestamp) + toIntervalDay(30)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

-- Single events behind a sample, most often with the trace that they belong to.
CREATE TABLE IF NOT EXISTS exemplars
(
    series_id UInt64 CODEC(ZSTD(1)),
    timestamp DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    value Float64 CODEC(ZSTD(1)),
    labels Map(LowCardinality(String), String) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(timestamp)
ORDER BY (series_id, timestamp, value)
TTL toDate(timestamp) + toIntervalDay(30)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

-- What a metric is, by its name: the last that was said.
CREATE TABLE IF NOT EXISTS metadata
(
    name String,
    type LowCardinality(String),
    unit LowCardinality(String),
    help String,
    at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(at)
ORDER BY name
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
