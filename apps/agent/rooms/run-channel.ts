import type { RunStream } from "@havn/fleet/protocol";

/** What goes between a run on this host and the control plane besides its start and end. */
export interface RunChannel {
  open(run: string, stream: RunStream): RunWriter;
  /** The run's input from `offset`, in pieces of at most 1 MiB. */
  input(run: string, offset?: number): AsyncGenerator<Uint8Array>;
  /** One piece of it. */
  read(run: string, offset: number): Promise<{ size: number; bytes: Uint8Array }>;
}

export interface RunWriter {
  /** Resolves when more may come: at once while little is under way. Throws once a piece was not taken. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves when all was taken. */
  end(): Promise<void>;
}

/**
 * Under way at once, in pieces and in bytes: enough that a long way does not slow a stream down (8 MiB in 50 ms are 160 MiB
 * a second), few enough to hold. Each piece is held twice: as it was read, and as its frame.
 */
const window = { pieces: 16, bytes: 8 << 20 };

export function createRunChannel(link: {
  output(run: string, stream: RunStream, bytes: Uint8Array): Promise<void>;
  input(run: string, offset: number): Promise<{ size: number; bytes: Uint8Array }>;
}): RunChannel {
  return {
    open(run, stream) {
      const underWay = new Set<Promise<void>>();
      let bytesUnderWay = 0;
      let failure: unknown;
      return {
        async write(bytes) {
          if (failure !== undefined) throw failure;
          const { length } = bytes;
          const sent = link
            .output(run, stream, bytes)
            .catch((error: unknown) => {
              failure ??= error;
            })
            .finally(() => {
              underWay.delete(sent);
              bytesUnderWay -= length;
            });
          underWay.add(sent);
          bytesUnderWay += length;
          while (underWay.size >= window.pieces || bytesUnderWay >= window.bytes)
            await Promise.race(underWay);
        },
        async end() {
          await Promise.all(underWay);
          if (failure !== undefined) throw failure;
        },
      };
    },
    async *input(run, offset = 0) {
      for (let at = offset; ; ) {
        const { size, bytes } = await link.input(run, at);
        if (bytes.length === 0) return;
        yield bytes;
        at += bytes.length;
        if (at >= size) return;
      }
    },
    read: link.input,
  };
}
