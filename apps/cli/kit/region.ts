import type { Io } from "./io.ts";
import { printable, width } from "./style.ts";

/** Lines at the bottom of the terminal that are drawn over again and again. */
export interface Region {
  /** Draws what `lines` returns at once and ten times a second, so that spinners turn. */
  show(lines: () => string[]): void;
  /** Takes the lines away; with `last` they stay on the screen as they ended. */
  close(last?: string[]): void;
}

export function openRegion(io: Io): Region {
  if (!io.live) return { show: () => {}, close: (last = []) => last.map((line) => io.tell(line)) };
  let drawn = 0;
  let source: () => string[] = () => [];
  const erase = () => (drawn > 0 ? `\u001b[${drawn}A\u001b[0J` : "");
  const draw = () => {
    // A line that wraps would take two rows, and the next drawing would begin in the wrong place.
    const lines = source().map((line) => fit(line, io.columns - 1));
    io.draw(`${erase()}${lines.map((line) => `${line}\n`).join("")}`);
    drawn = lines.length;
  };
  io.draw("\u001b[?25l");
  const timer = setInterval(draw, 100);
  // Whatever ends the process, the cursor comes back.
  const restore = () => io.draw("\u001b[?25h");
  process.once("exit", restore);
  return {
    show(lines) {
      source = lines;
      draw();
    },
    close(last) {
      clearInterval(timer);
      source = () => last ?? [];
      draw();
      restore();
      process.off("exit", restore);
    },
  };
}

/** Cut to `columns`; a line that must be cut loses its colours, which keeps escape sequences whole. */
const fit = (line: string, columns: number): string =>
  width(line) <= columns ? line : `${[...printable(line)].slice(0, columns - 1).join("")}…`;
