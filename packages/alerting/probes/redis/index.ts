import type { ProbeOf } from "@havn/model";
import { seconds } from "../measure.ts";
import type { Attempt } from "../probe.ts";
import { type Conversation, converse } from "../socket.ts";

/** AUTH where a password is given, PING, and what INFO tells of replication. */
export async function probeRedis(probe: ProbeOf<"redis">, signal: AbortSignal): Promise<Attempt> {
  const began = performance.now();
  const connection = await converse(probe, signal);
  try {
    if (probe.tls === "require") await connection.secure(probe);
    if (probe.password !== undefined)
      await ask(
        connection,
        probe.user === undefined ? ["AUTH", probe.password] : ["AUTH", probe.user, probe.password],
      );
    const pong = await ask(connection, ["PING"]);
    if (pong !== "PONG") return { state: "critical", output: `PING was answered "${pong}"` };
    const took = performance.now() - began;
    const info = await ask(connection, ["INFO", "replication"]);
    const role = /^role:(\w+)/m.exec(info)?.[1] ?? "unknown";
    const clients = Number(/^connected_slaves:(\d+)/m.exec(info)?.[1] ?? 0);
    const measures = [seconds("time", took), { label: "connected_slaves", value: clients, unit: "" }];
    if (probe.role !== undefined && role !== probe.role)
      return { state: "critical", output: `it is ${role}, not ${probe.role}`, measures };
    return { state: "ok", output: `PONG, role ${role}`, measures };
  } finally {
    connection.end();
  }
}

/** One command in RESP 2; a simple or bulk string comes back. Throws what the server refuses. */
async function ask(connection: Conversation, words: readonly string[]): Promise<string> {
  connection.write(
    `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`,
  );
  const line = await connection.readLine();
  if (line.startsWith("-")) throw new Error(`${words[0]} was refused: ${line.slice(1)}`);
  if (!line.startsWith("$")) return line.slice(1);
  const length = Number(line.slice(1));
  if (length < 0) return "";
  const bytes = await connection.read(length + 2);
  return bytes.subarray(0, length).toString("utf8");
}
