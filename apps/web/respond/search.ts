import { navigate } from "../kit/router.ts";

/** Changes what is asked for in the address, in place: a link then shows the same to somebody else. */
export function setSearch(query: URLSearchParams, change: Record<string, string | undefined>): void {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(change))
    if (value) next.set(name, value);
    else next.delete(name);
  const search = next.toString();
  navigate(location.pathname + (search ? `?${search}` : ""), { replace: true });
}
