/**
 * A column of numbers in few bytes, lossless to the bit: what samples are is mostly whole numbers or decimals of a few
 * digits that lie close together. Those are kept as distances from the least of them, which are read as fast as they
 * stand; whatever else comes stays as it is.
 */
export interface Packing {
  kind: Kind;
  /** The least number, times `scale`; the number itself where all are the same. */
  base: number;
  scale: number;
}

export const kinds = { same: 0, bytes: 1, shorts: 2, words: 3, doubles: 4, withNaN: 5 } as const;
export type Kind = (typeof kinds)[keyof typeof kinds];

/** Of 10^n the quotient by a whole number is the very decimal that was written. */
const scales = [1, 10, 100, 1000];

const widths: Record<Kind, number> = { 0: 0, 1: 1, 2: 2, 3: 4, 4: 8, 5: 8 };

/** Bytes that so many numbers take, in whole eights. */
export const sizeOf = (kind: Kind, count: number): number => Math.ceil((count * widths[kind]) / 8) * 8;

/** Values `from` ≤ i < `to` of a column: views of all of them would be objects by the million. */
export interface Part {
  from: number;
  to: number;
}

/** How the values are kept; NaN is never packed, since some of its bits mean something. */
export function packingOf(values: Float64Array, part: Part): Packing {
  const first = part.from < part.to ? (values[part.from] ?? 0) : 0;
  if (areSame(values, part)) return { kind: kinds.same, base: first, scale: 1 };
  for (const scale of scales) {
    const found = distances(values, scale, part);
    if (found) return { ...found, scale };
  }
  return { kind: hasNaN(values, part) ? kinds.withNaN : kinds.doubles, base: 0, scale: 1 };
}

function areSame(values: Float64Array, { from, to }: Part): boolean {
  const first = values[from];
  if (from < to && Number.isNaN(first)) return false;
  for (let i = from + 1; i < to; i++) if (!Object.is(values[i], first)) return false;
  return true;
}

function hasNaN(values: Float64Array, { from, to }: Part): boolean {
  for (let i = from; i < to; i++) if (Number.isNaN(values[i])) return true;
  return false;
}

function distances(
  values: Float64Array,
  scale: number,
  { from, to }: Part,
): Pick<Packing, "kind" | "base"> | undefined {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = from; i < to; i++) {
    const value = values[i] ?? 0;
    const whole = Math.round(value * scale);
    if (whole / scale !== value || (value === 0 && Object.is(value, -0))) return undefined;
    if (whole < least) least = whole;
    if (whole > greatest) greatest = whole;
  }
  if (!(Math.abs(least) < 2 ** 52 && Math.abs(greatest) < 2 ** 52)) return undefined;
  const span = greatest - least;
  const kind = span < 2 ** 8 ? kinds.bytes : span < 2 ** 16 ? kinds.shorts : kinds.words;
  return span < 2 ** 32 ? { kind, base: least } : undefined;
}

/** Views of one stretch of memory. */
export class Page {
  readonly doubles: Float64Array;
  readonly words: Uint32Array;
  readonly shorts: Uint16Array;
  readonly bytes: Uint8Array;
  used = 0;

  constructor(size: number) {
    const memory = new ArrayBuffer(size);
    this.doubles = new Float64Array(memory);
    this.words = new Uint32Array(memory);
    this.shorts = new Uint16Array(memory);
    this.bytes = new Uint8Array(memory);
  }
}

/** Puts values into a page, `at` bytes from its begin, which is a multiple of eight. */
export function pack(
  values: Float64Array,
  { kind, base, scale }: Packing,
  { page, at, from, to }: Part & { page: Page; at: number },
): void {
  if (kind === kinds.same) return;
  if (kind === kinds.doubles || kind === kinds.withNaN) {
    // As bytes: as numbers, staleness markers could lose what tells them from other NaNs.
    page.bytes.set(new Uint8Array(values.buffer, values.byteOffset + from * 8, (to - from) * 8), at);
    return;
  }
  const shift = at / widths[kind] - from;
  // Three loops that look alike, each over one kind of array: that is what makes them fast.
  if (kind === kinds.bytes)
    for (let i = from; i < to; i++) page.bytes[i + shift] = Math.round((values[i] ?? 0) * scale) - base;
  else if (kind === kinds.shorts)
    for (let i = from; i < to; i++) page.shorts[i + shift] = Math.round((values[i] ?? 0) * scale) - base;
  else for (let i = from; i < to; i++) page.words[i + shift] = Math.round((values[i] ?? 0) * scale) - base;
}

/** Where packed values are, and which of them are wanted. */
export interface Packed extends Packing, Part {
  page: Page;
  /** In bytes. */
  at: number;
}

/** Reads values into `into` from `place` on. */
export function unpack(packed: Packed, into: Float64Array, place: number): void {
  const { kind, base, scale, page, at, from, to } = packed;
  const shift = place - from;
  switch (kind) {
    case kinds.same:
      into.fill(base, place, place + to - from);
      return;
    case kinds.doubles:
    case kinds.withNaN: {
      const bytes = page.bytes.subarray(at + from * 8, at + to * 8);
      new Uint8Array(into.buffer, into.byteOffset + place * 8, bytes.length).set(bytes);
      return;
    }
    // Three loops that look alike, each over one kind of array: that is what makes them fast.
    case kinds.bytes:
      for (let i = from; i < to; i++) into[i + shift] = base + (page.bytes[at + i] ?? 0);
      break;
    case kinds.shorts: {
      const start = at / 2;
      for (let i = from; i < to; i++) into[i + shift] = base + (page.shorts[start + i] ?? 0);
      break;
    }
    case kinds.words: {
      const start = at / 4;
      for (let i = from; i < to; i++) into[i + shift] = base + (page.words[start + i] ?? 0);
    }
  }
  if (scale !== 1) for (let i = place; i < to + shift; i++) into[i] = (into[i] ?? 0) / scale;
}
