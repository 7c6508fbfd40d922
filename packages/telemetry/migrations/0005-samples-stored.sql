-- What is stored of a value is no longer the value itself (0006). Alone in this file: it may run twice.
ALTER TABLE samples RENAME COLUMN IF EXISTS value TO stored;
