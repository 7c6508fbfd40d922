-- How long series that match are kept, as declared.
create table retention (
  address text primary key,
  environment text not null,
  name text not null,
  properties jsonb not null
);
