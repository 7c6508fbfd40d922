/**
 * Byte strings → small numbers, without an object or a string for each: senders repeat the labels of a series byte for
 * byte, so they need to be understood once. A hash table over typed arrays; equal hashes are compared byte by byte.
 */
export class ByteKeys {
  readonly #mostBytes: number;
  /** Senders must not be able to choose keys that all fall into one place. */
  readonly #seed = (Math.random() * 2 ** 32) | 0;
  #slots = new Int32Array(1024);
  #hashes = new Int32Array(512);
  #ends = new Uint32Array(512);
  #values = new Int32Array(512);
  #bytes = new Uint8Array(64 * 1024);
  #view = new DataView(this.#bytes.buffer);
  #size = 0;
  /** Of the key that was last looked for. */
  #hash = 0;
  /** Senders repeat their keys in order: the one after the last is tried first, without a hash and near in memory. */
  #next = 0;

  /** Forgets everything once the keys take more than `mostBytes`. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get size(): number {
    return this.#size;
  }

  /** The value of the bytes from `start` to `end`; -1 where they are not known. */
  find(view: DataView, start: number, end: number): number {
    const next = this.#next;
    if (next < this.#size && this.#equal(next, view, start, end)) {
      this.#next = next + 1;
      return this.#values[next] ?? -1;
    }
    const hash = this.#hashOf(view, start, end);
    this.#hash = hash;
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = (this.#slots[slot] ?? 0) - 1;
      if (entry < 0) return -1;
      if (this.#hashes[entry] === hash && this.#equal(entry, view, start, end)) {
        this.#next = entry + 1;
        return this.#values[entry] ?? -1;
      }
    }
  }

  /** Remembers the bytes that were just looked for and not found. */
  add(bytes: Uint8Array, start: number, end: number, value: number): void {
    let from = this.#size === 0 ? 0 : (this.#ends[this.#size - 1] ?? 0);
    if (from + end - start > this.#mostBytes) {
      this.clear();
      from = 0;
    }
    if (this.#size === this.#values.length) this.#grow();
    if (from + end - start > this.#bytes.length) this.#growBytes(from, from + end - start);
    this.#bytes.set(bytes.subarray(start, end), from);
    const entry = this.#size++;
    this.#hashes[entry] = this.#hash;
    this.#ends[entry] = from + end - start;
    this.#values[entry] = value;
    this.#next = entry + 1;
    this.#place(entry);
  }

  clear(): void {
    this.#size = this.#next = 0;
    this.#slots.fill(0);
  }

  #place(entry: number): void {
    const mask = this.#slots.length - 1;
    let slot = (this.#hashes[entry] ?? 0) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = entry + 1;
  }

  #grow(): void {
    const larger = this.#values.length * 2;
    const copy = <T extends Int32Array | Uint32Array>(to: T, from: T) => {
      to.set(from);
      return to;
    };
    this.#hashes = copy(new Int32Array(larger), this.#hashes);
    this.#values = copy(new Int32Array(larger), this.#values);
    this.#ends = copy(new Uint32Array(larger), this.#ends);
    this.#slots = new Int32Array(larger * 2);
    for (let entry = 0; entry < this.#size; entry++) this.#place(entry);
  }

  #growBytes(used: number, wanted: number): void {
    const larger = new Uint8Array(Math.max(wanted, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, used));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }

  #equal(entry: number, view: DataView, start: number, end: number): boolean {
    let at = entry === 0 ? 0 : (this.#ends[entry - 1] ?? 0);
    if ((this.#ends[entry] ?? 0) - at !== end - start) return false;
    const own = this.#view;
    let other = start;
    for (; other + 4 <= end; other += 4, at += 4)
      if (view.getInt32(other, true) !== own.getInt32(at, true)) return false;
    for (; other < end; other++, at++) if (view.getUint8(other) !== own.getUint8(at)) return false;
    return true;
  }

  /** Murmur3's mixing, four bytes at a time. */
  #hashOf(view: DataView, start: number, end: number): number {
    let hash = this.#seed ^ (end - start);
    let at = start;
    for (; at + 4 <= end; at += 4) {
      const word = Math.imul(view.getInt32(at, true), 0xcc9e2d51);
      hash ^= Math.imul((word << 15) | (word >>> 17), 0x1b873593);
      hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
    }
    for (; at < end; at++) hash = Math.imul(hash ^ view.getUint8(at), 0x85ebca6b);
    hash ^= hash >>> 16;
    hash = Math.imul(hash, 0x85ebca6b);
    hash ^= hash >>> 13;
    hash = Math.imul(hash, 0xc2b2ae35);
    return hash ^ (hash >>> 16);
  }
}
