import { HavnError } from "@havn/model";
import type { Globals } from "../kit/command.ts";
import { awaitServer, readCliToken } from "../server/control.ts";
import { type Api, createApi } from "./client.ts";

/** The API of the Havn that the command is about: HAVN_URL's, or the one that runs on the data directory. */
export async function connect({ remote, dataDirectory }: Globals, signal: AbortSignal): Promise<Api> {
  if (remote) {
    if (remote.token === undefined)
      throw new HavnError(`HAVN_URL names ${remote.url}, and HAVN_TOKEN is not set`, {
        status: 401,
        detail: "Make a token there with `havn token create --role viewer`, and set HAVN_TOKEN to it.",
      });
    return createApi({ url: remote.url, token: remote.token, whenAway: "Is the address in HAVN_URL right?" });
  }
  const server = await awaitServer(dataDirectory, signal);
  if (!server)
    throw new HavnError(`Havn is not running on ${dataDirectory}`, {
      status: 503,
      detail:
        "Start it with `havn up` (or `havn server start`), name its data directory with --data DIR, or reach one " +
        "elsewhere with HAVN_URL and HAVN_TOKEN.",
    });
  return createApi({
    url: `http://127.0.0.1:${server.port}`,
    token: readCliToken(dataDirectory),
    whenAway: "It was started and may be restarting: see `havn server status`.",
  });
}
