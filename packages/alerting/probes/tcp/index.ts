import { connect } from "node:net";
import type { CheckSpec } from "@havn/fleet/protocol";
import { type Attempt, describeFailure } from "../probe.ts";

type TcpProbe = Extract<CheckSpec["probe"], { kind: "tcp" }>;

/** Opens a connection and closes it. */
export function probeTcp({ host, port }: TcpProbe, signal: AbortSignal): Promise<Attempt> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (attempt: Attempt) => {
      signal.removeEventListener("abort", late);
      socket.destroy();
      resolve(attempt);
    };
    const late = () => end({ ok: false, output: "no connection within the timeout" });
    signal.addEventListener("abort", late, { once: true });
    socket.once("connect", () => end({ ok: true, output: "connected" }));
    socket.once("error", (cause) => end({ ok: false, output: describeFailure(cause) }));
  });
}
