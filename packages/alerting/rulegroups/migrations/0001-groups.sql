-- Groups of rules in Prometheus' form, as declared.
create table rule_group (
  address text primary key,
  environment text not null,
  name text not null,
  properties jsonb not null
);
