import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { essentialLines } from "../server/log.ts";
import { sparkline } from "../views/query.ts";
import { parseCommandArguments, readGlobals } from "./parse.ts";
import { printable, wrap } from "./style.ts";
import { findNearest } from "./suggest.ts";

test("the nearest word is suggested, and none that is far", () => {
  const words = ["status", "server", "deploy", "destroy"];
  equal(findNearest("stauts", words), "status");
  equal(findNearest("depoly", words), "deploy");
  equal(findNearest("dest", words), "destroy");
  equal(findNearest("kubernetes", words), undefined);
});

test("options may stand anywhere, and -- ends them", () => {
  const command = {
    name: "x",
    summary: "",
    group: "Other",
    access: [],
    examples: [],
    arguments: [
      { name: "A", description: "" },
      { name: "B", description: "", optional: true },
    ],
    options: {
      lines: { type: "string", short: "n", description: "" },
      follow: { type: "boolean", description: "" },
    },
    run: async () => undefined,
  } as const;
  const parsed = parseCommandArguments(command, ["-n", "5", "a", "--follow", "--data=/d", "--", "-b"]);
  deepEqual(parsed.positionals, ["a", "-b"]);
  deepEqual(
    [parsed.options.lines, parsed.options.follow, parsed.data, parsed.help],
    ["5", true, "/d", false],
  );
});

test("options win over the environment, the environment over defaults", () => {
  const home = { HOME: "/home/ada" };
  equal(readGlobals({}, home, "/").dataDirectory, "/home/ada/.local/share/havn");
  equal(readGlobals({}, { ...home, HAVN_DATA: "d", HAVN_PORT: "5000" }, "/w").dataDirectory, "/w/d");
  equal(readGlobals({ port: "5001" }, { ...home, HAVN_PORT: "5000" }, "/").port, 5001);
  deepEqual(readGlobals({}, { ...home, HAVN_URL: "https://h/", HAVN_TOKEN: "t" }, "/").remote, {
    url: "https://h",
    token: "t",
  });
});

test("text from elsewhere cannot steer the terminal", () => {
  equal(printable("\u001b[2Ja\u0007b\r\u009b31mc\td"), "abc\td");
});

test("long lines are broken at spaces, and words never", () => {
  deepEqual(wrap("aa bb cc", 5), ["aa bb", "cc"]);
  deepEqual(wrap("aaaaaaaa b", 5), ["aaaaaaaa", "b"]);
});

test("a log's essential lines begin with its first error, without stacks and repetitions", () => {
  const log =
    '{"msg":"starting"}\n{"msg":"cannot open","err":{"message":"EACCES"}}\n    at f (x.ts:1:2)\nbye\nbye\n';
  deepEqual(essentialLines(log), ["cannot open: EACCES", "bye"]);
});

test("a sparkline spans from the lowest to the highest, and leaves gaps", () => {
  equal(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8), "▁▂▃▄▅▆▇█");
  equal(sparkline([0, 0, 7, 7], 2), "▁█");
  equal(sparkline([1, Number.NaN, 1], 3), "▄ ▄");
});
