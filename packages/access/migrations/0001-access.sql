-- Secrets of callers are kept as SHA-256 only: they are 256 random bits, so a slow hash would add nothing.
create table token (
  id text primary key,
  name text not null,
  role text not null check (role in ('viewer', 'operator', 'admin')),
  hash bytea not null unique,
  created_at bigint not null,
  created_by text not null,
  expires_at bigint,
  last_used_at bigint,
  revoked_at bigint
);

create table sign_in_link (
  hash bytea primary key,
  actor text not null,
  role text not null check (role in ('viewer', 'operator', 'admin')),
  created_at bigint not null,
  created_by text not null,
  expires_at bigint not null,
  used_at bigint
);

create table session (
  id text primary key,
  hash bytea not null unique,
  actor text not null,
  role text not null check (role in ('viewer', 'operator', 'admin')),
  created_at bigint not null,
  seen_at bigint not null,
  ended_at bigint
);

-- Every entry's hash covers the one before: a changed or missing one shows.
create table audit (
  id bigint primary key,
  at bigint not null,
  actor text not null,
  identity text not null,
  role text not null,
  action text not null,
  resource text not null,
  outcome text not null,
  method text not null,
  path text not null,
  remote_address text not null,
  previous bytea not null,
  hash bytea not null
);

-- Where the chain ends, so that entries cut off its end show too.
create table audit_head (
  one boolean primary key default true check (one),
  id bigint not null,
  hash bytea not null
);
insert into audit_head (id, hash) values (0, decode(repeat('00', 32), 'hex'));

create table secret (
  environment text not null,
  name text not null,
  nonce bytea not null,
  sealed bytea not null,
  created_at bigint not null,
  primary key (environment, name)
);
