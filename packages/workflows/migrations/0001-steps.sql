-- What a step of a workflow gave, by name: a body that runs again reads it here instead of acting again.
create table step (
  workflow text not null,
  name text not null,
  result jsonb,
  ended_at timestamptz not null default now(),
  primary key (workflow, name)
);
