import { connect as connectTls } from "node:tls";
import { type CheckState, checkStates, type ProbeOf } from "@havn/model";
import { decodePacket, encodePacket, type NrpePacket, packetLength } from "../../nrpe/packet.ts";
import { anonymousTls } from "../../nrpe/tls.ts";
import { readPluginOutput } from "../plugin/output.ts";
import type { Attempt } from "../probe.ts";
import { type Conversation, conversationOver, opened } from "../socket.ts";

/** Asks an NRPE daemon to run one of its commands, as check_nrpe does. */
export async function probeNrpe(probe: ProbeOf<"nrpe">, signal: AbortSignal): Promise<Attempt> {
  const socket = await opened(probe.host, probe.port, signal);
  try {
    const connection = conversationOver(
      probe.tls === "off" ? socket : await encrypted(socket, probe),
      signal,
    );
    const { version } = probe;
    const text = [probe.command, ...(probe.arguments ?? [])].join("!");
    connection.write(encodePacket({ version, type: "query", code: 0, text }));
    const answer = await readPacket(connection);
    const { output, long, measures } = readPluginOutput(answer.text);
    const state: CheckState = checkStates[answer.code] ?? "unknown";
    return { state, output: output || "(no output)", long, measures };
  } finally {
    socket.destroy();
  }
}

async function readPacket(connection: Conversation): Promise<NrpePacket> {
  let bytes = await connection.read(16);
  const length = packetLength(bytes) ?? bytes.length;
  bytes = Buffer.concat([bytes, await connection.read(length - bytes.length)]);
  const packet = decodePacket(bytes);
  if (packet.type !== "response") throw new Error("the daemon asked instead of answering");
  return packet;
}

function encrypted(socket: Parameters<typeof conversationOver>[0], probe: ProbeOf<"nrpe">) {
  return new Promise<ReturnType<typeof connectTls>>((resolve, reject) => {
    const secured = connectTls({
      socket,
      ...(probe.tls === "anonymous"
        ? { ...anonymousTls, rejectUnauthorized: false }
        : {
            host: probe.host,
            ...(probe.authority !== undefined && { ca: probe.authority }),
            ...(probe.certificate !== undefined && { cert: probe.certificate }),
            ...(probe.key !== undefined && { key: probe.key }),
          }),
    });
    secured.once("secureConnect", () => {
      secured.off("error", reject).on("error", () => {});
      resolve(secured);
    });
    secured
      .once("error", reject)
      .once("close", () => reject(new Error("the daemon closed the connection: it may not let us ask")));
  });
}
