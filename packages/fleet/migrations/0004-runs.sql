-- Commands and copies that people asked for. Times are milliseconds since the epoch.
create table run (
  id text primary key,
  task jsonb not null,
  -- As they were chosen, and where.
  hosts text not null,
  environment text,
  concurrency int not null,
  actor text not null,
  again text,
  state text not null default 'ready'
    check (state in ('ready', 'running', 'succeeded', 'failed', 'stopped', 'interrupted')),
  created_at bigint not null,
  started_at bigint,
  ended_at bigint,
  input_bytes bigint
);
create index on run (created_at);

create table run_host (
  run text not null references run on delete cascade,
  host text not null,
  position int not null,
  state text not null default 'waiting'
    check (state in ('waiting', 'running', 'ok', 'failed', 'away', 'lost', 'stopped')),
  code int,
  signal text,
  error text,
  -- Beginning and end, secrets masked.
  stdout text,
  stderr text,
  bytes bigint,
  started_at bigint,
  ended_at bigint,
  primary key (run, host)
);
