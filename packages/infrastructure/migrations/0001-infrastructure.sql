-- `serial` rises with every change of what is recorded: a plan holds only for the serial that it was made at.
create table environment (
  name text primary key,
  owner text,
  serial bigint not null default 0
);

-- What was applied last, one row a resource.
create table resource (
  address text primary key,
  environment text not null references environment (name),
  position integer not null,
  body jsonb not null,
  applied_at bigint not null,
  apply_id text not null
);
create index resource_by_environment on resource (environment, position);

create table plan (
  id text primary key,
  environment text not null,
  kind text not null,
  serial bigint not null,
  created_at bigint not null,
  graph jsonb not null,
  prior jsonb not null,
  body jsonb not null
);

create table apply (
  id text primary key,
  environment text not null,
  kind text not null,
  plan_id text not null references plan (id),
  state text not null,
  actor text not null,
  started_at bigint not null,
  ended_at bigint,
  error text
);
create index apply_by_environment on apply (environment, started_at);
-- One apply per environment at a time. The row is the lock: whoever restarts the apply holds it on.
create unique index apply_running on apply (environment) where state = 'running';

create table apply_step (
  apply_id text not null references apply (id),
  position integer not null,
  address text not null,
  action text not null,
  state text not null,
  detail text,
  error text,
  started_at bigint,
  ended_at bigint,
  primary key (apply_id, address)
);
