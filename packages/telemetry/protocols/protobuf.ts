/** Reads protobuf's wire format over bytes, without objects in between. Throws a TypeError where bytes are missing. */
export class ProtoReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at = 0;
  /** Where the message that is being read ends. */
  end: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.end = bytes.length;
  }

  get more(): boolean {
    return this.at < this.end;
  }

  /** The next field's number and wire type, as they stand. */
  tag(): number {
    const byte = this.bytes[this.at] ?? 0;
    if (byte < 0x80 && this.at < this.end) {
      this.at++;
      return byte;
    }
    return this.varint();
  }

  /** An unsigned number; above 2^53 it is no longer exact. */
  varint(): number {
    const first = this.bytes[this.at] ?? 0x80;
    if (first < 0x80 && this.at < this.end) {
      this.at++;
      return first;
    }
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count++) {
      if (this.at >= this.end) throw cutShort();
      const byte = this.bytes[this.at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw new TypeError("a number is too long");
  }

  /** An int64: negative ones are ten bytes of two's complement. */
  int64(): number {
    const value = this.varint();
    return value < 2 ** 63 ? value : Number(BigInt.asIntN(64, this.#exactVarint()));
  }

  /** A number in zigzag form (sint32, sint64); exact to 2^53. */
  zigzag(): number {
    const value = this.varint();
    if (value > Number.MAX_SAFE_INTEGER) {
      const exact = this.#exactVarint();
      return Number((exact >> 1n) ^ -(exact & 1n));
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** The varint that was just read, exactly. */
  #exactVarint(): bigint {
    let start = this.at - 1;
    while (start > 0 && (this.bytes[start - 1] ?? 0) >= 0x80 && this.at - start < 10) start--;
    let value = 0n;
    for (let at = start; at < this.at; at++)
      value |= BigInt((this.bytes[at] ?? 0) & 0x7f) << BigInt(7 * (at - start));
    return BigInt.asUintN(64, value);
  }

  double(): number {
    return this.view.getFloat64(this.skip(8), true);
  }

  fixed64(): bigint {
    return this.view.getBigUint64(this.skip(8), true);
  }

  /** Moves over `size` bytes and returns where they start. */
  skip(size: number): number {
    const start = this.at;
    if (size > this.end - start) throw cutShort();
    this.at = start + size;
    return start;
  }

  /** The bytes of a field with a length; a view. */
  chunk(): Uint8Array {
    const size = this.varint();
    const start = this.skip(size);
    return this.bytes.subarray(start, start + size);
  }

  string(): string {
    const size = this.varint();
    const start = this.skip(size);
    return textOf(this.bytes, start, start + size);
  }

  /** Enters a message or packed field: reads go to its end. Give what this returns to `leave`. */
  enter(): number {
    const size = this.varint();
    if (size > this.end - this.at) throw cutShort();
    const outer = this.end;
    this.end = this.at + size;
    return outer;
  }

  leave(outer: number): void {
    this.at = this.end;
    this.end = outer;
  }

  /** Numbers of a repeated field, packed or not, added to `into`. */
  numbers(tag: number, into: number[], read: () => number): void {
    if ((tag & 7) !== 2) {
      into.push(read());
      return;
    }
    const outer = this.enter();
    while (this.more) into.push(read());
    this.leave(outer);
  }

  skipField(tag: number): void {
    switch (tag & 7) {
      case 0:
        this.varint();
        return;
      case 1:
        this.skip(8);
        return;
      case 2:
        this.skip(this.varint());
        return;
      case 5:
        this.skip(4);
        return;
      default:
        throw new TypeError(`wire type ${tag & 7} is not known`);
    }
  }
}

const cutShort = () => new TypeError("it is cut short");
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Throws a TypeError for bytes that are not UTF-8. */
export function textOf(bytes: Uint8Array, start = 0, end = bytes.length): string {
  try {
    return strict.decode(bytes.subarray(start, end));
  } catch (cause) {
    throw new TypeError("a text is not UTF-8", { cause });
  }
}
