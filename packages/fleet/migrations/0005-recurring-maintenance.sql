-- Maintenance that comes again and again; null: it is once, from from_at until until_at.
alter table maintenance add column recurring jsonb;
-- Matchers of alerts: only those are held, and agents go on as ever.
alter table maintenance add column match jsonb not null default '[]';
-- Maintenance as declared (type "maintenance").
create table declared_maintenance (
  address text primary key,
  environment text not null,
  name text not null,
  properties jsonb not null
);
