import { formatValue } from "../format.ts";

/** Small answers are many: memory that they do not need would have to be collected. */
const firstSize = 8 * 1024;
/** Bytes that a value takes at most. */
const longestValue = 32;
/** Decimals below this have digits that can be taken off four by four without loss. */
const largestWhole = 1e15;

const nothing = Buffer.alloc(0);

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  new DataView(buffer, byteOffset, byteLength);

/** Puts a JSON text together as bytes: a large answer is mostly numbers, which need not become strings before. */
export class JsonWriter {
  #bytes: Buffer = nothing;
  #view = viewOf(nothing);
  #length = 0;
  #likely = firstSize;

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

  /** Bytes since they were taken last. */
  get length(): number {
    return this.#length;
  }

  /** What was written since the last time. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#likely = Math.max(firstSize, this.#length);
    this.#bytes = nothing;
    this.#view = viewOf(nothing);
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
    const least = Math.max(this.#likely, this.#bytes.length * 2);
    const grown = Buffer.allocUnsafeSlow(Math.max(least, this.#length + more + 3));
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
  const writer = new JsonWriter();
  const ends = Uint32Array.from(times, (time) => {
    writer.text("[");
    writer.value(time / 1000);
    writer.text(',"');
    return writer.length;
  });
  const written = writer.take();
  const lengths = Uint8Array.from(ends, (end, i) => end - (ends[i - 1] ?? 0));
  const width = Math.ceil(lengths.reduce((most, length) => Math.max(most, length), 0) / 4);
  const words = new Uint32Array(times.length * width);
  const bytes = new Uint8Array(words.buffer);
  for (let i = 0; i < times.length; i++)
    for (let from = ends[i - 1] ?? 0, to = i * width * 4; from < (ends[i] ?? 0); from++, to++)
      bytes[to] = written[from] ?? 0;
  return { words, lengths, width };
}

const minus = 0x2d;
const pointForZero = 0x30 - 0x2e;
const quoteBracketComma = 0x2c5d22;

/** "0000" to "9999", each as a word. */
const fours = Uint32Array.from({ length: 10_000 }, (_, number) =>
  Buffer.from(String(number).padStart(4, "0"), "latin1").readUInt32LE(),
);
