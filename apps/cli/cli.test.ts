import { equal, match } from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Apply } from "@havn/model";
import { commands } from "./commands.gen.ts";
import { openSmallServer, type SmallServer } from "./testing/server.ts";
import { checkTranscript, runCommand } from "./testing/transcript.ts";
import { checkout, version } from "./version.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "havn-cli-")));
after(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, "app"));
writeFileSync(join(folder, "app/server.js"), "// a service\n");
writeFileSync(
  join(folder, "havn.config.ts"),
  `import { environment, service, thisComputer } from "havn";
export default environment("shop", {}, () => {
  service("shop", { source: "./app", command: ["node", "server.js"], hosts: thisComputer(), port: 8080 });
});
`,
);

/** Each look at an apply finds one more step done; the last one ends it. */
function oneStepFurther(apply: Apply): Apply {
  const next = apply.steps.findIndex(({ state }) => state !== "done");
  const steps = apply.steps.map((step, index) =>
    index === next ? { ...step, state: "done" as const } : step,
  );
  const ended = steps.every(({ state }) => state === "done");
  return { ...apply, steps, ...(ended ? { state: "succeeded" as const, endedAt: 1500 } : {}) };
}

const open = (busyLooks = 0) =>
  openSmallServer({ token: "secret-token", advance: oneStepFurther, busyLooks });
const remote = ({ url }: SmallServer, token = "secret-token") => ({
  HAVN_URL: url,
  HAVN_TOKEN: token,
  HAVN_DATA: join(folder, "data"),
  HAVN_CONFIG_TIMEOUT: "60s",
});

const transcripts = fileURLToPath(new URL("./testdata/", import.meta.url));
for (const name of readdirSync(transcripts)) {
  test(`transcript: ${name}`, async () => {
    await using server = await open(name === "apply-wait.txt" ? 1 : 0);
    const file = join(transcripts, name);
    await checkTranscript(name, readFileSync(file, "utf8"), {
      cwd: folder,
      environment: name.startsWith("local-") ? { HAVN_DATA: join(folder, "data") } : remote(server),
      replace: (text) =>
        text
          .replaceAll(folder, "FOLDER")
          .replaceAll(server.url, "SERVER")
          .replace(/\d\.\d s/g, "N s"),
      write: (actual) => writeFileSync(file, actual),
    });
  });
}

test("every command explains itself with examples that begin with its name", async () => {
  for (const { name } of commands) {
    const { text, code } = await runCommand([...name.split(" "), "--help"], { cwd: folder, environment: {} });
    equal(code, 0);
    match(text, new RegExp(`Examples\\n(.*\\n)*.*havn ${name}`), name);
  }
});

test("apply uploads the source once, and follows to the end through a restart of the server", async () => {
  await using server = await open();
  const setting = { cwd: folder, environment: remote(server) };
  const applying = runCommand(["apply", "--yes"], setting);
  while (server.applies.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  await server.restart(1500);
  const { text, code } = await applying;
  equal(code, 0, text);
  match(text, /The server is back/);
  match(text, /✓ Apply done in 1\.5 s: 2 changes\./);
  equal(server.applies.length, 1);
  equal(server.uploads.size, 1);
  const again = await runCommand(["apply", "--yes"], setting);
  equal(again.text.includes("Uploaded"), false);
});

test("a wrong token is told, with exit code 1", async () => {
  await using server = await open();
  const { text, code } = await runCommand(["plan"], { cwd: folder, environment: remote(server, "wrong") });
  equal(code, 1);
  equal(text, "Error: The token is not known\n  Correct it.\n");
});

test("Ctrl-C while an apply is followed says that it goes on, and exits with 130", async () => {
  await using server = await openSmallServer({ token: "secret-token", advance: (apply) => apply });
  const interrupt = new AbortController();
  const running = runCommand(["apply", "--yes"], {
    cwd: folder,
    environment: remote(server),
    signal: interrupt.signal,
  });
  while (server.applies.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  interrupt.abort();
  const { text, code } = await running;
  equal(code, 130);
  match(text, /Interrupted\. The apply goes on in the server\./);
});

test("the launcher runs from any folder and through links", async () => {
  const link = join(folder, "linked");
  symlinkSync(join(checkout, "havn"), link);
  const { stdout } = await promisify(execFile)(link, ["--version"], { cwd: "/" });
  equal(stdout, `${version()}\n`);
});
