-- Maintenance windows that the timeline was told are open: what closes is told, whoever was away meanwhile.
create table maintenance_opening (
  key text not null,
  environment text not null,
  host text,
  from_at bigint not null,
  until_at bigint not null,
  title text not null,
  primary key (key, from_at)
);
