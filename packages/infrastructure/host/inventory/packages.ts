import type { Dpkg } from "./dpkg.ts";
import type { Found } from "./index.ts";

/** Packages that somebody asked for, and those that somebody holds. */
export async function readPackages({ packages, automatic }: Dpkg): Promise<Found> {
  if (packages.length === 0)
    return {
      items: [],
      notes: [{ kind: "packages", name: "packages", note: "are not looked at here: there is no dpkg" }],
    };
  const chosen = packages.filter(
    ({ name, base, held, neededLibrary }) => held || (!base && !neededLibrary && !automatic.has(name)),
  );
  return {
    items: chosen.map(({ name, held }) => ({
      kind: "packages",
      type: "package",
      name,
      properties: { name, ...(held && { hold: true }) },
    })),
    notes: [],
  };
}
