-- People, teams, schedules, escalations and receivers, as declared.
create table declared (
  address text primary key,
  environment text not null,
  type text not null,
  name text not null,
  properties jsonb not null,
  revision integer not null default 1
);
-- Overrides, and swaps where someone is given that it is for.
create table override (
  id text primary key,
  schedule text not null,
  from_at bigint not null,
  to_at bigint not null,
  person text not null,
  out text,
  created_by text not null,
  created_at bigint not null
);
create table incident (
  id bigint generated always as identity primary key,
  -- What it is about: at most one open incident each.
  key text not null,
  environment text,
  title text not null,
  severity text not null,
  state text not null,
  alerts jsonb not null,
  opened_at bigint not null,
  opened_by text not null,
  acknowledged_at bigint,
  resolved_at bigint,
  resolved_by text
);
create unique index one_open_incident on incident (key) where state <> 'resolved';
-- Notifications that were taken in: each once.
create table taken (
  id text primary key,
  at bigint not null
);
create table page (
  id text primary key,
  incident bigint not null references incident,
  environment text not null,
  state text not null,
  levels jsonb not null,
  acknowledged_for bigint not null,
  round integer not null,
  level integer not null,
  asked_at bigint,
  created_at bigint not null,
  acknowledged_by text,
  acknowledged_at bigint,
  acknowledged_until bigint,
  resolved_at bigint
);
create index page_by_incident on page (incident);
create table notice (
  id text primary key,
  environment text not null,
  channel jsonb not null,
  message jsonb not null,
  state text not null default 'open'
);
-- One try of one way to one person or channel. Accepted, delivered, opened and answered are different facts.
create table attempt (
  id text primary key,
  about text not null,
  person text,
  channel text not null,
  round integer not null,
  level integer not null,
  number integer not null,
  begun_at bigint not null,
  accepted_at bigint,
  opened_at bigint,
  acknowledged_at bigint,
  failure text,
  detail text
);
create index attempt_by_subject on attempt (about);
create table used_answer (
  token text primary key,
  at bigint not null
);
