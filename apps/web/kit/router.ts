import { useEffect, useState } from "preact/hooks";
import type { PagePath } from "../pages.gen.ts";
import type { PathParams } from "./page.ts";

/** The address of a page; its parameters are checked by the compiler. */
export function pathTo<P extends PagePath>(
  path: P,
  params: PathParams<P>,
  query: Record<string, string | undefined> = {},
): string {
  const values = params as Record<string, string>;
  const pathname = path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(values[name] ?? ""));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) search.set(name, value);
  return search.size > 0 ? `${pathname}?${search}` : pathname;
}

const moved = new EventTarget();

export function navigate(to: string, options: { replace?: boolean } = {}): void {
  if (options.replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  moved.dispatchEvent(new Event("move"));
}

export interface Place {
  pathname: string;
  search: string;
}

const placeNow = (): Place => ({ pathname: location.pathname, search: location.search });

/** Where the page is; links inside it move without loading anew. */
export function usePlace(): Place {
  const [place, setPlace] = useState(placeNow);
  useEffect(() => {
    const onMove = () => setPlace(placeNow());
    moved.addEventListener("move", onMove);
    addEventListener("popstate", onMove);
    document.addEventListener("click", followLink);
    return () => {
      moved.removeEventListener("move", onMove);
      removeEventListener("popstate", onMove);
      document.removeEventListener("click", followLink);
    };
  }, []);
  return place;
}

function followLink(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest?.("a");
  if (!link?.href || link.target || link.hasAttribute("download")) return;
  const url = new URL(link.href);
  if (url.origin !== location.origin || (url.hash && url.pathname === location.pathname)) return;
  if (/^\/(api|assets|prometheus)\//.test(url.pathname)) return;
  event.preventDefault();
  navigate(url.pathname + url.search);
}
