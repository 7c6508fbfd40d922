export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Levels of syslog, which journald reads from a line's prefix (sd-daemon(3)). */
const levels = { debug: 7, info: 6, warn: 4, error: 3 } as const;
export type LogLevel = keyof typeof levels;

/** Lines on stderr: with a level that journald understands where it listens, with time and level elsewhere. */
export function createLog(lowest: LogLevel, underJournald: boolean): Log {
  const write = (level: LogLevel) => (message: string) => {
    if (levels[level] > levels[lowest]) return;
    const prefix = underJournald ? `<${levels[level]}>` : `${new Date().toISOString()} ${level} `;
    process.stderr.write(`${prefix}${message.replaceAll("\n", " | ")}\n`);
  };
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}

export const isLogLevel = (text: string | undefined): text is LogLevel =>
  text !== undefined && Object.hasOwn(levels, text);
