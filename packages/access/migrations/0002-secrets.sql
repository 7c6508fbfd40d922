-- Each change of a secret is a version. Only the newest keeps its value: an old one has nobody to use it.
alter table secret add column version integer not null default 1;
alter table secret add column created_by text not null default 'havn';
-- Set by a person, or generated.
alter table secret add column given boolean not null default false;
alter table secret alter column nonce drop not null;
alter table secret alter column sealed drop not null;
alter table secret drop constraint secret_pkey;
alter table secret add primary key (environment, name, version);

-- Ciphertexts from the repository: files by their digest, and the values in them that plans refer to.
create table sealed_file (
  digest text primary key,
  format text not null check (format in ('age', 'yaml', 'json', 'dotenv', 'ini')),
  content text not null,
  created_at bigint not null
);
create table sealed_value (
  environment text not null,
  id text not null,
  name text not null,
  path jsonb not null,
  file text not null references sealed_file (digest),
  created_at bigint not null,
  primary key (environment, id)
);
