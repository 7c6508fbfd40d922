import { formatValue } from "../format.ts";

const firstSize = 64 * 1024;
/** Bytes that a value takes at most. */
const longestValue = 32;
/** Decimals below this have digits that can be taken off four by four without loss. */
const largestWhole = 1e15;

/** Puts a JSON text together as bytes: a large answer is mostly numbers, which need not become strings before. */
export class JsonWriter {
  #bytes = Buffer.allocUnsafeSlow(firstSize);
  #view = viewOf(this.#bytes);
  #length = 0;

  text(text: string): void {
    const { length } = text;
    this.#reserve(length * 3);
    // Most short ones are punctuation.
    if (length > 16 || !this.#ascii(text)) this.#length += this.#bytes.write(text, this.#length);
  }

  /** A sample's value, as `formatValue` has it. */
  value(value: number): void {
    this.#reserve(longestValue);
    this.#value(value);
  }

  /** `TIME,"VALUE"]` for each of the values, with commas between; what stands before a value comes from `openings`. */
  points(openings: Openings, values: Float64Array): void {
    const { words, lengths, width } = openings;
    this.#reserve(values.length * (width * 4 + longestValue + 3) + 4);
    for (let i = 0; i < values.length; i++) {
      const from = i * width;
      for (let word = 0; word < width; word++)
        this.#view.setUint32(this.#length + word * 4, words[from + word] ?? 0, true);
      this.#length += lengths[i] ?? 0;
      this.#value(values[i] ?? 0);
      this.#view.setUint32(this.#length, quoteBracketComma, true);
      this.#length += 3;
    }
    if (values.length > 0) this.#length--;
  }

  /** What was written since the last time. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(firstSize, this.#length));
    this.#view = viewOf(this.#bytes);
    this.#length = 0;
    return taken;
  }

  #value(value: number): void {
    const size = Math.abs(value);
    if (size < largestWhole && (value !== 0 || Object.is(value, 0))) {
      const thousandth = Math.round(size * 1000);
      if (Number.isInteger(size)) {
        if (value < 0) this.#bytes[this.#length++] = minus;
        this.#whole(size);
        return;
      }
      // With so few digits the decimal is the shortest that is read as the same number.
      if (thousandth / 1000 === size && thousandth < largestWhole) {
        if (value < 0) this.#bytes[this.#length++] = minus;
        this.#decimal(thousandth);
        return;
      }
    }
    this.#ascii(formatValue(value));
  }

  #whole(value: number): void {
    if (value < 10_000) {
      const digits = value < 10 ? 1 : value < 100 ? 2 : value < 1000 ? 3 : 4;
      this.#view.setUint32(this.#length, (fours[value] ?? 0) >>> (32 - 8 * digits), true);
      this.#length += digits;
      return;
    }
    const high = Math.floor(value / 10_000);
    this.#whole(high);
    this.#view.setUint32(this.#length, fours[value - high * 10_000] ?? 0, true);
    this.#length += 4;
  }

  #decimal(thousandths: number): void {
    const whole = Math.floor(thousandths / 1000);
    this.#whole(whole);
    const rest = thousandths - whole * 1000;
    // Four digits, of which the first is a zero that becomes the point.
    this.#view.setUint32(this.#length, (fours[rest] ?? 0) - pointForZero, true);
    this.#length += rest % 100 === 0 ? 2 : rest % 10 === 0 ? 3 : 4;
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

  /** What is written as whole words may reach three bytes further. */
  #reserve(more: number): void {
    if (this.#length + more + 3 <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#length + more + 3));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = viewOf(grown);
  }
}

/** `[SECONDS,"` of each of some times, in words of four bytes: `width` of them each, the last ones empty. */
export interface Openings {
  words: Uint32Array;
  lengths: Uint8Array;
  width: number;
}

export function openingsOf(times: Float64Array): Openings {
  const texts = Array.from(times, (time) => `[${time / 1000},"`);
  const width = Math.ceil(Math.max(0, ...texts.map(({ length }) => length)) / 4);
  const words = new Uint32Array(texts.length * width);
  const bytes = Buffer.from(words.buffer);
  for (const [i, text] of texts.entries()) bytes.write(text, i * width * 4, "latin1");
  return { words, lengths: Uint8Array.from(texts, ({ length }) => length), width };
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  new DataView(buffer, byteOffset, byteLength);

const minus = 0x2d;
const pointForZero = 0x30 - 0x2e;
const quoteBracketComma = 0x2c5d22;

/** "0000" to "9999", each as a word. */
const fours = Uint32Array.from({ length: 10_000 }, (_, number) =>
  Buffer.from(String(number).padStart(4, "0"), "latin1").readUInt32LE(),
);
