-- Another one with each change of its state, so that each change is told once.
alter table machine add column episode text not null default gen_random_uuid()::text;
