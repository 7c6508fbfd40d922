import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** A port of 127.0.0.1 that was free a moment ago, and so was the next one, which agents use. */
export async function freePorts(): Promise<number> {
  for (;;) {
    // Below what Linux gives to outgoing connections (32768 and up), which could take it meanwhile.
    const port = 20_000 + 2 * randomInt(6_000);
    if ((await isFree(port)) && (await isFree(port + 1))) return port;
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer().once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
