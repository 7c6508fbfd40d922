-- Receivers that somebody tried: the words that were sent, and what came of each attempt.
create table receiver_test (
  id text primary key,
  receiver text not null,
  at bigint not null,
  by text not null,
  subject text not null,
  text text not null,
  attempts jsonb not null
);
create index receiver_test_by_receiver on receiver_test (receiver, at desc);
