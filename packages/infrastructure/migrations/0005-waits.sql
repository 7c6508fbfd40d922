-- Hosts that were at work on something else when the apply's turn had come there.
alter table apply add column waits jsonb;
