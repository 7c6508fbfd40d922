import { callBack } from "./callbacks.ts";
import type { Place } from "./tokens.ts";
import { Callable, Dictionary, isEqual, isTrue, operate, TypeName, textOf, type Value } from "./values.ts";

type Method = (self: Value, given: readonly Value[], at: Place) => Value;

const texts: Readonly<Record<string, Method>> = {
  len: (self) => textOf(self).length,
  to_string: (self) => textOf(self),
  lower: (self) => textOf(self).toLowerCase(),
  upper: (self) => textOf(self).toUpperCase(),
  trim: (self) => textOf(self).trim(),
  reverse: (self) => [...textOf(self)].reverse().join(""),
  contains: (self, [part = null]) => textOf(self).includes(textOf(part)),
  find: (self, [part = null, from = null]) => textOf(self).indexOf(textOf(part), Number(from ?? 0)),
  substr: (self, [from = null, count = null]) =>
    textOf(self).slice(Number(from ?? 0), count === null ? undefined : Number(from ?? 0) + Number(count)),
  replace: (self, [part = null, by = null]) => textOf(self).replaceAll(textOf(part), textOf(by)),
  // Each letter of what is given separates.
  split: (self, [signs = null]) => {
    const parts = [""];
    for (const letter of textOf(self)) {
      if (textOf(signs).includes(letter)) parts.push("");
      else parts.push(`${parts.pop() ?? ""}${letter}`);
    }
    return parts;
  },
};

export const items = (self: Value): Value[] => (Array.isArray(self) ? self : []);

const arrays: Readonly<Record<string, Method>> = {
  len: (self) => items(self).length,
  to_string: (self) => textOf(self),
  contains: (self, [one = null]) => items(self).some((item) => isEqual(item, one)),
  add: (self, [one = null]) => {
    items(self).push(one);
    return null;
  },
  set: (self, [index = null, one = null]) => {
    items(self)[Number(index)] = one;
    return null;
  },
  get: (self, [index = null]) => items(self)[Number(index)] ?? null,
  remove: (self, [index = null]) => {
    items(self).splice(Number(index), 1);
    return null;
  },
  clear: (self) => {
    items(self).length = 0;
    return null;
  },
  freeze: () => null,
  join: (self, [between = null]) => items(self).map(textOf).join(textOf(between)),
  reverse: (self) => items(self).toReversed(),
  shallow_clone: (self) => [...items(self)],
  unique: (self) => uniqueOf(items(self)),
  sort: (self, [before], at) =>
    items(self).toSorted((a, b) => {
      const isBefore = (x: Value, y: Value) =>
        isTrue(before === undefined ? operate("<", x, y, at) : callBack(before, [x, y], at));
      return isBefore(a, b) ? -1 : isBefore(b, a) ? 1 : 0;
    }),
  map: (self, [does], at) => items(self).map((one) => callBack(does, [one], at)),
  filter: (self, [does], at) => items(self).filter((one) => isTrue(callBack(does, [one], at))),
  any: (self, [does], at) => items(self).some((one) => isTrue(callBack(does, [one], at))),
  all: (self, [does], at) => items(self).every((one) => isTrue(callBack(does, [one], at))),
  reduce: (self, [does], at) => {
    const [first = null, ...rest] = items(self);
    return rest.reduce<Value>((sum, one) => callBack(does, [sum, one], at), first);
  },
};

const fields = (self: Value): Map<string, Value> => (self instanceof Dictionary ? self.fields : new Map());

const dictionaries: Readonly<Record<string, Method>> = {
  len: (self) => fields(self).size,
  to_string: (self) => textOf(self),
  keys: (self) => (self instanceof Dictionary ? self.keys() : []),
  values: (self) => (self instanceof Dictionary ? self.keys().map((name) => self.get(name)) : []),
  contains: (self, [name = null]) => fields(self).has(textOf(name)),
  get: (self, [name = null]) => fields(self).get(textOf(name)) ?? null,
  set: (self, [name = null, value = null]) => {
    fields(self).set(textOf(name), value);
    return null;
  },
  remove: (self, [name = null]) => {
    fields(self).delete(textOf(name));
    return null;
  },
  clear: (self) => {
    fields(self).clear();
    return null;
  },
  freeze: () => null,
  shallow_clone: (self) => new Dictionary(fields(self)),
};

/** A method of a value, bound to it. Undefined: it has none of that name. */
export function methodOf(self: Value, name: string): Value | undefined {
  if (self instanceof TypeName && name === "name") return self.name;
  const table =
    typeof self === "string"
      ? texts
      : Array.isArray(self)
        ? arrays
        : self instanceof Dictionary
          ? dictionaries
          : scalars;
  const method = Object.hasOwn(table, name) ? table[name] : undefined;
  return method && new Callable(name, (given, at) => method(self, given, at));
}

const scalars: Readonly<Record<string, Method>> = {
  to_string: (self) => textOf(self),
  call: (self, [, ...given], at) => callBack(self, given, at),
};

export const uniqueOf = (list: readonly Value[]): Value[] =>
  list.filter((one, at) => list.findIndex((other) => isEqual(one, other)) === at);
