import { isPublic, type Route } from "./route.ts";
import type { HttpServer } from "./server.ts";

/**
 * Walks every door of the server: each route declares an action or the reason why it is public, each guarded one
 * refuses an anonymous caller, each live topic declares an action, and nothing answers that the kit does not know.
 * Throws an error that names all that do not.
 */
export async function assertEveryRouteGuarded(server: HttpServer): Promise<void> {
  const faults: string[] = [];
  const known = new Set(server.routes.map(nameOf));
  for (const name of server.registered)
    if (!known.has(name)) faults.push(`${name} was added around the route kit`);
  for (const route of server.routes) {
    const fault = declarationFault(route) ?? (await anonymousFault(server, route));
    if (fault) faults.push(`${nameOf(route)} ${fault}`);
  }
  for (const [prefix, { action }] of server.liveTopics())
    if (!isAction(action)) faults.push(`live topic "${prefix}" declares no action`);
  if (faults.length > 0) throw new Error(`Not every route is guarded:\n  ${faults.join("\n  ")}`);
}

const nameOf = (route: Route) => `${route.method} ${route.path}`;
const isAction = (action: unknown) => typeof action === "string" && /^[a-z-]+:[a-z-]+$/.test(action);

/** What is wrong with how a route declares its access. The server does not start with such a route. */
export function declarationFault(route: Route): string | undefined {
  const access: Route["access"] | undefined = route.access;
  if (!access) return "declares no access";
  if (isPublic(access)) return access.public.length >= 10 ? undefined : "is public without a reason";
  return isAction(access.action) ? undefined : `declares "${access.action}", which is no noun:verb`;
}

async function anonymousFault(server: HttpServer, route: Route): Promise<string | undefined> {
  if (isPublic(route.access)) return undefined;
  const { statusCode } = await server.inject({
    method: route.method,
    url: route.path.replace(/:\w+/g, "x").replace("*", "x"),
  });
  return statusCode === 401 ? undefined : `answers an anonymous caller with ${statusCode}`;
}
