/** A number that a check found, with what Nagios' performance data tell beside it. */
export interface Measure {
  label: string;
  /** Undefined: it could not be determined ("U"). */
  value: number | undefined;
  /** As Nagios writes it: s, us, ms, %, B, KB …, c (a counter), or none. */
  unit: string;
  warning?: Range | undefined;
  critical?: Range | undefined;
  minimum?: number | undefined;
  maximum?: number | undefined;
}

/** A threshold: the alert is outside of start to end, or, with `inside`, within. Both ends belong to it. */
export interface Range {
  start: number;
  end: number;
  inside: boolean;
}

export const seconds = (label: string, milliseconds: number): Measure => ({
  label,
  value: milliseconds / 1000,
  unit: "s",
});
