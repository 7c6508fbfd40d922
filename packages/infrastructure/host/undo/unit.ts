import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { HavnError } from "@havn/model";
import { findStats } from "../files.ts";
import type { AspectKind } from "./aspect.ts";

type Unit = { kind: "unit"; name: string };
/**
 * As systemd calls it: `file` is "enabled", "disabled", "masked", … or "" where there is no such unit. `linked`: it is
 * masked, and would be enabled if it were not.
 */
export type UnitState = { file: string; active: boolean; linked?: boolean };

const isMasked = (file: string): boolean => file.startsWith("masked");
const folder = "/etc/systemd/system";

async function isLinked(name: string): Promise<boolean> {
  const folders = (await readdir(folder)).filter((one) => /\.(wants|requires)$/.test(one));
  const found = await Promise.all(folders.map((one) => findStats(join(folder, one, name))));
  return found.some((one) => one !== undefined);
}

const isTemplate = (name: string): boolean => /@\.[a-z]+$/.test(name);

export const unitAspect: AspectKind<Unit, UnitState> = {
  name: ({ name }) => `unit ${name}`,
  async capture({ name }, { run }) {
    const enabled = await run(["systemctl", "is-enabled", name]);
    const said = enabled.stdout.trim();
    const file = /^[a-z-]+$/.test(said) && said !== "not-found" ? said : "";
    if (isTemplate(name)) return { file, active: false };
    const { stdout } = await run(["systemctl", "is-active", name]);
    const active = ["active", "activating", "reloading"].includes(stdout.trim());
    return { file, active, ...(isMasked(file) && { linked: await isLinked(name) }) };
  },
  async restore(aspect, state, around) {
    const { name } = aspect;
    const systemctl = async (...words: string[]): Promise<void> => {
      const { code, stderr } = await around.run(["systemctl", "--quiet", ...words]);
      if (code !== 0)
        throw new HavnError(`systemctl ${words.join(" ")} failed`, { detail: stderr.trim().slice(-500) });
    };
    if (around.reload) await systemctl("daemon-reload");
    around.reload = false;
    const now = await unitAspect.capture(aspect, around, false);
    if (isMasked(now.file) && !isMasked(state.file)) await systemctl("unmask", name);
    const file = isMasked(now.file) ? (await unitAspect.capture(aspect, around, false)).file : now.file;
    const wanted = state.file === "enabled" || state.linked === true;
    if (file === "enabled" && !wanted && ["disabled", "", "masked"].includes(state.file))
      await systemctl("disable", name);
    if (file !== "enabled" && !isMasked(file) && wanted) await systemctl("enable", name);
    if (now.active && !state.active) await systemctl("stop", name);
    // A failure is remembered of a unit even when its file is gone.
    if (!state.active) await around.run(["systemctl", "reset-failed", name]);
    if (!isMasked(now.file) && isMasked(state.file)) await systemctl("mask", name);
    if (!now.active && state.active) await systemctl("start", name);
  },
};
