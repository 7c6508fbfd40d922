-- What Havn does itself and that raises alerts, which are held until it is over.
create table expected (
  id text primary key,
  until_at bigint not null,
  expected jsonb not null
);
