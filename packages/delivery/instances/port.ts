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
