import { formatValue } from "../format.ts";

const firstSize = 64 * 1024;
/** Bytes that a number takes at most, and its surroundings. */
const room = 64;
/** Whole numbers below this have digits that can be taken off one by one without loss. */
const wholeEnough = 2 ** 53;
const zero = 48;

/** Puts a JSON text together as bytes: a large answer is mostly numbers, which need not become strings before. */
export class JsonWriter {
  #bytes = Buffer.allocUnsafeSlow(firstSize);
  #length = 0;

  text(text: string): void {
    const { length } = text;
    this.#reserve(length * 3);
    // Most short ones are punctuation.
    if (length > 16 || !this.#ascii(text)) this.#length += this.#bytes.write(text, this.#length);
  }

  bytes(from: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    const into = this.#bytes;
    let at = this.#length;
    for (let i = start; i < end; i++) into[at++] = from[i] ?? 0;
    this.#length = at;
  }

  /** A sample's value, as `formatValue` has it. */
  value(value: number): void {
    this.#reserve(room);
    if (value > -wholeEnough && value < wholeEnough && Number.isInteger(value) && !Object.is(value, -0))
      this.#whole(value);
    else this.#ascii(formatValue(value));
  }

  /** False, and nothing written, where the text is not all ASCII. */
  #ascii(text: string): boolean {
    const into = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) return false;
      into[at++] = code;
    }
    this.#length = at;
    return true;
  }

  #whole(value: number): void {
    const into = this.#bytes;
    let rest = value;
    if (rest < 0) {
      into[this.#length++] = 45;
      rest = -rest;
    }
    let digits = 1;
    for (let limit = 10; rest >= limit; limit *= 10) digits++;
    let at = this.#length + digits;
    this.#length = at;
    // Halves of 32 bits are divided much faster than numbers beyond them.
    while (rest > 0x7fffffff) {
      const tenth = Math.floor(rest / 10);
      into[--at] = zero + (rest - tenth * 10);
      rest = tenth;
    }
    let small = rest | 0;
    do {
      const tenth = (small / 10) | 0;
      into[--at] = zero + (small - tenth * 10);
      small = tenth;
    } while (small > 0);
  }

  /** What was written since the last time. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(firstSize, this.#length));
    this.#length = 0;
    return taken;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#length + more));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
