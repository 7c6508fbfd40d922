-- Since when a sample counts, where its sender told it: beside the samples, so that those of whom it is not known, which
-- are nearly all, pay nothing.
CREATE TABLE IF NOT EXISTS starts
(
    series_id UInt64 CODEC(ZSTD(1)),
    timestamp DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    started DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(timestamp)
ORDER BY (toStartOfInterval(timestamp, toIntervalHour(2)), series_id, timestamp)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
