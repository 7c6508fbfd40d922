create table runbook_run (
  id text primary key,
  environment text not null,
  runbook text not null,
  -- As it was declared when the run began: what is declared later changes nothing of it.
  properties jsonb not null,
  trigger jsonb not null,
  state text not null,
  dry_run boolean not null,
  started_by text not null,
  incident bigint references incident,
  started_at bigint not null,
  ended_at bigint,
  error text
);
create index runbook_run_by_runbook on runbook_run (environment, runbook, started_at desc);
create table runbook_step (
  run text not null references runbook_run on delete cascade,
  name text not null,
  number integer not null,
  kind text not null,
  detail text not null,
  state text not null,
  started_at bigint not null,
  ended_at bigint,
  outcome text,
  -- What a person is asked: { text, choices, until, answer, by, answeredAt }.
  question jsonb,
  primary key (run, name)
);
-- Channels that are taken in turn where the one before took nothing.
alter table notice add column otherwise jsonb not null default '[]';
