import { ByteWriter } from "../protocols/agent/bytes.ts";

/** What a sender would write. Fields by number; nested messages as lists of fields. */
export type Field = readonly [
  number: number,
  type: "varint" | "sint" | "double" | "text" | "bytes",
  value: unknown,
];

export function message(...fields: readonly (Field | undefined)[]): Uint8Array {
  const writer = new ByteWriter(256);
  for (const field of fields) {
    if (!field) continue;
    const [number, type, value] = field;
    writer.varint(number * 8 + { varint: 0, sint: 0, double: 1, text: 2, bytes: 2 }[type]);
    if (type === "varint") writeInt64(writer, BigInt(value as number));
    else if (type === "sint") writeInt64(writer, zigzag(BigInt(value as number)));
    else if (type === "double") writer.float64(value as number);
    else if (type === "text") writer.string(value as string);
    else {
      writer.varint((value as Uint8Array).length);
      writer.raw(value as Uint8Array);
    }
  }
  return Uint8Array.from(writer.view());
}

const zigzag = (value: bigint) => (value << 1n) ^ (value >> 63n);

function writeInt64(writer: ByteWriter, value: bigint): void {
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) writer.byte(Number(rest & 0x7fn) | 0x80);
  writer.byte(Number(rest));
}

export const packed = (type: "varint" | "sint" | "double", values: readonly number[]): Uint8Array => {
  const writer = new ByteWriter(64);
  for (const value of values)
    if (type === "double") writer.float64(value);
    else writeInt64(writer, type === "sint" ? zigzag(BigInt(value)) : BigInt(value));
  return Uint8Array.from(writer.view());
};

export type Labels = Readonly<Record<string, string>>;

const labelsV1 = (labels: Labels): Field[] =>
  Object.entries(labels).map(([name, value]) => [1, "bytes", message([1, "text", name], [2, "text", value])]);

const samples = (values: readonly (readonly [time: number, value: number])[]): Field[] =>
  values.map(([time, value]) => [2, "bytes", message([1, "double", value], [2, "varint", time])]);

/** A series of remote write 1.0, as a field of the request. */
export function seriesV1(
  labels: Labels,
  values: readonly (readonly [time: number, value: number])[],
  ...more: Field[]
): Field {
  return [1, "bytes", message(...labelsV1(labels), ...samples(values), ...more)];
}

/** A request of remote write 2.0. */
export function requestV2(
  series: readonly {
    labels: Labels;
    values?: readonly (readonly [time: number, value: number])[];
    more?: (symbol: (text: string) => number) => Field[];
  }[],
): Uint8Array {
  const symbols = new Map([["", 0]]);
  const symbol = (text: string) => {
    const known = symbols.get(text) ?? symbols.size;
    symbols.set(text, known);
    return known;
  };
  const fields = series.map(({ labels, values = [], more }): Field => {
    const refs = Object.entries(labels).flat().map(symbol);
    const rest = more?.(symbol) ?? [];
    return [5, "bytes", message([1, "bytes", packed("varint", refs)], ...samples(values), ...rest)];
  });
  return message(...[...symbols.keys()].map((text): Field => [4, "text", text]), ...fields);
}
