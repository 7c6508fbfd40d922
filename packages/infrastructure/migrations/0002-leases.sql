-- Serials never come again, not even when an environment goes and comes back: an old plan must not seem to hold.
create sequence serial;
select setval('serial', coalesce((select max(serial) from environment), 0) + 1);

-- At which serial each resource was last changed, and by which apply; kept for a while after it has gone.
create table resource_version (
  address text primary key,
  environment text not null,
  serial bigint not null,
  apply_id text not null,
  changed_at bigint not null
);
create index resource_version_by_serial on resource_version (environment, serial);
insert into resource_version (address, environment, serial, apply_id, changed_at)
  select r.address, r.environment, e.serial, r.apply_id, r.applied_at
  from resource r join environment e on e.name = r.environment;

create index resource_by_host on resource (environment, (body ->> 'host'));

-- What a running apply changes (exclusive) and what that needs to stay as it is. Goes with the end of the apply.
create table lease (
  address text not null,
  apply_id text not null references apply (id) on delete cascade,
  exclusive boolean not null,
  primary key (address, apply_id)
);
insert into lease (address, apply_id, exclusive)
  select s.address, a.id, true from apply a join apply_step s on s.apply_id = a.id where a.state = 'running';

drop index apply_running;
create index apply_running on apply (environment) where state = 'running';

-- The failed apply that it goes on with; the batches of hosts that it goes in, with how far each is.
alter table apply add column resumes text;
alter table apply add column batches jsonb;
