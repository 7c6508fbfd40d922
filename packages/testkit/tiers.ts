import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { preflight } from "@havn/fleet/machines/nspawn";

export interface Tier {
  name: "unit" | "lab" | "browser";
  /** Ending of the test files that belong to it. */
  files: string;
  /** Why it cannot run on this computer; undefined when it can. */
  missing: string | undefined;
}

/** Which tiers of tests can run here, and why the others cannot. */
export async function tiers(): Promise<Tier[]> {
  const machines = await preflight();
  const lab = machines.diagnostics.map(({ summary }) => summary).join("; ");
  const browser = (await findChromium())
    ? undefined
    : "No Chromium found. Install it (apt-get install chromium) or name one in HAVN_CHROMIUM.";
  return [
    { name: "unit", files: ".test.ts", missing: undefined },
    { name: "lab", files: ".lab.test.ts", missing: lab === "" ? undefined : lab },
    { name: "browser", files: ".browser.test.ts", missing: browser },
  ];
}

/** Path of a Chromium that tests can drive: HAVN_CHROMIUM, or one on the PATH. */
export async function findChromium(): Promise<string | undefined> {
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const folders = (process.env.PATH ?? "").split(delimiter);
  const candidates = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  if (process.env.HAVN_CHROMIUM) candidates.unshift(process.env.HAVN_CHROMIUM);
  for (const path of candidates)
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return path;
  return undefined;
}
