import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { checkTranscript, readCase } from "../testing/transcript.ts";

/** Each case is a configuration in a folder outside of this checkout, and what `havn up` says to it. */
const cases = fileURLToPath(new URL("./testdata/", import.meta.url));

for (const name of readdirSync(cases)) {
  test(`configuration: ${name}`, async (context) => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), "havn-config-")));
    context.after(() => rmSync(folder, { recursive: true, force: true }));
    const { parts, write } = readCase(join(cases, name));
    for (const [file, content] of parts) {
      if (file === "" || file === "transcript") continue;
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), content);
    }
    await checkTranscript(name, parts.get("transcript") ?? "", {
      cwd: folder,
      // Long enough for a busy machine where the configuration ends by itself.
      environment: {
        HAVN_DATA: join(folder, "data"),
        HAVN_CONFIG_TIMEOUT: name.startsWith("endless-loop") ? "2s" : "60s",
        HAVN_TOKEN_FOR_SOMETHING: "secret",
      },
      replace: (text) => text.replaceAll(folder, "FOLDER"),
      write: (actual) => write("transcript", actual),
    });
  });
}
