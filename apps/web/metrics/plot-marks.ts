import type uPlot from "uplot";
import { colorsOf, type ExemplarPoint, type Mark } from "./plot-options.ts";

/** Draws what happened, and exemplars over the lines. Sizes are in device pixels there. */
export function drawMarks(
  root: HTMLElement,
  over: () => { marks: readonly Mark[]; exemplars: readonly ExemplarPoint[] },
): (plot: uPlot) => void {
  return (plot) => {
    const color = colorsOf(root);
    const { ctx, bbox } = plot;
    const { marks, exemplars } = over();
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.lineWidth = devicePixelRatio;
    for (const { at, tone } of marks) {
      ctx.strokeStyle = ctx.fillStyle = color(tone === "info" ? "accent" : tone);
      ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
      const x = plot.valToPos(at, "x", true);
      line(ctx, [x, bbox.top], [x, bbox.top + bbox.height]);
      const size = 4 * devicePixelRatio;
      polygon(ctx, [
        [x - size, bbox.top],
        [x + size, bbox.top],
        [x, bbox.top + size * 1.6],
      ]);
    }
    ctx.fillStyle = color("warn");
    for (const { at, value } of exemplars) {
      const [x, y] = [plot.valToPos(at, "x", true), plot.valToPos(value, "y", true)];
      const size = 3.5 * devicePixelRatio;
      polygon(ctx, [
        [x, y - size],
        [x + size, y],
        [x, y + size],
        [x - size, y],
      ]);
    }
    ctx.restore();
  };
}

type Point = [number, number];

function line(ctx: CanvasRenderingContext2D, from: Point, to: Point): void {
  ctx.beginPath();
  ctx.moveTo(...from);
  ctx.lineTo(...to);
  ctx.stroke();
}

function polygon(ctx: CanvasRenderingContext2D, points: readonly Point[]): void {
  ctx.beginPath();
  for (const point of points) ctx.lineTo(...point);
  ctx.closePath();
  ctx.fill();
}

export interface TooltipLine {
  text: string;
  value?: string;
  /** Of the palette. */
  color?: number;
  strong?: boolean;
}

/** A box beside the pointer. Text only ever goes in as text. */
export function createTooltip(root: HTMLElement) {
  const box = document.createElement("div");
  box.className = "tooltip";
  box.hidden = true;
  root.append(box);
  return {
    hide() {
      box.hidden = true;
    },
    show(x: number, lines: readonly TooltipLine[]) {
      box.replaceChildren(
        ...lines.map(({ text, value, color, strong }) => {
          const row = document.createElement("div");
          if (color !== undefined) {
            const swatch = document.createElement("i");
            swatch.className = `swatch series-${color}`;
            row.append(swatch);
          }
          row.append(text.length > 90 ? `${text.slice(0, 89)}…` : text);
          if (value !== undefined) {
            const strongly = document.createElement("b");
            strongly.textContent = ` ${value}`;
            row.append(strongly);
          }
          if (strong) row.className = "strong";
          return row;
        }),
      );
      box.hidden = false;
      // Beside the pointer, on the side where there is room.
      const right = x + 14 + box.offsetWidth <= root.clientWidth;
      box.style.left = `${right ? x + 14 : Math.max(0, x - box.offsetWidth - 14)}px`;
    },
  };
}
