create table rule (
  address text primary key,
  environment text not null,
  name text not null,
  properties jsonb not null
);
create table probe (
  address text primary key,
  environment text not null,
  name text not null,
  host text not null,
  properties jsonb not null
);
create index probe_by_host on probe (host);
create table alert (
  fingerprint text primary key,
  environment text not null,
  state text not null,
  record jsonb not null
);
-- What must still be written to the timeline. Committed with the alert's state, removed once it stands there.
create table outbox (
  id bigint generated always as identity primary key,
  event jsonb not null
);
