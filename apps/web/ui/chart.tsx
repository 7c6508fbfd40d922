import { useApplication } from "../kit/context.ts";

const windows = [15 * 60, 3600, 6 * 3600, 24 * 3600];

/** Which stretch of time charts show. */
export function WindowPicker({ value, onChange }: { value: number; onChange(seconds: number): void }) {
  const { chart } = useApplication().messages;
  return (
    <fieldset class="segments" aria-label={chart.window}>
      {windows.map((seconds) => (
        <button
          type="button"
          key={seconds}
          aria-pressed={value === seconds}
          onClick={() => onChange(seconds)}
        >
          {seconds < 3600 ? chart.minutes(seconds / 60) : chart.hours(seconds / 3600)}
        </button>
      ))}
    </fieldset>
  );
}
