export const hourMs = 3_600_000;
export const dayMs = 86_400_000;

/** What outlives samples: how long a bucket is, and where they are kept. */
export const tiers = {
  "5m": { table: "rollups_5m", resolutionMs: 300_000 },
  "1h": { table: "rollups_1h", resolutionMs: hourMs },
} as const;
export type TierName = keyof typeof tiers;
export const tierNames = ["5m", "1h"] as const;

/** The end of the hour that a time counts to: an hour holds its end and not its start. */
export const hourOf = (milliseconds: number): number => Math.ceil(milliseconds / hourMs) * hourMs;

/** As ClickHouse reads a DateTime. */
export const seconds = (milliseconds: number): string =>
  `toDateTime(${Math.max(0, Math.floor(milliseconds / 1000))}, 'UTC')`;
