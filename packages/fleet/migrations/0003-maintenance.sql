-- Maintenance that somebody began by hand: nothing is mended on the host, or on all of the environment's.
create table maintenance (
  id text primary key,
  environment text not null,
  -- Null: all hosts of the environment.
  host text,
  from_at bigint not null,
  until_at bigint not null,
  reason text not null,
  actor text not null,
  -- Whether the timeline knows of its end.
  end_told boolean not null default false
);
create index on maintenance (until_at);
