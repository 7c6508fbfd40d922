const newline = 10;

/**
 * Lines of a stream, and bytes between them: `line` gives the next without its end, undefined at the end of the stream;
 * `take` exactly so many bytes, undefined where the stream ends before.
 */
export function readRecords(stream: AsyncIterable<Uint8Array>) {
  const incoming = stream[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);

  /** Pieces are joined once, however many there are. */
  async function collect(endOf: (piece: Uint8Array, before: number) => number | undefined) {
    const pieces: Uint8Array[] = [];
    let length = 0;
    let piece = rest;
    for (;;) {
      const end = endOf(piece, length);
      if (end !== undefined) {
        pieces.push(piece.subarray(0, end));
        rest = piece.subarray(end);
        return Buffer.concat(pieces);
      }
      pieces.push(piece);
      length += piece.length;
      const next = await incoming.next();
      if (next.done) return undefined;
      piece = next.value;
    }
  }

  return {
    async line(): Promise<string | undefined> {
      const bytes = await collect((piece) => {
        const at = piece.indexOf(newline);
        return at < 0 ? undefined : at + 1;
      });
      return bytes?.toString("utf8", 0, bytes.length - 1);
    },
    take: (length: number): Promise<Uint8Array | undefined> =>
      collect((piece, before) => (before + piece.length >= length ? length - before : undefined)),
    /** Whoever sends it may stop. */
    close: async () => void (await incoming.return?.()),
  };
}
