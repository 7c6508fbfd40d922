create table product (
  id text primary key,
  name text not null,
  description text not null,
  -- in øre: a hundredth of a krone
  price integer not null check (price > 0)
);

insert into product (id, name, description, price) values
  ('rope', 'Mooring rope', 'Twelve metres of three-strand polyester, spliced at one end.', 34900),
  ('lantern', 'Storm lantern', 'Brass, with a glass that has seen weather.', 89900),
  ('compass', 'Hand-bearing compass', 'Steady, luminous, and it points north.', 124900),
  ('oilskin', 'Oilskin jacket', 'Keeps the North Sea on the outside.', 219000),
  ('kettle', 'Galley kettle', 'Broad enough to stay put in a swell.', 54900),
  ('biscuits', 'Ship''s biscuits', 'Will outlast the voyage.', 7900);

create table shop_order (
  id bigint generated always as identity primary key,
  idempotency_key text not null unique,
  items jsonb not null,
  total integer not null,
  trace_id text not null,
  placed_at timestamptz not null default now()
);
create index on shop_order (placed_at desc);
