import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Mark } from "../metrics/plot-options.ts";
import type { TimeChoice } from "../metrics/window.ts";
import type { Asker } from "./queue.ts";

/** What all panels of a dashboard share. */
export interface BoardShared {
  asker: Asker;
  time: TimeChoice;
  /** Seconds: the end of a range that ends now, the same for all panels of a round. */
  now: number;
  marks: readonly Mark[];
  zoom(start: number, end: number): void;
}

export const BoardContext = createContext<BoardShared | undefined>(undefined);

export function useBoard(): BoardShared {
  const shared = useContext(BoardContext);
  if (!shared) throw new Error("used outside of a dashboard");
  return shared;
}
