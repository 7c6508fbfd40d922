import { type ProbeOf, parseDuration } from "@havn/model";
import { seconds } from "../measure.ts";
import type { Attempt } from "../probe.ts";
import { converse } from "../socket.ts";

/** Opens a connection, sends what it shall, waits for what it expects, and closes it. */
export async function probeTcp(probe: ProbeOf<"tcp">, signal: AbortSignal): Promise<Attempt> {
  const began = performance.now();
  const connection = await converse(probe, signal);
  try {
    const connected = performance.now() - began;
    if (probe.send !== undefined) connection.write(probe.send);
    if (probe.expect !== undefined) {
      let came = "";
      while (!came.includes(probe.expect)) {
        const some = await connection.readSome().catch((cause: Error) => cause);
        if (some instanceof Error)
          return {
            state: "critical",
            output: `"${probe.expect}" did not come: ${some.message}; what came was ${JSON.stringify(came.slice(0, 100))}`,
          };
        came += some.toString("utf8");
      }
    }
    const took = performance.now() - began;
    const measures = [seconds("time", took), seconds("connect", connected)];
    if (probe.slow !== undefined && took > parseDuration(probe.slow))
      return { state: "warning", output: `connected, but slower than ${probe.slow}`, measures };
    return { state: "ok", output: "connected", measures };
  } finally {
    connection.end();
  }
}
