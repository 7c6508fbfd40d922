import type { FunctionComponent } from "preact";
import type { Messages } from "../i18n/index.ts";
import type { IconName } from "../ui/icon.tsx";
import type { Api } from "./api.ts";
import type { Hearing } from "./live.ts";

/** `"/environments/:environment"` → `{ environment: string }`. */
export type PathParams<P extends string> = P extends `${string}:${infer Name}/${infer Rest}`
  ? { [K in Name]: string } & PathParams<Rest>
  : P extends `${string}:${infer Name}`
    ? { [K in Name]: string }
    : Record<never, string>;

export interface LoadContext<P extends string> {
  api: Api;
  params: PathParams<P>;
  query: URLSearchParams;
  signal: AbortSignal;
}

export interface ViewProps<T, P extends string> {
  data: T;
  params: PathParams<P>;
  query: URLSearchParams;
  /** Loads again; what is shown stays until then. */
  reload(): void;
  /** Changes the loaded data in place. */
  update(change: (data: T) => T): void;
}

/** Headings of the side bar, in their order. */
export const navGroups = ["observe", "respond"] as const;
export type NavGroup = (typeof navGroups)[number];

export interface PageOptions<T, P extends string> {
  path: P;
  /** In the side bar, in this order; `key` is what follows `g` as a shortcut. Needs no parameter but the environment. */
  nav?: {
    label: keyof Messages["nav"];
    icon: IconName;
    order: number;
    key: string;
    /** Stands below this heading; first of all where left out. */
    group?: NavGroup;
    /** Addresses below this page's own, or beside it in its tabs, at which its entry is marked too. */
    covers?: string[];
  };
  title(messages: Messages, params: PathParams<P>): string;
  load(context: LoadContext<P>): Promise<T>;
  /** What changes the data while the page is open. */
  live?(params: PathParams<P>): Hearing<T>[];
  view: FunctionComponent<ViewProps<T, P>>;
}

/** A page as the router sees it, whatever its data. */
export interface Page<P extends string = string> {
  path: P;
  nav?: PageOptions<unknown, string>["nav"];
  title(messages: Messages, params: Record<string, string>): string;
  load(context: Omit<LoadContext<string>, "params"> & { params: Record<string, string> }): Promise<unknown>;
  live?(params: Record<string, string>): Hearing<unknown>[];
  view: FunctionComponent<ViewProps<unknown, string>>;
}

/** One page: a folder of pages/ whose index.tsx exports `page`. */
export function definePage<T, const P extends string>(options: PageOptions<T, P>): Page<P> {
  return options as unknown as Page<P>;
}

/** The parameters of `path` in `pathname`, or undefined where they do not fit. */
export function matchPath(path: string, pathname: string): Record<string, string> | undefined {
  const pattern = path.split("/");
  const parts = pathname.replace(/(.)\/$/, "$1").split("/");
  if (pattern.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, piece] of pattern.entries()) {
    const part = parts[index] ?? "";
    if (piece.startsWith(":")) params[piece.slice(1)] = decode(part);
    else if (piece !== part) return undefined;
  }
  return params;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
