create table route (
  address text primary key,
  environment text not null,
  name text not null,
  properties jsonb not null
);
create table silence (
  id text primary key,
  ends_at bigint not null,
  silence jsonb not null
);
-- What was last told about a group; `id` names group and receiver.
create table told (
  id text primary key,
  at bigint not null,
  told jsonb not null
);
-- Alerts that others sent in.
create table received (
  fingerprint text primary key,
  alert jsonb not null
);
