import type { ProbeOf } from "@havn/model";
import { databaseAttempt } from "../database.ts";
import type { Attempt } from "../probe.ts";
import { type Conversation, converse } from "../socket.ts";
import { md5Answer, scram } from "./authentication.ts";

/** Signs in as a client does (protocol 3.0) and asks one query. */
export async function probePostgres(probe: ProbeOf<"postgres">, signal: AbortSignal): Promise<Attempt> {
  const began = performance.now();
  const connection = await converse(probe, signal);
  try {
    await encrypt(connection, probe);
    connection.write(
      startup({ user: probe.user, database: probe.database ?? probe.user, application_name: "havn-check" }),
    );
    const version = await signIn(connection, probe);
    const value = await ask(connection, probe.query ?? "select 1");
    connection.write(message("X", Buffer.alloc(0)));
    const tookMs = performance.now() - began;
    return databaseAttempt(probe, { version: `PostgreSQL ${version}`, value, tookMs });
  } finally {
    connection.end();
  }
}

async function encrypt(connection: Conversation, probe: ProbeOf<"postgres">): Promise<void> {
  if (probe.tls === "off") return;
  const request = Buffer.alloc(8);
  request.writeInt32BE(8, 0);
  request.writeInt32BE(80_877_103, 4);
  connection.write(request);
  const answer = (await connection.read(1)).toString();
  if (answer === "S") await connection.secure({ ...probe, insecure: probe.tls !== "verify" });
  else if (probe.tls !== "prefer") throw new Error("the server does not encrypt");
}

async function signIn(connection: Conversation, probe: ProbeOf<"postgres">): Promise<string> {
  let version = "";
  let exchange: ReturnType<typeof scram> | undefined;
  for (;;) {
    const { type, body } = await receive(connection);
    if (type === "S") {
      const [name, value = ""] = body.toString("utf8").split("\0");
      if (name === "server_version") version = value;
    }
    if (type === "Z") return version;
    if (type !== "R") continue;
    const kind = body.readInt32BE(0);
    if (kind === 0) continue;
    const { user, password } = probe;
    if (password === undefined)
      throw new Error(`the server asks for a password of ${user}, and none is given`);
    const data = body.subarray(4);
    if (kind === 3) connection.write(message("p", text(password)));
    else if (kind === 5) connection.write(message("p", text(md5Answer({ user, password }, data))));
    else if (kind === 10) {
      exchange = scram(password);
      const first = Buffer.from(exchange.first);
      const length = Buffer.alloc(4);
      length.writeInt32BE(first.length);
      connection.write(message("p", Buffer.concat([text("SCRAM-SHA-256"), length, first])));
    } else if (kind === 11 && exchange)
      connection.write(message("p", Buffer.from(await exchange.proof(data.toString("utf8")))));
    else if (kind === 12 && exchange) exchange.verify(data.toString("utf8"));
    else throw new Error(`the server asks for a way of signing in that is not known here (${kind})`);
  }
}

/** The first value of the first row; undefined where there is none. */
async function ask(connection: Conversation, query: string): Promise<string | undefined> {
  connection.write(message("Q", text(query)));
  let value: string | undefined;
  let rows = 0;
  for (;;) {
    const { type, body } = await receive(connection);
    if (type === "Z") return value;
    if (type !== "D" || rows++ > 0 || body.readInt16BE(0) === 0) continue;
    const length = body.readInt32BE(2);
    value = length < 0 ? "" : body.subarray(6, 6 + length).toString("utf8");
  }
}

const largestMessage = 1024 * 1024;

async function receive(connection: Conversation): Promise<{ type: string; body: Buffer }> {
  const header = await connection.read(5);
  const length = header.readInt32BE(1) - 4;
  if (length < 0 || length > largestMessage) throw new Error("the answer is not PostgreSQL's");
  const body = await connection.read(length);
  const type = String.fromCharCode(header[0] ?? 0);
  if (type !== "E") return { type, body };
  const fields = new Map(
    body
      .toString("utf8")
      .split("\0")
      .filter(Boolean)
      .map((field) => [field.charAt(0), field.slice(1)]),
  );
  throw new Error(
    `${fields.get("S") ?? "ERROR"}: ${fields.get("M") ?? "no reason given"} (${fields.get("C")})`,
  );
}

const text = (value: string): Buffer => Buffer.from(`${value}\0`);

function message(type: string, body: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.write(type, 0, "latin1");
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

function startup(parameters: Record<string, string>): Buffer {
  const pairs = Buffer.from(
    `${Object.entries(parameters)
      .map(([name, value]) => `${name}\0${value}\0`)
      .join("")}\0`,
  );
  const header = Buffer.alloc(8);
  header.writeInt32BE(pairs.length + 8, 0);
  header.writeInt32BE(196_608, 4);
  return Buffer.concat([header, pairs]);
}
