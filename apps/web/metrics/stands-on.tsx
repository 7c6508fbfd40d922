import type { TierUse } from "./answer.ts";
import { useMetricTexts } from "./texts.ts";

/** From which tier of the store answers came; nothing where they stand on no series at all. */
export function StandsOn({ tiers }: { tiers: readonly TierUse[] }) {
  const texts = useMetricTexts();
  if (tiers.length === 0) return null;
  const exact = tiers.every((tier) => tier.exact);
  const names = tiers.map(({ resolution }) => texts.tier(resolution));
  const about = exact ? texts.same : texts.gone;
  return (
    <span class={`stands-on${exact ? "" : " warn"}`} title={isRaw(tiers) ? undefined : about}>
      {texts.stands(names)}
      {!exact && <span class="visually-hidden"> {about}</span>}
    </span>
  );
}

/** Samples alone, as everybody expects. */
export const isRaw = (tiers: readonly TierUse[]): boolean =>
  tiers.every(({ resolution }) => resolution === "raw");
