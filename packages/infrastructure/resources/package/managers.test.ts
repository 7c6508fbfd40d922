import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostReads } from "../type.ts";
import { readerOf } from "./managers.ts";

// What apk 2.14.10 wrote on a host with two versions of a package in its repository.

const answers: Record<string, string> = {
  "info --installed --verbose harbour-tool harbour-extra": "harbour-tool-1.0-r0\nharbour-extra-1.0-r0\n",
  "policy harbour-tool":
    "harbour-tool policy:\n  1.0-r0:\n    lib/apk/db/installed\n    /srv/apks\n  2.0-r0:\n    /srv/apks\n",
  "version --test 2.0-r0 1.0-r0": ">\n",
};
const host = {
  run: async ([, ...words]: readonly string[]) => ({
    code: 0,
    stdout: answers[words.join(" ")] ?? assert.fail(words.join(" ")),
    stderr: "",
  }),
  files: {
    stat: async () => ({ kind: "file", size: 30 }),
    read: async () => Buffer.from("harbour-extra\nharbour-tool~1\n"),
  },
} as unknown as HostReads;

test("apk: versions, what its world holds, and the newest of several", async () => {
  const states = await readerOf.apk.states(["harbour-tool", "harbour-extra"], host);
  assert.deepEqual(Object.fromEntries(states), {
    "harbour-tool": { installed: "1.0-r0", held: true },
    "harbour-extra": { installed: "1.0-r0", held: false },
  });
  assert.deepEqual([...(await readerOf.apk.newest(["harbour-tool"], host))], [["harbour-tool", "2.0-r0"]]);
});
