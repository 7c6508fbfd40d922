import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Havn, openHavn } from "./testing/havn.ts";

// Who is on call, asked and changed from the command line, with the real control plane behind it.
let havn: Havn;
let folder: string;
const config = `import { contact, environment, schedule } from "havn";

export default environment("night", {}, () => {
  const way = { kind: "webhook", url: "http://127.0.0.1:9/" } as const;
  const [ada, bo] = [contact("ada", { ways: [way] }), contact("bo", { ways: [way] })];
  schedule("week", {
    zone: "Europe/Oslo",
    layers: [{ name: "turn", people: [ada], start: "2026-01-05T09:00", every: { unit: "week", count: 1 } }],
    fallback: bo,
  });
});
`;

before(async () => {
  havn = await openHavn("oncall");
  folder = await mkdtemp("/tmp/havn-oncall-project-");
  await writeFile(join(folder, "havn.config.ts"), config);
  await havn.must(["up", folder, "--yes"]);
});
after(async () => {
  await havn?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const shifts = async () => (await havn.must(["oncall", "show", "week", "--days", "400"])).stdout;

test("an override in the schedule's wall time, a swap, and both taken back", async () => {
  const whole = await shifts();
  assert.match(whole, /FROM \(Europe\/Oslo\) .*\n.*ada\s+layer turn/);
  const year = new Date().getFullYear() + 1;
  const span = ["--from", `${year}-01-10 08:00`, "--to", `${year}-01-10 20:00`];
  const made = (await havn.must(["oncall", "override", "week", "bo", ...span])).stdout.trim();
  assert.match(await shifts(), new RegExp(`10 Jan ${year}, 08:00 .*20:00\\s+bo\\s+override ${made}`));

  const until = ["--from", `${year}-01-11T08:00:00Z`, "--for", "2h"];
  const swap = ["oncall", "override", "night/week", "bo", "--instead-of", "ada", ...until, "--json"];
  const { id } = JSON.parse((await havn.must(swap)).stdout) as { id: string };
  assert.match(await shifts(), new RegExp(`11 Jan ${year}, 09:00 .*11:00\\s+bo\\s+swap ${id}`));

  await havn.must(["oncall", "cancel", made]);
  await havn.must(["oncall", "cancel", id]);
  assert.equal((await shifts()).split("\n").length, whole.split("\n").length);
});

test("what cannot be is one message, and changes nothing", async () => {
  const whole = await shifts();
  const refused = async (args: string[], code: number, message: RegExp) =>
    assert.match((await havn.must(["oncall", ...args], code)).stderr, message);
  await refused(["override", "nobody", "bo", "--for", "1h"], 3, /no schedule nobody[\s\S]*night\/week/);
  await refused(["override", "week", "ghost", "--for", "1h"], 1, /no contact ghost in night/);
  await refused(["override", "week", "bo"], 3, /--to TIME or --for DURATION/);
  await refused(["override", "week", "bo", "--to", "christmas"], 3, /"christmas" is no time/);
  await refused(["override", "week", "bo", "--to", "2020-01-01"], 1, /must end after it begins/);
  await refused(["cancel", "4f0c2f9e-2a51-4f0e-8f43-0d6f6e1b7a11"], 1, /no override/);
  await refused(["show", "week", "--days", "0"], 3, /no number of days/);
  assert.equal((await shifts()).split("\n").length, whole.split("\n").length);
});
