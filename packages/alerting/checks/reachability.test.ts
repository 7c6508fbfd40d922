import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { CheckState } from "@havn/model";
import { askedFirst, type KnownCheck, suppressionOf } from "./reachability.ts";

// NAME STATE [< PARENTS] [@ DEPENDENCY:STATES …], then NAME: what is decided.
const text = readFileSync(new URL("./cases/reachability.txt", import.meta.url), "utf8");

for (const block of text.trim().split(/\n\n+/)) {
  const [title = "", ...lines] = block.split("\n");
  test(title.replace("# ", ""), () => {
    const known = new Map<string, KnownCheck>();
    let decided = 0;
    for (const line of lines) {
      const expected = /^(\S+): (.*)$/.exec(line);
      if (!expected) {
        const [, name = "", state, parents = "", dependencies = ""] =
          /^(\S+) (\w+)(?: < ([^@]*))?(?: ?@ (.*))?$/.exec(line) ?? [];
        known.set(name, {
          state: state === "none" ? undefined : (state as CheckState),
          parents: parents.split(" ").filter(Boolean),
          dependencies: dependencies.split(" ").flatMap((one) => {
            const [on = "", states = ""] = one.split(":");
            return on === "" ? [] : [{ on, failWhen: states.split(",") as CheckState[] }];
          }),
        });
        continue;
      }
      const { unreachable, dependsOn } = suppressionOf(expected[1] ?? "", (name) => known.get(name));
      const behind = unreachable.length > 0 ? `behind ${unreachable.join(" ")}` : "";
      const held = dependsOn.length > 0 ? `held by ${dependsOn.join(" ")}` : "";
      assert.equal([behind, held].filter(Boolean).join(", ") || "told", expected[2], line);
      decided++;
    }
    assert.ok(decided > 0);
  });
}

test("all that decides about a check is asked first, each once", () => {
  const known: Record<string, KnownCheck> = {
    core: { state: "ok", parents: [], dependencies: [] },
    switch: { state: "ok", parents: ["core"], dependencies: [] },
    db: { state: "ok", parents: ["switch"], dependencies: [] },
    web: { state: "ok", parents: ["switch"], dependencies: [{ on: "db", failWhen: ["critical"] }] },
  };
  assert.deepEqual(askedFirst("web", (name) => known[name]).sort(), ["core", "db", "switch"]);
  assert.deepEqual(
    askedFirst("core", (name) => known[name]),
    [],
  );
});
