import { useMemo, useState } from "preact/hooks";
import { useFormats } from "../../kit/context.ts";
import { useMetricTexts } from "../../metrics/texts.ts";
import { mappedTo, toneOf } from "../looks.ts";
import { type Column, type TableRow, tableOf } from "../series.ts";
import { useDashboardTexts } from "../texts.ts";
import type { PanelViewProps } from "./view.tsx";

const mostRows = 300;

/** The newest values, a column a label and query; a click on a heading sorts. */
export function Table({ panel, asked }: PanelViewProps) {
  const formats = useFormats();
  const texts = useDashboardTexts();
  const metrics = useMetricTexts();
  const [sorting, setSorting] = useState<{ key: string; down: boolean }>();
  const { columns, rows } = useMemo(() => tableOf(panel, asked, formats), [panel, asked, formats]);
  const sorted = useMemo(() => {
    if (!sorting) return rows;
    const sign = sorting.down ? -1 : 1;
    return rows.toSorted((a, b) => sign * compared(cell(a, sorting.key), cell(b, sorting.key)));
  }, [rows, sorting]);
  if (rows.length === 0) return <p class="panel-note">{texts.noData}</p>;
  return (
    <div class="table-frame panel-table">
      <table>
        <thead>
          <tr>
            {columns.map(({ key, title, number }) => {
              const own = sorting?.key === key ? sorting : undefined;
              return (
                <th
                  key={key}
                  class={number ? "number" : undefined}
                  aria-sort={own ? (own.down ? "descending" : "ascending") : "none"}
                >
                  <button type="button" onClick={() => setSorting({ key, down: own ? !own.down : number })}>
                    {title}
                    {own ? (own.down ? " ↓" : " ↑") : ""}
                  </button>
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, mostRows).map((row, at) => (
            <tr key={at}>
              {columns.map((column) => (
                <Cell key={column.key} {...{ column, row, panel }} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > mostRows && <p class="muted">{metrics.more(rows.length - mostRows)}</p>}
    </div>
  );
}

function Cell({ column, row, panel }: { column: Column; row: TableRow; panel: PanelViewProps["panel"] }) {
  const value = cell(row, column.key);
  if (typeof value !== "number") return <td>{value ?? ""}</td>;
  const mapped = mappedTo(panel.mappings, value);
  const tone = mapped.tone ?? toneOf(panel.thresholds, value);
  return (
    <td class={tone ? `number tone-${tone}` : "number"}>
      {mapped.text ?? column.unit?.show(value) ?? value}
    </td>
  );
}

const cell = ({ labels, values }: TableRow, key: string): string | number | undefined =>
  key.startsWith("#") ? values.get(Number(key.slice(1))) : labels[key];

function compared(a: string | number | undefined, b: string | number | undefined): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a ?? "").localeCompare(String(b ?? ""), undefined, { numeric: true });
}
