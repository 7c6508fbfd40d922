import { createHmac, timingSafeEqual } from "node:crypto";

/** One entry as it stands in the log. `id` counts from 1 without gaps. */
export interface AuditRecord {
  id: number;
  at: number;
  actor: string;
  identity: string;
  role: string;
  action: string;
  resource: string;
  outcome: string;
  method: string;
  path: string;
  remoteAddress: string;
}

export interface LinkedRecord extends AuditRecord {
  previous: Uint8Array;
  hash: Uint8Array;
}

export const chainStart = new Uint8Array(32);

/** HMAC-SHA-256 over the previous hash and every field, as a JSON array so that no two entries read alike. */
export function linkHash(key: Buffer, previous: Uint8Array, record: AuditRecord): Buffer {
  const fields = [
    record.id,
    record.at,
    record.actor,
    record.identity,
    record.role,
    record.action,
    record.resource,
    record.outcome,
    record.method,
    record.path,
    record.remoteAddress,
  ];
  return createHmac("sha256", key).update(previous).update(JSON.stringify(fields)).digest();
}

export type ChainState =
  | { ok: true; entries: number }
  | { ok: false; entries: number; firstBroken: number; detail: string };

/** Follows the chain from its start to its head, in order. */
export class ChainWalk {
  #key: Buffer;
  #previous: Uint8Array = chainStart;
  #entries = 0;

  constructor(key: Buffer) {
    this.#key = key;
  }

  /** Undefined while all is well. */
  add(record: LinkedRecord): ChainState | undefined {
    const expected = this.#entries + 1;
    if (record.id !== expected) return this.#broken(expected, `entry ${expected} is missing`);
    const hash = linkHash(this.#key, this.#previous, record);
    if (!equal(record.previous, this.#previous) || !equal(record.hash, hash))
      return this.#broken(expected, `entry ${expected} was changed`);
    this.#previous = hash;
    this.#entries = expected;
    return undefined;
  }

  finish(head: { id: number; hash: Uint8Array }): ChainState {
    if (head.id !== this.#entries || !equal(head.hash, this.#previous))
      return this.#broken(this.#entries + 1, "entries at the end are missing");
    return { ok: true, entries: this.#entries };
  }

  #broken(firstBroken: number, detail: string): ChainState {
    return { ok: false, entries: this.#entries, firstBroken, detail };
  }
}

const equal = (left: Uint8Array, right: Uint8Array) =>
  left.length === right.length && timingSafeEqual(left, right);
