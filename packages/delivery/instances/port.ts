import { createServer } from "node:net";
import { HavnError } from "@havn/model";

/** Throws a HavnError if `port` cannot be listened on: another program would answer for the instance. */
export async function requireFreePort(port: number, who: string): Promise<void> {
  const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    const server = createServer();
    server.once("error", resolve);
    server.listen({ port, host: "0.0.0.0", exclusive: true }, () => server.close(() => resolve(undefined)));
  });
  if (error?.code === "EADDRINUSE")
    throw new HavnError(`Port ${port} is taken`, {
      detail: `${who} needs it, and another program on this host listens on it. Stop that program or declare another port.`,
      status: 409,
    });
  if (error?.code === "EACCES")
    throw new HavnError(`Port ${port} may not be used`, {
      detail: `${who} runs without root here. Declare a port above 1023.`,
    });
  if (error) throw error;
}

/** `preferred` if it is free on loopback, otherwise one that is. */
export async function findFreePort(preferred?: number): Promise<number> {
  const attempt = (port: number) =>
    new Promise<number | undefined>((resolve) => {
      const server = createServer();
      server.once("error", () => resolve(undefined));
      server.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
        const address = server.address();
        server.close(() => resolve(typeof address === "object" && address ? address.port : undefined));
      });
    });
  const port = (preferred ? await attempt(preferred) : undefined) ?? (await attempt(0));
  if (port === undefined) throw new HavnError("There is no free port on this host", { retryable: true });
  return port;
}
