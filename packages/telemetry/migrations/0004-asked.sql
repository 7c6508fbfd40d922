-- When a metric was last asked for, by its name. The empty name: since when that is written down.
CREATE TABLE IF NOT EXISTS asked (name String, at DateTime('UTC'))
ENGINE = ReplacingMergeTree(at)
ORDER BY name
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
