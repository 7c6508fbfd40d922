import { ByteWriter } from "../protocols/agent/bytes.ts";
import type { NewSegment } from "../spool/spool.ts";
import type { Metadata } from "./batch.ts";

const mostNames = 100_000;
const longestHelp = 4_096;

/** What was said of metrics: most senders say the same again and again, which is not stored again. */
export class MetadataBook {
  readonly #known = new Map<string, string>();

  /** Rows of what is new; `remember` once they are durable. */
  news(told: readonly Metadata[], now: number): { segments: NewSegment[]; remember(): void } {
    const fresh = new Map<string, Metadata>();
    for (const each of told)
      if (each.name.length <= 1_024 && this.#known.get(each.name) !== textOf(each))
        fresh.set(each.name, each);
    if (fresh.size === 0) return { segments: [], remember: () => undefined };
    const rows = new ByteWriter();
    for (const { name, type, unit, help } of fresh.values()) {
      for (const text of [name, type, unit.slice(0, 64), help.slice(0, longestHelp)]) rows.string(text);
      rows.uint64(BigInt(now));
    }
    return {
      segments: [{ table: "metadata", rows: rows.view(), isNew: true }],
      remember: () => {
        if (this.#known.size + fresh.size > mostNames) this.#known.clear();
        for (const [name, each] of fresh) this.#known.set(name, textOf(each));
      },
    };
  }
}

const textOf = ({ type, unit, help }: Metadata) => `${type}\0${unit}\0${help}`;
