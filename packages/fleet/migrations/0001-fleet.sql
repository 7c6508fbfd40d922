-- Times are milliseconds since the epoch, from the control plane's clock.
create table host (
  address text primary key,
  environment text not null,
  name text not null,
  properties jsonb not null,
  facts jsonb,
  -- What the timeline was last told: "new" has never connected.
  state text not null default 'new' check (state in ('new', 'connected', 'lost')),
  connection_id text,
  last_seen bigint,
  created_at bigint not null
);
create index on host (environment);

create table machine (
  address text primary key,
  environment text not null,
  name text not null,
  spec jsonb not null,
  -- Where it is reached; null until it has run once.
  access jsonb,
  state text not null default 'none' check (state in ('running', 'stopped', 'none')),
  wanted text not null default 'running' check (wanted in ('running', 'stopped'))
);
create index on machine (environment);

create table certificate (
  serial text primary key,
  host text not null,
  issued_at bigint not null,
  not_after bigint not null,
  revoked_at bigint,
  revoked_because text
);
create index on certificate (host);

create table enrolment_token (
  hash bytea primary key,
  host text not null,
  expires_at bigint not null,
  used_at bigint
);

-- References in sections stay unresolved here: no secret is stored.
create table desired (
  host text primary key,
  revision bigint not null,
  sections jsonb not null
);
