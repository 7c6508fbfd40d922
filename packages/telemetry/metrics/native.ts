import type { Sink } from "@havn/clickhouse";

/**
 * ClickHouse's format Native as it comes, for columns that have eight bytes a row: each block is told as columns, which
 * nobody else holds. A block is its number of columns and rows (LEB128), then for each column its name, its type and its
 * values one after the other. Throws a TypeError for anything else. The first `passing` columns count only until `tell`
 * returns: their memory is used again.
 */
export function readNative(
  width: number,
  tell: (columns: readonly Float64Array[]) => void,
  passing = 0,
): Sink<void> {
  let head: Buffer = Buffer.alloc(0);
  let columns: Float64Array[] = [];
  let before: readonly Float64Array[] = [];
  let rows = -1;
  /** What of the current column is still to come, as bytes. */
  let room: Uint8Array | undefined;

  /** Takes what stands before values; false where it has not come whole. */
  function readHead(): boolean {
    const reader = { bytes: head, at: 0 };
    if (rows < 0) {
      const found = readVarint(reader);
      const count = readVarint(reader);
      if (found === undefined || count === undefined) return false;
      if (found !== width) throw new TypeError(`a block of ${found} columns instead of ${width}`);
      rows = count;
      before = columns.slice(0, passing);
      columns = [];
      head = head.subarray(reader.at);
      return true;
    }
    for (let texts = 0; texts < 2; texts++) {
      const size = readVarint(reader);
      if (size === undefined || reader.at + size > head.length) return false;
      reader.at += size;
    }
    head = head.subarray(reader.at);
    const known = before[columns.length];
    const column = known?.length === rows ? known : new Float64Array(rows);
    columns.push(column);
    room = new Uint8Array(column.buffer);
    return true;
  }

  function endColumn(): void {
    room = undefined;
    if (columns.length < width) return;
    if (rows > 0) tell(columns);
    rows = -1;
  }

  return {
    push(bytes) {
      head = head.length === 0 ? bytes : Buffer.concat([head, bytes]);
      for (;;) {
        if (room) {
          const part = head.subarray(0, room.length);
          room.set(part);
          room = room.subarray(part.length);
          head = head.subarray(part.length);
          if (room.length > 0) return;
          endColumn();
        } else if (head.length === 0 || !readHead()) return;
      }
    },
    end() {
      if (room || rows >= 0 || head.length > 0) throw new TypeError("a block is cut short");
    },
  };
}

function readVarint(reader: { bytes: Buffer; at: number }): number | undefined {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = reader.bytes[reader.at];
    if (byte === undefined) return undefined;
    reader.at++;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
}
