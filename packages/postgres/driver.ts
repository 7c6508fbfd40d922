import { registerHooks } from "node:module";

/**
 * What the client gets wrong when a connection falls while something is about to be written: it writes to a socket that
 * is gone, from a callback where nobody can catch it, and the whole process ends (its issues 1066, 1154 and 1208, open
 * in 3.4.9); and what was about to be written then stays in front of the next connection's first words. Both are mended
 * in the text of its module as it is loaded: what was not sent fails with CONNECTION_CLOSED, as all else in flight does.
 */
const mends = [
  {
    wrong: "    const x = socket.write(chunk, fn)\n",
    right:
      "    if (socket === null) {\n" +
      "      chunk = nextWriteTimer = null\n" +
      "      error(Errors.connection('CONNECTION_CLOSED', options, socket))\n" +
      "      return false\n" +
      "    }\n" +
      "    const x = socket.write(chunk, fn)\n",
  },
  {
    wrong: "    incomings = null\n    clearImmediate(nextWriteTimer)\n",
    right: "    incomings = null\n    clearImmediate(nextWriteTimer)\n    chunk = nextWriteTimer = null\n",
  },
];

function mend(source: string): string {
  return mends.reduce((text, { wrong, right }) => {
    const parts = text.split(wrong);
    if (parts.length !== 2)
      throw new Error("the PostgreSQL client has changed: see packages/postgres/driver.ts");
    return parts.join(right);
  }, source);
}

const hooks = registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith("/postgres/src/connection.js") || !loaded.source) return loaded;
    const source =
      typeof loaded.source === "string" ? loaded.source : new TextDecoder().decode(loaded.source);
    return { ...loaded, source: mend(source) };
  },
});
const { default: postgres } = await import("postgres");
hooks.deregister();

export default postgres;
