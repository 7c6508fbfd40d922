-- What somebody said by hand of a component of a status page.
create table component_state (
  environment text not null,
  page text not null,
  component text not null,
  state text not null,
  note text not null,
  by text not null,
  at bigint not null,
  primary key (environment, page, component)
);
