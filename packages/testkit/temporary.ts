import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";

export interface TemporaryDirectory extends AsyncDisposable {
  path: string;
}

/** A new folder, removed with all in it at the end of `await using`. Its path is short enough for Unix sockets. */
export async function temporaryDirectory(name = "test"): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join("/tmp", `havn-${name}-`));
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 3 }),
  };
}
