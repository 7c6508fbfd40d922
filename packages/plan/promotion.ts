import type { Address } from "@havn/model";
import type { ResourceDifference } from "./compare.ts";

/** One environment of two: what runs, what is declared, and where its hosts are not as they were applied. */
export interface PromotedEnvironment {
  name: string;
  /** From what was applied last to what is declared: what an apply of it would change. */
  pending: readonly ResourceDifference[];
  drift: readonly { address: Address; properties: string[] }[];
}

export interface PromotionChange {
  /** `type/name`. */
  resource: string;
  action: "create" | "update" | "delete";
  /** Paths of the properties that change; none where it is made or goes. */
  properties: string[];
}

export type PromotionStep =
  | { kind: "mend"; environment: string; address: Address; properties: string[] }
  | { kind: "apply"; environment: string; changes: PromotionChange[] };

export interface Promotion {
  steps: PromotionStep[];
  /** What is declared differently on purpose: no apply makes it the same. */
  stays: PromotionChange[];
}

/**
 * What brings `to` to where `from` is, in order: first `from` itself must run what is declared, or what was tried there
 * is not what is promoted; then `to` is mended and applied. `declared` has the differences from `from` to `to`.
 */
export function planPromotion(
  from: PromotedEnvironment,
  to: PromotedEnvironment,
  declared: readonly ResourceDifference[],
): Promotion {
  const stepsOf = ({ name: environment, pending, drift }: PromotedEnvironment): PromotionStep[] => [
    ...drift.map((one): PromotionStep => ({ kind: "mend", environment, ...one })),
    ...(pending.length > 0
      ? [{ kind: "apply", environment, changes: pending.map(changeOf) } satisfies PromotionStep]
      : []),
  ];
  return { steps: [...stepsOf(from), ...stepsOf(to)], stays: declared.map(changeOf) };
}

const actions = { "only-before": "delete", "only-after": "create", differs: "update" } as const;

const changeOf = ({ resource, kind, changes }: ResourceDifference): PromotionChange => ({
  resource,
  action: actions[kind],
  properties: kind === "differs" ? changes.map(({ property }) => property) : [],
});
