import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { HavnError } from "@havn/model";
import fc from "@havn/testkit/property";
import { type ChoosableHost, chooseHosts } from "./choose.ts";

interface Case {
  choose: string;
  /** Environment that names are looked for in. */
  in?: string;
  gives?: string[];
  fails?: string[];
}

const read = <T>(name: string) =>
  JSON.parse(readFileSync(new URL(`cases/${name}.json`, import.meta.url), "utf8")) as T;

/** `UPDATE_CASES=1` rewrites what each gives. */
test("expressions", () => {
  const hosts = read<ChoosableHost[]>("hosts");
  const given = read<Case[]>("expressions").map(({ choose, in: environment }): Case => {
    const asked = { choose, ...(environment !== undefined && { in: environment }) };
    try {
      const chosen = chooseHosts(choose, hosts, { environment });
      return { ...asked, gives: chosen.map((host) => `${host.environment}/${host.name}`) };
    } catch (error) {
      if (!(error instanceof HavnError)) throw error;
      return { ...asked, fails: [error.message, ...error.detail.split("\n")] };
    }
  });
  if (process.env.UPDATE_CASES)
    writeFileSync(new URL("cases/expressions.json", import.meta.url), `${JSON.stringify(given, null, 2)}\n`);
  else assert.deepEqual(given, read("expressions"));
});

/** A random expression as text beside what it means, told without the parser. */
interface Meaning {
  text: string;
  holds(host: ChoosableHost): boolean;
}

const names = ["web-1", "web-2", "web-3", "db-1", "db-2"];
const hosts: ChoosableHost[] = ["a", "b"].flatMap((environment) =>
  names.map((name, index) => ({
    environment,
    name,
    labels: { role: name.slice(0, -2), ...(index % 2 === 0 && { rack: `r${index}` }) },
    groups: index > 2 ? ["late", "all"] : ["all"],
  })),
);

const leaf: fc.Arbitrary<Meaning> = fc.oneof(
  fc.constantFrom(...names).map((name): Meaning => ({ text: name, holds: (host) => host.name === name })),
  fc.constantFrom("a", "b").chain((environment) =>
    fc.constantFrom(...names).map(
      (name): Meaning => ({
        text: `${environment}/${name}`,
        holds: (host) => host.environment === environment && host.name === name,
      }),
    ),
  ),
  fc
    .constantFrom("web", "db", "w", "")
    .map((start): Meaning => ({ text: `${start}*`, holds: ({ name }) => name.startsWith(start) })),
  fc
    .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }))
    .filter(([first, last]) => first <= last)
    .map(
      ([first, last]): Meaning => ({
        text: `web-[${first}-${last}]`,
        holds: ({ name }) =>
          name.startsWith("web-") && Number(name.at(-1)) >= first && Number(name.at(-1)) <= last,
      }),
    ),
  fc
    .constantFrom("web", "db", "none")
    .map((role): Meaning => ({ text: `role=${role}`, holds: ({ labels }) => labels["role"] === role })),
  fc
    .constantFrom("r0", "r2", "r9")
    .map((rack): Meaning => ({ text: `rack != ${rack}`, holds: ({ labels }) => labels["rack"] !== rack })),
  fc.subarray(["r0", "r2", "r4"], { minLength: 1 }).chain((racks) =>
    fc.boolean().map(
      (not): Meaning => ({
        text: `rack ${not ? "not " : ""}in (${racks.join(", ")})`,
        holds: ({ labels }) => racks.includes(labels["rack"] ?? "") !== not,
      }),
    ),
  ),
  fc
    .constantFrom("late", "all")
    .map(
      (group): Meaning => ({ text: `@${group}`, holds: ({ groups }) => groups?.includes(group) === true }),
    ),
);

const { meaning } = fc.letrec<{ meaning: Meaning }>((tie) => ({
  meaning: fc.oneof(
    { maxDepth: 5 },
    leaf,
    tie("meaning").map((one): Meaning => ({ text: `!(${one.text})`, holds: (host) => !one.holds(host) })),
    fc
      .tuple(tie("meaning"), fc.constantFrom("&", "|", ","), tie("meaning"))
      .map(([left, sign, right]): Meaning => {
        const text = `(${left.text}) ${sign}${right.text.startsWith("!") ? right.text : `(${right.text})`}`;
        return sign === "&"
          ? { text, holds: (host) => left.holds(host) && right.holds(host) }
          : { text, holds: (host) => left.holds(host) || right.holds(host) };
      }),
  ),
}));

test("any expression chooses what its parts mean, one host after the other", () => {
  fc.assert(
    fc.property(meaning, ({ text, holds }) => {
      assert.deepEqual(chooseHosts(text, hosts), hosts.filter(holds));
    }),
    { numRuns: 2000 },
  );
});

test("any text is read, or refused with its place", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."web-1*[]()&|!,=@/ in\"'\n") }), (text) => {
      try {
        chooseHosts(text, hosts);
      } catch (error) {
        assert.ok(error instanceof HavnError, String(error));
        assert.equal(error.status, 400);
      }
    }),
    { numRuns: 5000 },
  );
});

test("a pattern of many stars takes no time", () => {
  assert.deepEqual(chooseHosts(`${"*a".repeat(2000)}`, hosts), []);
});
