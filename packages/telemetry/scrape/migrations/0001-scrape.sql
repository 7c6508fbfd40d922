-- Endpoints that the control plane scrapes, as declared; secrets stay references.
create table scrape (
  address text primary key,
  environment text not null,
  name text not null,
  properties jsonb not null
);
