create table artifact (
  source_digest text primary key,
  sha256 text not null,
  size bigint not null,
  stored_at timestamptz not null default now()
);
create index on artifact (sha256);

-- Immutable but for `follows` and `served_at`, which tell its life, not its content.
create table release (
  environment text not null,
  service text not null,
  id text not null,
  number int not null,
  source_digest text not null,
  resource jsonb not null,
  changed text[] not null,
  actor text not null,
  created_at bigint not null,
  -- What served when this one was deployed: where a rollback goes.
  follows text,
  -- Null until a rollout of it has finished once.
  served_at bigint,
  primary key (environment, service, id),
  unique (environment, service, number)
);

-- What serves now: the resource as it was last made real.
create table service (
  environment text not null,
  name text not null,
  address text not null,
  release text not null,
  resource jsonb not null,
  primary key (environment, name)
);

-- Written before an agent is asked to start it, removed after it was stopped.
create table instance (
  environment text not null,
  id text not null,
  service text not null,
  host text not null,
  release text not null,
  port int not null,
  serving boolean not null default false,
  primary key (environment, host, id)
);

create table balancer (
  environment text not null,
  name text not null,
  address text not null,
  host text not null,
  service text not null,
  port int not null,
  primary key (environment, name)
);

create table slot (
  environment text not null,
  balancer text not null,
  slot text not null,
  instance text,
  ip text not null default '127.0.0.1',
  port int not null default 1,
  state text not null default 'maint' check (state in ('ready', 'drain', 'maint')),
  primary key (environment, balancer, slot),
  foreign key (environment, balancer) references balancer on delete cascade
);

create table rollout (
  id text primary key,
  environment text not null,
  service text not null,
  release text not null,
  previous text,
  state text not null check (state in ('running', 'finished', 'failed')),
  detail text not null,
  started_at bigint not null,
  ended_at bigint
);
create index on rollout (environment, service, started_at desc);
