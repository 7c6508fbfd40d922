/**
 * A bound or quantile as OpenMetrics writes it, which Prometheus makes of all of them: `1.0`, `0.25`, `1e+06`, `+Inf`. Go
 * goes over to exponents at a million, JavaScript much later.
 */
export function floatText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  const [digits = "0", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power < -4 || power >= 6)
    return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  const text = String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
