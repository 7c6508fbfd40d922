import { type Severity, severityOf } from "../../logs/severity.ts";
import { LogBuffer } from "../agent/logs.ts";
import { attributeOf, textOfValue } from "./names.ts";
import type { KeyValue, ResourceLogs } from "./schema.ts";

/** Lines of one environment and host. */
export interface HostLogs {
  environment: string;
  host: string;
  lines: LogBuffer;
}

const told = new Set(["service.name", "service.instance.id", "host.name"]);
const latest = 2n ** 63n;

/** `environment`, where it is given, stands instead of what the senders say of theirs. Times of 0 are `now`. */
export function readLogs(
  resources: readonly ResourceLogs[],
  { environment, now }: { environment: string | undefined; now: number },
): { hosts: HostLogs[]; refused: number } {
  const hosts = new Map<string, HostLogs>();
  let refused = 0;
  for (const { resource, scopeLogs } of resources) {
    const from = (...keys: string[]) => attributeOf(resource.attributes, ...keys);
    const place = {
      environment:
        environment ?? (from("deployment.environment.name", "deployment.environment") || "default"),
      host: from("host.name"),
    };
    const key = `${place.environment}\0${place.host}`;
    const own = hosts.get(key) ?? { ...place, lines: new LogBuffer() };
    hosts.set(key, own);
    const rest = resource.attributes.filter(({ key: name }) => !told.has(name));
    for (const record of scopeLogs.flatMap(({ logRecords }) => logRecords)) {
      const time = record.timeUnixNano || record.observedTimeUnixNano || BigInt(now) * 1_000_000n;
      if (time < 0n || time >= latest) {
        refused++;
        continue;
      }
      own.lines.add({
        time: String(time),
        ...{ service: from("service.name"), instance: from("service.instance.id") },
        severity: severityFrom(record.severityNumber, record.severityText),
        body: textOfValue(record.body),
        ...{ traceId: record.traceId, spanId: record.spanId },
        attributes: textsOf([...record.attributes, ...rest]),
      });
    }
  }
  return { hosts: [...hosts.values()].filter(({ lines }) => lines.size > 0), refused };
}

/** The first of each name counts. */
function textsOf(attributes: readonly KeyValue[]): Record<string, string> {
  return Object.fromEntries(attributes.toReversed().map(({ key, value }) => [key, textOfValue(value)]));
}

function severityFrom(number: number, text: string): Severity {
  if (number >= 1 && number <= 24) return severityOf(number);
  const [, word] = /^(trace|debug|info|warn|error|fatal)/i.exec(text) ?? [];
  return (word?.toLowerCase() as Severity | undefined) ?? "info";
}
