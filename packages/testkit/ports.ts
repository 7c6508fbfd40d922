import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * A TCP port of 127.0.0.1 that was free a moment ago. Only for programs that cannot listen on port 0 and tell what
 * they got: another process may take it before they do.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    // Below what Linux gives to outgoing connections (32768 and up), which could take it meanwhile.
    const port = 20_000 + randomInt(12_000);
    if (await isFree(port)) return port;
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer().once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
