import type { HostReads } from "../../resources/type.ts";
import type { Found } from "./index.ts";

/**
 * Tables that the kernel has now. Which of them Havn brought is told by who compares; what loads the others at start is
 * a file, and is found as such.
 */
export async function readFirewall(host: HostReads): Promise<Found> {
  const { stdout } = await host.run(["nft", "list", "tables"]).catch(() => ({ stdout: "" }));
  return {
    items: [],
    notes: [...stdout.matchAll(/^table (\S+) (?!havn)(\S+)$/gm)].map(([, family = "", name = ""]) => ({
      kind: "firewall",
      name: `${family} ${name}`,
      note:
        "is loaded. Havn loads its tables at start by itself: to let it keep this one, move its rules " +
        `from where they are loaded now into nftablesTable("${name}", { family: "${family}", … })`,
    })),
  };
}
