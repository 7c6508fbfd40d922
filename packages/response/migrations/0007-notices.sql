-- What a notice is about is asked for by itself: whether a later one has overtaken it. Its text is only ever read whole.
alter table notice add column about text, add column at bigint;
update notice set about = message->>'about', at = (message->>'at')::float8::bigint;
alter table notice alter column about set not null, alter column at set not null, alter column message type json;
create index notice_by_subject on notice (about, at);
create index notice_open on notice (id) where state = 'open';
