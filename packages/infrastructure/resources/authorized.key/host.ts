import { join } from "node:path";
import { findLines } from "../lines.ts";
import { findText, readColons } from "../read-files.ts";
import type { ResourceReader } from "../type.ts";
import { type AuthorizedKeyObserved, type AuthorizedKeyProperties, keyPattern } from "./definition.ts";

const reader: ResourceReader<AuthorizedKeyProperties, AuthorizedKeyObserved> = {
  async read(resources, host) {
    const users = await readColons("/etc/passwd", host);
    const texts = new Map<string, Promise<string | undefined>>();
    return Promise.all(
      resources.map(async ({ address, properties }): Promise<AuthorizedKeyObserved> => {
        const ours = host.isOurs(address);
        const home = users.get(properties.user)?.[5];
        if (home === undefined) return { lines: [], ours };
        const reading = texts.get(home) ?? findText(join(home, ".ssh/authorized_keys"));
        texts.set(home, reading);
        return { home, lines: findLines((await reading) ?? "", keyPattern(properties)), ours };
      }),
    );
  },
};
export default reader;
