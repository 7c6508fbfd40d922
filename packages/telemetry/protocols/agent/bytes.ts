/** Writes numbers, varints (LEB128, as in RowBinary) and strings into a growing buffer. */
export class ByteWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(size = 4096) {
    this.#bytes = Buffer.allocUnsafe(size);
  }

  get length(): number {
    return this.#length;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  varint(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  uint16(value: number): void {
    this.#reserve(2);
    this.#length = this.#bytes.writeUInt16LE(value, this.#length);
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#length = this.#bytes.writeUInt32LE(value, this.#length);
  }

  uint64(value: bigint): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeBigUInt64LE(value, this.#length);
  }

  float64(value: number): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  int32(value: number): void {
    this.#reserve(4);
    this.#length = this.#bytes.writeInt32LE(value, this.#length);
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  string(text: string): void {
    const size = Buffer.byteLength(text);
    this.varint(size);
    this.#reserve(size);
    this.#bytes.write(text, this.#length, "utf8");
    this.#length += size;
  }

  /** The bytes written so far; valid until the next write. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(size: number): void {
    if (this.#length + size <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + size));
    larger.set(this.view());
    this.#bytes = larger;
  }
}

/** Reads what ByteWriter wrote; throws a TypeError where bytes are missing. */
export class ByteReader {
  readonly bytes: Buffer;
  position: number;

  constructor(bytes: Uint8Array, position = 0) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = position;
  }

  get done(): boolean {
    return this.position === this.bytes.length;
  }

  byte(): number {
    return this.bytes[this.skip(1)] ?? 0;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 7; count++) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw new TypeError("a number is too large");
  }

  /** A count of things that take at least `size` bytes each: never more than the bytes that are left. */
  count(size: number): number {
    const count = this.varint();
    if (count * size > this.bytes.length - this.position) throw new TypeError("it is cut short");
    return count;
  }

  uint64(): bigint {
    return this.bytes.readBigUInt64LE(this.skip(8));
  }

  string(): string {
    const size = this.varint();
    const start = this.skip(size);
    return this.bytes.toString("utf8", start, start + size);
  }

  skipString(): void {
    this.skip(this.varint());
  }

  /** Float64 columns, copied so that they are aligned. */
  float64s(count: number): Float64Array {
    const start = this.bytes.byteOffset + this.skip(count * 8);
    return new Float64Array(this.bytes.buffer.slice(start, start + count * 8) as ArrayBuffer);
  }

  uint32s(count: number): Uint32Array {
    const start = this.bytes.byteOffset + this.skip(count * 4);
    return new Uint32Array(this.bytes.buffer.slice(start, start + count * 4) as ArrayBuffer);
  }

  /** Moves on by `size` bytes and returns where they start. */
  skip(size: number): number {
    const start = this.position;
    if (start + size > this.bytes.length) throw new TypeError("it is cut short");
    this.position = start + size;
    return start;
  }
}
