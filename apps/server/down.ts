import { defineRoute, type Route } from "@havn/http";
import { z } from "zod";

/** `havn down`: the route stops what runs on this computer; the command line then stops the server itself. */
export function downRoute(standDown: (tell: (detail: string) => void) => Promise<void>): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/server/down",
    summary:
      "Stops the machines and agents of this computer, keeping all data; the next start takes them up again",
    access: { action: "server:down" },
    body: z.strictObject({}),
    response: z.object({ stopped: z.array(z.string()) }),
    handle: async () => {
      const stopped: string[] = [];
      await standDown((detail) => stopped.push(detail));
      return { stopped };
    },
  });
}
