import { BlockList, createServer as createPlainServer, isIP, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { isDeepStrictEqual } from "node:util";
import type { NrpeServerSpec } from "@havn/fleet/protocol";
import { checkStates, parseDuration } from "@havn/model";
import { commandWords } from "../probes/plugin/command.ts";
import { pluginAttempt } from "../probes/plugin/index.ts";
import { runProgram } from "../probes/plugin/run.ts";
import { decodePacket, encodePacket, type NrpePacket, packetLength } from "./packet.ts";
import { anonymousTls } from "./tls.ts";

/** Answers check_nrpe with declared commands. */
export interface NrpeServer extends AsyncDisposable {
  /** What is answered from now on; undefined: nothing. Resolves when it listens; throws where it cannot. */
  set(spec: NrpeServerSpec | undefined): Promise<void>;
  /** Where it listens. */
  readonly port: number | undefined;
}

/** Who connects and says nothing is not waited for. */
const silenceMs = 10_000;
/** From the first byte of a query, or none, to its last. */
const longestQueryMs = 30_000;
const mostAtOnce = 32;
/** NRPE's own list, and `$(` as it refuses it: a command line made of these could do anything. */
const nasty = /[|`&><'\\[\]{};\r\n"]|\$\(/;

export function createNrpeServer({ log }: { log(message: string): void }): NrpeServer {
  let server: Server | undefined;
  let current: NrpeServerSpec | undefined;
  let setting: Promise<void> = Promise.resolve();
  let port: number | undefined;
  const connections = new Set<Socket>();
  const stopping = new AbortController();

  async function close(): Promise<void> {
    const closing = server;
    server = undefined;
    port = undefined;
    if (!closing) return;
    await new Promise<void>((resolve) => {
      closing.close(() => resolve());
      for (const socket of connections) socket.destroy();
    });
  }

  async function listen(spec: NrpeServerSpec): Promise<void> {
    const allowed = allowList(spec.allow);
    const accept = (socket: Socket) => {
      void serve(socket, spec, stopping.signal).catch((cause: Error) => log(`NRPE: ${cause.message}`));
    };
    const opening =
      spec.tls === "off"
        ? createPlainServer(accept)
        : createTlsServer({ ...anonymousTls, dhparam: "auto", handshakeTimeout: silenceMs }, accept);
    // Before the handshake: who may not ask learns nothing.
    opening.on("connection", (socket: Socket) => {
      const from = socket.remoteAddress ?? "";
      if (!isAllowed(allowed, from) || connections.size >= mostAtOnce) {
        log(`NRPE: ${from} was turned away`);
        socket.destroy();
        return;
      }
      connections.add(socket);
      socket.once("close", () => connections.delete(socket)).on("error", () => {});
    });
    opening.on("tlsClientError", (cause) => log(`NRPE: TLS handshake failed: ${cause.message}`));
    await new Promise<void>((resolve, reject) => {
      opening.once("error", reject);
      opening.listen(spec.port, spec.listen, () => {
        opening.off("error", reject).on("error", (cause) => log(`NRPE: ${cause.message}`));
        resolve();
      });
    });
    server = opening;
    const address = opening.address();
    port = typeof address === "object" ? address?.port : undefined;
  }

  return {
    get port() {
      return port;
    },
    set(spec) {
      const next = setting.then(async () => {
        // Told the same again, nobody who asks is cut off.
        if (isDeepStrictEqual(spec, current)) return;
        await close();
        current = undefined;
        if (spec) await listen(spec);
        current = spec;
      });
      setting = next.catch(() => {});
      return next;
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await setting;
      await close();
    },
  };
}

function allowList(allowed: readonly string[]): BlockList {
  const list = new BlockList();
  for (const one of allowed) {
    const [address = "", bits] = one.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (isIP(address) === 0) throw new Error(`"${one}" is no address and no network`);
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

function isAllowed(list: BlockList, from: string): boolean {
  const plain = from.replace(/^::ffff:/, "");
  return isIP(plain) !== 0 && list.check(plain, isIP(plain) === 6 ? "ipv6" : "ipv4");
}

async function serve(socket: Socket, spec: NrpeServerSpec, stopping: AbortSignal): Promise<void> {
  socket.setTimeout(silenceMs, () => socket.destroy()).on("error", () => {});
  const query = await readQuery(socket);
  if (!query) return;
  socket.setTimeout(0);
  const answer = await answerTo(query, spec, stopping);
  // Read on, or its end would never be seen.
  socket.setTimeout(silenceMs).end(encodePacket(answer));
  socket.resume();
}

function readQuery(socket: Socket): Promise<NrpePacket | undefined> {
  return new Promise((resolve, reject) => {
    let held = Buffer.alloc(0);
    // Who sends a byte now and then is never silent.
    const late = setTimeout(() => socket.destroy(), longestQueryMs);
    const take = (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      try {
        const length = packetLength(held);
        if (length === undefined || held.length < length) return;
        stop();
        resolve(decodePacket(held.subarray(0, length)));
      } catch (cause) {
        stop();
        socket.destroy();
        reject(cause);
      }
    };
    // What follows the query is not read: it would be held for nothing.
    const stop = () => {
      clearTimeout(late);
      socket.off("data", take).pause();
    };
    socket.on("data", take).once("close", () => {
      clearTimeout(late);
      resolve(undefined);
    });
  });
}

async function answerTo(query: NrpePacket, spec: NrpeServerSpec, stopping: AbortSignal): Promise<NrpePacket> {
  const { version } = query;
  const say = (code: number, text: string): NrpePacket => ({ version, type: "response", code, text });
  const [name = "", ...given] = query.text.split("!");
  // check_nrpe without a command asks whether somebody is there.
  if (name === "_NRPE_CHECK") return say(0, "NRPE v4.1.0 (Havn)");
  const command = Object.hasOwn(spec.commands, name) ? spec.commands[name] : undefined;
  if (!command) return say(3, `NRPE: Command '${name}' not defined`);
  if (given.length > 0 && !spec.arguments) return say(3, `NRPE: Command '${name}' takes no arguments here`);
  if (given.some((argument) => nasty.test(argument)))
    return say(3, "NRPE: Request contained illegal metachars");
  const macros = Object.fromEntries(given.map((value, at) => [`ARG${at + 1}`, value]));
  const { words, env } = commandWords(command.command, { USER1: "/usr/lib/nagios/plugins", ...macros });
  const late = AbortSignal.timeout(parseDuration(command.timeout));
  const ran = await runProgram(words, { signal: AbortSignal.any([stopping, late]), env, user: command.user });
  if (late.aborted) return say(2, `NRPE: Command timed out after ${command.timeout}`);
  if (ran.failure !== undefined || ran.code === undefined) {
    const { output } = pluginAttempt(ran, words[0] ?? "");
    return say(3, `NRPE: ${output}`);
  }
  return say(checkStates[ran.code] === undefined ? 3 : ran.code, ran.output.trimEnd() || "(no output)");
}
