create table event (
  id bigint generated always as identity primary key,
  at bigint not null,
  environment text,
  address text,
  host text,
  kind text not null,
  severity text not null,
  summary text not null,
  data jsonb not null,
  actor text not null,
  key text unique
);
create index event_by_environment on event (environment, id);
create index event_by_address on event (address, id) where address is not null;
