import type { PlotLine } from "./plot-options.ts";
import { paletteSize } from "./plot-options.ts";
import { reduced, reductions } from "./reduce.ts";
import { useMetricTexts } from "./texts.ts";
import type { Unit } from "./units.ts";

export interface LegendProps {
  lines: readonly PlotLine[];
  unit: Unit;
  hidden: ReadonlySet<string>;
  /** Shows or hides one; `alone`: all others are hidden, or shown again. */
  toggle(name: string, alone: boolean): void;
  as: "list" | "table";
}

const mostListed = 60;

/** Names, colours and newest values of lines. A click leaves one alone, with Ctrl or Shift it takes one away. */
export function Legend(props: LegendProps) {
  const texts = useMetricTexts();
  const shown = props.lines.slice(0, mostListed);
  const rest = props.lines.length - shown.length;
  return (
    <>
      {props.as === "table" ? (
        <LegendTable {...props} lines={shown} />
      ) : (
        <LegendList {...props} lines={shown} />
      )}
      {rest > 0 && <p class="muted">{texts.more(rest)}</p>}
    </>
  );
}

function Name({ line, hidden, toggle }: { line: PlotLine } & Pick<LegendProps, "hidden" | "toggle">) {
  return (
    <button
      type="button"
      class="legend-name"
      aria-pressed={!hidden.has(line.name)}
      title={line.name}
      onClick={(event) => toggle(line.name, !(event.ctrlKey || event.metaKey || event.shiftKey))}
    >
      <i class={`swatch series-${line.color % paletteSize}`} />
      <span>{line.name}</span>
    </button>
  );
}

function LegendList({ lines, unit, ...rest }: LegendProps) {
  return (
    <ul class="legend plot-legend">
      {lines.map((line) => {
        const last = reduced(line.values, "last");
        return (
          <li key={line.name} class={rest.hidden.has(line.name) ? "off" : undefined}>
            <Name line={line} {...rest} /> <b>{last === undefined ? "–" : (line.unit ?? unit).show(last)}</b>
          </li>
        );
      })}
    </ul>
  );
}

function LegendTable({ lines, unit, ...rest }: LegendProps) {
  const texts = useMetricTexts();
  return (
    <div class="table-frame legend-table">
      <table>
        <thead>
          <tr>
            <th>{texts.series}</th>
            {reductions.map((column) => (
              <th key={column} class="number">
                {texts.reductions[column]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.name} class={rest.hidden.has(line.name) ? "off" : undefined}>
              <td>
                <Name line={line} {...rest} />
              </td>
              {reductions.map((column) => {
                const value = reduced(line.values, column);
                return (
                  <td key={column} class="number">
                    {value === undefined ? "–" : (line.unit ?? unit).show(value)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
