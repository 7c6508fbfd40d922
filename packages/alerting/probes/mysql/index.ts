import type { ProbeOf } from "@havn/model";
import { databaseAttempt } from "../database.ts";
import type { Attempt } from "../probe.ts";
import { type Conversation, converse } from "../socket.ts";
import { cachingAnswer, encryptPassword, nativeAnswer } from "./authentication.ts";
import { errorOf, firstText, readGreeting } from "./packets.ts";

const capabilities = {
  longPassword: 0x1,
  connectWithDatabase: 0x8,
  protocol41: 0x200,
  ssl: 0x800,
  secureConnection: 0x8000,
  pluginAuth: 0x8_0000,
};

/** Signs in as a client does (MySQL and MariaDB) and asks one query. */
export async function probeMysql(probe: ProbeOf<"mysql">, signal: AbortSignal): Promise<Attempt> {
  const began = performance.now();
  const connection = await converse(probe, signal);
  try {
    const line = packetsOver(connection);
    const greeting = readGreeting(await line.receive());
    const encrypted = await encrypt(connection, line, probe, greeting.capabilities);
    const { user, password = "", database } = probe;
    const flags = flagsOf(database) | (encrypted ? capabilities.ssl : 0);
    const plugin = greeting.plugin === "mysql_native_password" ? greeting.plugin : "caching_sha2_password";
    const answer = answerTo(plugin, password, greeting.challenge);
    line.send(
      Buffer.concat([
        handshake(flags),
        Buffer.from(`${user}\0`),
        Buffer.from([answer.length]),
        answer,
        Buffer.from(database === undefined ? "" : `${database}\0`),
        Buffer.from(`${plugin}\0`),
      ]),
    );
    await settle(line, { password, encrypted, challenge: greeting.challenge });
    const value = await ask(line, probe.query ?? "select 1");
    line.fresh();
    line.send(Buffer.from([0x01]));
    const tookMs = performance.now() - began;
    return databaseAttempt(probe, { version: greeting.version, value, tookMs });
  } finally {
    connection.end();
  }
}

interface Line {
  receive(): Promise<Buffer>;
  send(payload: Buffer): void;
  /** A new command begins. */
  fresh(): void;
}

function packetsOver(connection: Conversation): Line {
  let sequence = 0;
  return {
    async receive() {
      const header = await connection.read(4);
      sequence = (header[3] ?? 0) + 1;
      return connection.read(header.readUIntLE(0, 3));
    },
    send(payload) {
      const header = Buffer.alloc(4);
      header.writeUIntLE(payload.length, 0, 3);
      header[3] = sequence++ & 0xff;
      connection.write(Buffer.concat([header, payload]));
    },
    fresh() {
      sequence = 0;
    },
  };
}

const flagsOf = (database: string | undefined): number =>
  capabilities.longPassword |
  capabilities.protocol41 |
  capabilities.secureConnection |
  capabilities.pluginAuth |
  (database === undefined ? 0 : capabilities.connectWithDatabase);

/** The fixed part of the answer to the greeting: what we can, the longest packet, UTF-8. */
function handshake(flags: number): Buffer {
  const fixed = Buffer.alloc(32);
  fixed.writeUInt32LE(flags, 0);
  fixed.writeUInt32LE(0x100_0000, 4);
  fixed[8] = 45;
  return fixed;
}

async function encrypt(
  connection: Conversation,
  line: Line,
  probe: ProbeOf<"mysql">,
  offered: number,
): Promise<boolean> {
  if (probe.tls === "off") return false;
  if ((offered & capabilities.ssl) === 0) {
    if (probe.tls === "prefer") return false;
    throw new Error("the server does not encrypt");
  }
  line.send(handshake(flagsOf(probe.database) | capabilities.ssl));
  await connection.secure({ ...probe, insecure: probe.tls !== "verify" });
  return true;
}

function answerTo(plugin: string, password: string, challenge: Buffer): Buffer {
  if (password === "") return Buffer.alloc(0);
  if (plugin === "mysql_native_password") return nativeAnswer(password, challenge);
  if (plugin === "caching_sha2_password") return cachingAnswer(password, challenge);
  throw new Error(`the server asks for a way of signing in that is not known here (${plugin})`);
}

/** Answers until the server is content, in whatever way of signing in it wants. */
async function settle(
  line: Line,
  state: { password: string; encrypted: boolean; challenge: Buffer },
): Promise<void> {
  let { challenge } = state;
  for (;;) {
    const packet = await line.receive();
    const kind = packet[0];
    if (kind === 0x00) return;
    if (kind === 0xff) throw new Error(errorOf(packet));
    if (kind === 0xfe) {
      const end = packet.indexOf(0, 1);
      challenge = packet.subarray(end + 1, end + 21);
      line.send(answerTo(packet.subarray(1, end).toString(), state.password, challenge));
    } else if (kind === 0x01 && packet[1] === 4) {
      // Full authentication: the password itself, which only encryption may carry.
      if (state.encrypted) line.send(Buffer.from(`${state.password}\0`));
      else {
        line.send(Buffer.from([0x02]));
        const key = (await line.receive()).subarray(1).toString();
        line.send(encryptPassword(state.password, challenge, key));
      }
    } else if (kind !== 0x01) throw new Error("the server's answer cannot be understood");
  }
}

/** The first value of the first row; undefined where there is none. */
async function ask(line: Line, query: string): Promise<string | undefined> {
  line.fresh();
  line.send(Buffer.concat([Buffer.from([0x03]), Buffer.from(query)]));
  const first = await line.receive();
  if (first[0] === 0xff) throw new Error(errorOf(first));
  if (first[0] === 0x00) return undefined;
  // Columns up to an end, then rows up to an end.
  let value: string | undefined;
  let rows = 0;
  for (let ends = 0; ends < 2; ) {
    const packet = await line.receive();
    if (packet[0] === 0xff) throw new Error(errorOf(packet));
    if (packet[0] === 0xfe && packet.length < 9) ends++;
    else if (ends === 1 && rows++ === 0) value = firstText(packet);
  }
  return value;
}
