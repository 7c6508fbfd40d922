import { Resolver } from "node:dns/promises";
import { isIP } from "node:net";
import type { ProbeOf } from "@havn/model";
import { seconds } from "../measure.ts";
import type { Attempt } from "../probe.ts";

/** What a name server answers; the one of the system unless another is given. */
export async function probeDns(probe: ProbeOf<"dns">, signal: AbortSignal): Promise<Attempt> {
  const resolver = new Resolver({ tries: 1 });
  if (probe.server !== undefined) resolver.setServers([probe.server]);
  const stop = () => resolver.cancel();
  signal.addEventListener("abort", stop, { once: true });
  const began = performance.now();
  try {
    const answers = (await ask(resolver, probe)).map(textOf).sort();
    const measures = [
      seconds("time", performance.now() - began),
      { label: "answers", value: answers.length, unit: "" },
    ];
    const missing = (probe.expect ?? []).filter((wanted) => !answers.includes(wanted.replace(/\.$/, "")));
    const shown = answers.join(", ").slice(0, 200);
    if (missing.length > 0)
      return {
        state: "critical",
        output: `${probe.type} of ${probe.name} is ${shown || "empty"}, without ${missing.join(", ")}`,
        measures,
      };
    return { state: "ok", output: `${probe.type} of ${probe.name}: ${shown}`, measures };
  } catch (cause) {
    const { code = "", message } = cause as NodeJS.ErrnoException;
    return { state: "critical", output: `${probe.type} of ${probe.name}: ${reasons[code] ?? message}` };
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: "no such name",
  ENODATA: "the name has no such record",
  ESERVFAIL: "the server failed to answer",
  EREFUSED: "the server refused to answer",
  ECONNREFUSED: "no server answers there",
  ETIMEOUT: "no answer in time",
  ECANCELLED: "no answer within the timeout",
};

function ask(resolver: Resolver, { name, type }: ProbeOf<"dns">): Promise<readonly unknown[]> {
  // A pointer is usually asked for by the address that it is of.
  if (type === "PTR" && isIP(name) !== 0) return resolver.reverse(name);
  return resolver.resolve(name, type) as Promise<readonly unknown[]>;
}

/** A record in the words of zone files. */
function textOf(record: unknown): string {
  if (typeof record === "string") return record;
  if (Array.isArray(record)) return record.join("");
  const fields = record as Record<string, unknown>;
  if ("exchange" in fields) return `${fields["priority"]} ${fields["exchange"]}`;
  if ("port" in fields)
    return `${fields["priority"]} ${fields["weight"]} ${fields["port"]} ${fields["name"]}`;
  if ("nsname" in fields) return `${fields["nsname"]} ${fields["hostmaster"]} ${fields["serial"]}`;
  const [tag = "", value] = Object.entries(fields).find(([key]) => key !== "critical") ?? [];
  return `${tag} ${value}`;
}
