-- A postmortem that somebody has edited; without a row, it is drafted anew each time.
create table postmortem (
  incident bigint primary key references incident,
  markdown text not null,
  revision int not null,
  edited_at bigint not null,
  edited_by text not null
);
