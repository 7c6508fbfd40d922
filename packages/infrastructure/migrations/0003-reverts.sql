-- Of a plan that takes an apply back: which one, and what its hosts do from what they recorded.
alter table plan add column revert jsonb;

-- How long a change took on its host, and whether anything was to be changed there.
alter table apply_step add column duration_ms double precision;
alter table apply_step add column outcome text;
