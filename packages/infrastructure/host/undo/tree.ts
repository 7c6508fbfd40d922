import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { sameValue } from "@havn/plan";
import { findStats } from "../files.ts";
import { removeTree } from "../links.ts";
import type { AspectKind } from "./aspect.ts";
import { capturePath, changesOf, obstacleOf, type PathState, restorePath } from "./path.ts";

export type TreeState = { entries: Record<string, PathState>; tooLarge?: string };

const mostEntries = 20_000;
const largestTree = 256 * 1024 * 1024;

export const treeAspect: AspectKind<{ kind: "tree"; path: string }, TreeState> = {
  name: ({ path }) => path,
  async capture({ path }, around, keep) {
    const state: TreeState = { entries: {} };
    let bytes = 0;
    const visit = async (relative: string): Promise<void> => {
      if (state.tooLarge !== undefined) return;
      const here = join(path, relative);
      const found = await findStats(here);
      bytes += found?.isFile() ? found.size : 0;
      if (bytes > largestTree || Object.keys(state.entries).length >= mostEntries) {
        state.tooLarge = `${path} holds more than is kept (${mostEntries} entries, ${largestTree >> 20} MiB)`;
        return;
      }
      state.entries[relative] = await capturePath(here, around, keep);
      if (found?.isDirectory())
        for (const name of (await readdir(here)).sort()) await visit(join(relative, name));
    };
    await visit(".");
    return state;
  },
  async restore({ path }, { entries }, around) {
    if (entries["."]?.kind === "absent") {
      if (await findStats(path)) await removeTree(path);
      return;
    }
    for (const [relative, state] of Object.entries(entries))
      await restorePath(relative === "." ? path : join(path, relative), state, around);
    const now = await treeAspect.capture({ kind: "tree", path }, around, false);
    for (const relative of Object.keys(now.entries).reverse())
      if (!entries[relative]) await restorePath(join(path, relative), { kind: "absent" }, around);
  },
  async obstacle({ path }, { entries, tooLarge }, around) {
    if (tooLarge !== undefined) return tooLarge;
    for (const [relative, state] of Object.entries(entries)) {
      const why = await obstacleOf(join(path, relative), state, around);
      if (why !== undefined) return why;
    }
    return undefined;
  },
  async changes({ path }, now, state, around) {
    const names = [...new Set([...Object.keys(now.entries), ...Object.keys(state.entries)])];
    const changed = names.filter((name) => !sameValue(now.entries[name], state.entries[name]));
    const shown = changed
      .slice(0, 20)
      .map((name) =>
        changesOf(
          name === "." ? path : join(path, name),
          now.entries[name] ?? { kind: "absent" },
          state.entries[name] ?? { kind: "absent" },
          around,
        ),
      );
    const rest = changed.length - shown.length;
    const more = rest > 0 ? [{ property: path, after: `(${rest} more)` }] : [];
    return [...(await Promise.all(shown)).flat(), ...more];
  },
};

export const folderAspect: AspectKind<{ kind: "folder"; path: string }, boolean> = {
  name: ({ path }) => path,
  capture: async ({ path }) => (await findStats(path)) !== undefined,
  async restore({ path }, wasThere) {
    if (!wasThere && (await findStats(path))) await removeTree(path);
  },
  obstacle: async ({ path }, wasThere) => (wasThere ? `what was in ${path} was not kept` : undefined),
};
