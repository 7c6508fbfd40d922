import { createServer } from "node:net";

/** A port of 127.0.0.1 that was free a moment ago, and so was the next one, which agents use. */
export async function freePorts(): Promise<number> {
  for (;;) {
    const port = await listenOn(0);
    if (port !== undefined && port < 65_534 && (await listenOn(port + 1)) !== undefined) return port;
  }
}

function listenOn(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : undefined));
    });
  });
}
