/** What /proc/PID/stat tells of a process on Linux, see proc_pid_stat(5). */
export interface ProcessStat {
  /** The program's name, cut to 15 bytes. */
  name: string;
  /** One letter; see `hasEnded`. */
  state: string;
  parent: number;
  minorFaults: number;
  majorFaults: number;
  /** Processor time in seconds, of the process alone. */
  user: number;
  system: number;
  threads: number;
  /** In ticks of a hundredth of a second since the computer started: a pid with it only equals itself. */
  started: number;
  /** Bytes. */
  virtual: number;
  /** Pages. */
  resident: number;
}

/** USER_HZ, on every Linux that Node runs on. */
export const ticksASecond = 100;

/** Undefined for a text that is none, as that of a process that has ended since. */
export function parseProcessStat(text: string): ProcessStat | undefined {
  // The name stands in parentheses and may itself hold anything: fields are counted behind it.
  const end = text.lastIndexOf(")");
  if (end < 0) return undefined;
  const fields = text.slice(end + 2).split(" ");
  const number = (field: number) => Number(fields[field - 3] ?? 0);
  return {
    name: text.slice(text.indexOf("(") + 1, end),
    state: fields[0] ?? "",
    parent: number(4),
    minorFaults: number(10),
    majorFaults: number(12),
    user: number(14) / ticksASecond,
    system: number(15) / ticksASecond,
    threads: number(20),
    started: number(22),
    virtual: number(23),
    resident: number(24),
  };
}

/** Whether it has ended and only waits for its parent to look. */
export const hasEnded = ({ state }: Pick<ProcessStat, "state">): boolean => state === "Z" || state === "X";
