/** Chance from 0 up to, without, 1. */
export type Chance = () => number;

const interesting = [0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x20, 0x22, 0x5c, 0x7b];
const mostBytes = 4_096;

/** One to four changes: bytes, pieces, words of the dictionary, pieces of another input. */
export function mutate(
  input: Uint8Array,
  other: Uint8Array,
  { chance, words }: { chance: Chance; words: readonly Uint8Array[] },
): Uint8Array {
  let bytes = input;
  for (let left = 1 + Math.floor(chance() * 4); left > 0; left--)
    bytes = change(bytes, other, { chance, words });
  return bytes.subarray(0, mostBytes);
}

function change(
  bytes: Uint8Array,
  other: Uint8Array,
  { chance, words }: { chance: Chance; words: readonly Uint8Array[] },
): Uint8Array {
  const below = (limit: number) => Math.floor(chance() * limit);
  const at = below(bytes.length + 1);
  const until = Math.min(bytes.length, at + 1 + below(chance() < 0.7 ? 4 : 64));
  const word = words[below(words.length)] ?? new Uint8Array();
  const from = below(other.length + 1);
  const piece = other.subarray(from, from + 1 + below(32));
  const put = (start: number, end: number, ...pieces: ArrayLike<number>[]) =>
    join(bytes.subarray(0, start), ...pieces, bytes.subarray(end));
  switch (below(10)) {
    case 0:
      return put(at, Math.min(bytes.length, at + 1), [(bytes[at] ?? 0) ^ (1 << below(8))]);
    case 1:
      return put(at, Math.min(bytes.length, at + 1), [interesting[below(interesting.length)] ?? below(256)]);
    case 2:
      return put(at, at, [below(256)]);
    case 3:
      return put(at, until);
    case 4:
      return put(at, at, bytes.subarray(at, until));
    case 5:
      return put(at, at, word);
    case 6:
      return put(at, until, word);
    case 7:
      return put(at, until, piece);
    case 8:
      return put(at, at, piece);
    default:
      return bytes.subarray(0, at);
  }
}

function join(...pieces: ArrayLike<number>[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
