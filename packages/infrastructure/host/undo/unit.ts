import { HavnError } from "@havn/model";
import type { AspectKind } from "./aspect.ts";

type Unit = { kind: "unit"; name: string };
/** As systemd calls it: `file` is "enabled", "disabled", "masked", … or "" where there is no such unit. */
export type UnitState = { file: string; active: boolean };

const isTemplate = (name: string): boolean => /@\.[a-z]+$/.test(name);

export const unitAspect: AspectKind<Unit, UnitState> = {
  name: ({ name }) => `unit ${name}`,
  async capture({ name }, { run }) {
    const enabled = await run(["systemctl", "is-enabled", name]);
    const said = enabled.stdout.trim();
    const file = /^[a-z-]+$/.test(said) && said !== "not-found" ? said : "";
    if (isTemplate(name)) return { file, active: false };
    const { stdout } = await run(["systemctl", "is-active", name]);
    return { file, active: ["active", "activating", "reloading"].includes(stdout.trim()) };
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
    const isMasked = (file: string) => file.startsWith("masked");
    if (isMasked(now.file) && !isMasked(state.file)) await systemctl("unmask", name);
    const file = isMasked(now.file) ? (await unitAspect.capture(aspect, around, false)).file : now.file;
    if (file === "enabled" && ["disabled", "", "masked"].includes(state.file))
      await systemctl("disable", name);
    if (now.active && !state.active) await systemctl("stop", name);
    if (!isMasked(now.file) && isMasked(state.file)) await systemctl("mask", name);
    if (file !== "enabled" && state.file === "enabled") await systemctl("enable", name);
    if (!now.active && state.active) await systemctl("start", name);
  },
};
