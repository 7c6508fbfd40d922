import { isDeepStrictEqual } from "node:util";
import type { DashboardProperties, DashboardState } from "@havn/model";

/** What is kept of one dashboard. `base`: what was declared when the edit of a declared one began. */
export interface Sides {
  declared: DashboardProperties | null;
  edited: DashboardProperties | null;
  base: DashboardProperties | null;
}

const nothing: Sides = { declared: null, edited: null, base: null };

export function stateOf({ declared, edited, base }: Sides): DashboardState {
  if (declared === null) return "own";
  if (edited === null) return "declared";
  return same(base, declared) ? "edited" : "conflict";
}

/** What is shown: the edit where there is one. */
export const shownOf = ({ declared, edited }: Sides): DashboardProperties | null => edited ?? declared;

/** The configuration says `content`. An edit stays, unless it is what is declared now: then it was taken over. */
export function declared(before: Sides | undefined, content: DashboardProperties): Sides {
  const { edited, base } = before ?? nothing;
  if (edited === null || same(edited, content)) return { declared: content, edited: null, base: null };
  return { declared: content, edited, base };
}

/** The configuration declares it no longer. What was edited in the page lives on; undefined: nothing is left. */
export function undeclared({ edited }: Sides): Sides | undefined {
  return edited === null ? undefined : { declared: null, edited, base: null };
}

/** The page says `content`. `settled`: whoever edits has seen what the configuration says, and keeps this beside it. */
export function edited(before: Sides | undefined, content: DashboardProperties, settled = false): Sides {
  if (!before || before.declared === null) return { declared: null, edited: content, base: null };
  if (same(before.declared, content)) return { declared: before.declared, edited: null, base: null };
  const base = before.edited === null || settled ? before.declared : before.base;
  return { declared: before.declared, edited: content, base };
}

/** What was edited goes; undefined: nothing is left. */
export function discarded({ declared }: Sides): Sides | undefined {
  return declared === null ? undefined : { declared, edited: null, base: null };
}

export const same = (left: unknown, right: unknown): boolean => isDeepStrictEqual(plain(left), plain(right));

/** As it comes back from the database: without keys that are undefined. */
const plain = (value: unknown): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value));
