alter table incident
  -- When the trouble itself began, as far as alerts tell.
  add column trouble_at bigint,
  add column mitigated_at bigint,
  -- Who does what: { commander, communications, scribe }.
  add column roles jsonb not null default '{}',
  -- Services that it concerns, as somebody said; those that follow from the graph are found anew each time.
  add column services jsonb not null default '[]',
  -- Told on status pages.
  add column public boolean not null default false,
  add column status text not null default 'investigating';
create index incident_by_opened on incident (opened_at);
-- What people write down, and what stakeholders are told.
create table incident_note (
  id bigint generated always as identity primary key,
  incident bigint not null references incident,
  at bigint not null,
  by text not null,
  kind text not null,
  status text,
  text text not null
);
create index incident_note_by_incident on incident_note (incident, at);
create table incident_action (
  id bigint generated always as identity primary key,
  incident bigint not null references incident,
  text text not null,
  owner text not null,
  -- A day: 2026-12-01.
  due text not null,
  created_at bigint not null,
  created_by text not null,
  done_at bigint,
  done_by text
);
-- Who is told of a status page's updates: a mail address, or a webhook.
create table subscriber (
  id text primary key,
  environment text not null,
  page text not null,
  kind text not null,
  target text not null,
  created_at bigint not null,
  unique (environment, page, target)
);
