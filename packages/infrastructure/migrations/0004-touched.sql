-- Whether an apply ever made a resource ("created") or changed what was there ("changed"): hosts remember that too, and what
-- they do when it is no longer declared depends on it.
alter table resource add column touched text;
update resource r set touched = 'changed'
  where exists (select from apply_step s where s.address = r.address and s.outcome = 'changed');
