-- What the samples of a series were in five minutes and in an hour, for as long as those outlive the samples. `timestamp`
-- is the bucket's end, which belongs to it; its start does not: windows of PromQL are open on the left too. Written again,
-- a bucket replaces itself. A day of all series lies together, since questions about five minutes are of days.
CREATE TABLE IF NOT EXISTS rollups_5m
(
    series_id UInt64 CODEC(ZSTD(1)),
    timestamp DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    count UInt32 COMMENT 'samples, without staleness markers' CODEC(ZSTD(1)),
    first Float64 CODEC(Gorilla, ZSTD(1)),
    last Float64 CODEC(Gorilla, ZSTD(1)),
    min Float64 CODEC(Gorilla, ZSTD(1)),
    max Float64 CODEC(Gorilla, ZSTD(1)),
    sum Float64 CODEC(Gorilla, ZSTD(1)),
    dropped Float64 COMMENT 'values before each decrease, added up' CODEC(Gorilla, ZSTD(1)),
    resets UInt32 COMMENT 'decreases' CODEC(ZSTD(1)),
    changes UInt32 CODEC(ZSTD(1)),
    first_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    last_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    ended UInt8 COMMENT '1: a staleness marker came after the last sample' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (toDate(timestamp), series_id, timestamp)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS rollups_1h AS rollups_5m
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (series_id, timestamp)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Hours that are rolled up: all from the first `since` to the last `until`.
CREATE TABLE IF NOT EXISTS rolled (since DateTime('UTC'), until DateTime('UTC'))
ENGINE = MergeTree
ORDER BY until
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Series that got samples in hours (by their ends) that were rolled up already, or lost some.
CREATE TABLE IF NOT EXISTS late (hour DateTime('UTC'), series_id UInt64, at DateTime64(3, 'UTC') DEFAULT now64(3))
ENGINE = MergeTree
ORDER BY (hour, series_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
