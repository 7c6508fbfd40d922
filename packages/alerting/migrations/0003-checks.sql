-- Checks whose results others tell: what came last, and what is remembered of it.
create table told_check (
  address text primary key,
  record jsonb not null
);
create table nrpe (
  address text primary key,
  environment text not null,
  name text not null,
  host text not null,
  properties jsonb not null
);
