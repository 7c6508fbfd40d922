-- declared: what the configuration says; edited: what the page made of it; base: what was declared when that began.
create table dashboard (
  environment text not null,
  name text not null,
  declared jsonb,
  edited jsonb,
  base jsonb,
  revision bigint not null,
  changed_by text not null,
  changed_at bigint not null,
  primary key (environment, name),
  check (declared is not null or edited is not null)
);
-- Every content that it ever had, so that any change can be undone. It outlives the dashboard.
create table dashboard_version (
  environment text not null,
  name text not null,
  revision bigint not null,
  at bigint not null,
  actor text not null,
  what text not null,
  content jsonb,
  primary key (environment, name, revision)
);
create sequence dashboard_revision;
