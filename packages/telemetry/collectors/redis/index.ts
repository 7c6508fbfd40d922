import { connect } from "node:net";
import { type CollectedSample, sample } from "../sample.ts";
import { infoSamples } from "./info.ts";

export interface RedisSettings {
  /** A path of a socket, or "host:port". */
  address: string;
  user?: string | undefined;
  password?: string | undefined;
}

/** As far as an answer is read: INFO has some kilobytes, and with many commands some ten. */
const largestAnswer = 4 * 1024 * 1024;

/** Asks a Redis server what it knows of itself. Rejects where it does not answer, or not with that. */
export async function collectRedis(
  { address, user = "default", password }: RedisSettings,
  now: number,
  signal: AbortSignal,
): Promise<CollectedSample[]> {
  const commands = [...(password === undefined ? [] : [["AUTH", user, password]]), ["INFO", "all"]];
  const began = performance.now();
  const answers = await converse(address, commands, signal);
  const took = (performance.now() - began) / 1000;
  return [
    ...infoSamples(answers.at(-1) ?? "", now),
    sample("redis_up", 1),
    sample("redis_exporter_last_scrape_duration_seconds", took),
  ];
}

async function converse(address: string, commands: string[][], signal: AbortSignal): Promise<string[]> {
  const [, host = "", port = ""] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
  const socket = address.startsWith("/") ? connect({ path: address }) : connect({ host, port: Number(port) });
  const stop = () => socket.destroy(new Error("it did not answer in time"));
  signal.addEventListener("abort", stop, { once: true });
  try {
    // Words with their lengths: a password may hold anything.
    for (const words of commands)
      socket.write(
        `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`,
      );
    const answers: string[] = [];
    let bytes: Buffer = Buffer.alloc(0);
    for await (const chunk of socket) {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length > largestAnswer) throw new Error("its answer is too long");
      for (let read = readAnswer(bytes); read; read = readAnswer(bytes)) {
        answers.push(read.text);
        bytes = bytes.subarray(read.length);
      }
      if (answers.length === commands.length) return answers;
    }
    throw new Error("it hung up");
  } finally {
    signal.removeEventListener("abort", stop);
    socket.destroy();
  }
}

/** The first answer in the bytes; undefined while it is not whole. Throws where it is a refusal. */
function readAnswer(bytes: Buffer): { text: string; length: number } | undefined {
  const end = bytes.indexOf("\r\n");
  if (end < 0) return undefined;
  const line = bytes.toString("utf8", 1, end);
  switch (String.fromCharCode(bytes[0] ?? 0)) {
    case "+":
      return { text: line, length: end + 2 };
    case "-":
      throw new Error(`it says ${line.slice(0, 200)}`);
    case "$": {
      // A length that is none would be read again and again.
      if (!/^\d{1,9}$/.test(line)) throw new Error("it is no Redis");
      const whole = end + 2 + Number(line) + 2;
      return bytes.length < whole
        ? undefined
        : { text: bytes.toString("utf8", end + 2, whole - 2), length: whole };
    }
  }
  throw new Error("it is no Redis");
}
