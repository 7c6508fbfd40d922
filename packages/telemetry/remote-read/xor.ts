/**
 * Prometheus' chunk of numbers (encoding XOR, as in Facebook's Gorilla): the number of samples, then times as differences
 * of differences and values as what differs from the one before, bit by bit.
 * https://github.com/prometheus/prometheus/blob/main/tsdb/docs/format/chunks.md
 */
export class XorChunk {
  count = 0;
  minTime = 0;
  maxTime = 0;
  #bytes = Buffer.alloc(256);
  #size = 2;
  /** Bits that are free in the last byte. */
  #free = 0;
  #delta = 0;
  #value = 0n;
  #leading = -1;
  #trailing = 0;

  /** Times ascend. `value`: the bits of a float64. */
  add(time: number, value: bigint): void {
    if (this.count === 0) {
      this.minTime = time;
      this.#signedVarint(time);
      this.#bits(value, 64);
    } else {
      const delta = time - this.maxTime;
      if (this.count === 1) this.#varint(delta);
      else this.#difference(delta - this.#delta);
      this.#delta = delta;
      this.#xor(value);
    }
    this.#value = value;
    this.maxTime = time;
    this.count++;
  }

  encode(): Uint8Array {
    this.#bytes.writeUInt16BE(this.count, 0);
    return this.#bytes.subarray(0, this.#size);
  }

  #difference(change: number): void {
    if (change === 0) this.#bits(0n, 1);
    else if (fits(change, 14)) this.#prefixed(0b10n, 2, { change, bits: 14 });
    else if (fits(change, 17)) this.#prefixed(0b110n, 3, { change, bits: 17 });
    else if (fits(change, 20)) this.#prefixed(0b1110n, 4, { change, bits: 20 });
    else this.#prefixed(0b1111n, 4, { change, bits: 64 });
  }

  #prefixed(prefix: bigint, length: number, { change, bits }: { change: number; bits: number }): void {
    this.#bits(prefix, length);
    this.#bits(BigInt.asUintN(bits, BigInt(change)), bits);
  }

  #xor(value: bigint): void {
    const differs = value ^ this.#value;
    if (differs === 0n) {
      this.#bits(0n, 1);
      return;
    }
    this.#bits(1n, 1);
    const high = Number(differs >> 32n);
    const low = Number(differs & 0xffff_ffffn);
    const leading = Math.min(31, high === 0 ? 32 + Math.clz32(low) : Math.clz32(high));
    const trailing = low === 0 ? 32 + trailingZeros(high) : trailingZeros(low);
    if (this.#leading >= 0 && leading >= this.#leading && trailing >= this.#trailing) {
      this.#bits(0n, 1);
      this.#bits(differs >> BigInt(this.#trailing), 64 - this.#leading - this.#trailing);
      return;
    }
    this.#leading = leading;
    this.#trailing = trailing;
    const significant = 64 - leading - trailing;
    this.#bits(1n, 1);
    this.#bits(BigInt(leading), 5);
    // 64 does not fit into six bits; none at all would be no difference, so it stands for 64.
    this.#bits(BigInt(significant & 63), 6);
    this.#bits(differs >> BigInt(trailing), significant);
  }

  #varint(value: number): void {
    let rest = BigInt(value);
    while (rest > 0x7fn) {
      this.#bits((rest & 0x7fn) | 0x80n, 8);
      rest >>= 7n;
    }
    this.#bits(rest, 8);
  }

  #signedVarint(value: number): void {
    let rest = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
    while (rest > 0x7fn) {
      this.#bits((rest & 0x7fn) | 0x80n, 8);
      rest >>= 7n;
    }
    this.#bits(rest, 8);
  }

  /** The lowest `count` bits, the highest of them first. */
  #bits(value: bigint, count: number): void {
    for (let left = count; left > 0; ) {
      if (this.#free === 0) this.#grow();
      const take = Math.min(left, this.#free);
      const part = Number((value >> BigInt(left - take)) & ((1n << BigInt(take)) - 1n));
      this.#free -= take;
      const at = this.#size - 1;
      this.#bytes[at] = (this.#bytes[at] ?? 0) | (part << this.#free);
      left -= take;
    }
  }

  #grow(): void {
    if (this.#size === this.#bytes.length) {
      const larger = Buffer.alloc(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.#size++] = 0;
    this.#free = 8;
  }
}

const trailingZeros = (value: number) => 31 - Math.clz32(value & -value);

const fits = (value: number, bits: number) => value >= -(2 ** (bits - 1) - 1) && value <= 2 ** (bits - 1);
