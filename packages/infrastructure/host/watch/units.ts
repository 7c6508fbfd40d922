import { connect, type Socket } from "node:net";
import { systemClock } from "@havn/model";
import { createDbusReader, type DbusHeader, unitOfPath } from "./dbus.ts";

export interface UnitWatch extends Disposable {
  /** Whether systemd is heard now. */
  readonly connected: boolean;
}

/** Where systemd itself answers; who is connected gets every signal without asking. For root alone. */
const systemdSocket = "/run/systemd/private";
const longestBackOffMs = 60_000;

/**
 * Hears from systemd which units change: those that start, stop, fail, are loaded anew, enabled or disabled. Where there
 * is no systemd, or this is not root, it hears nothing and tries again, ever more slowly.
 */
export function watchUnits(options: {
  /** Names of units; undefined: any of them may have changed (unit files, or what was missed while disconnected). */
  onChange(units: readonly string[] | undefined): void;
  socketPath?: string;
}): UnitWatch {
  const closing = new AbortController();
  let socket: Socket | undefined;
  let connected = false;

  async function run(): Promise<void> {
    let backOffMs = 500;
    while (!closing.signal.aborted) {
      const heard = await listen().catch(() => false);
      backOffMs = heard ? 500 : Math.min(backOffMs * 2, longestBackOffMs);
      await systemClock.sleep(backOffMs, closing.signal);
    }
  }

  /** Until the connection ends. Gives whether it was ever made. */
  function listen(): Promise<boolean> {
    return new Promise((resolve) => {
      const own = connect(options.socketPath ?? systemdSocket);
      socket = own.unref();
      let begun = false;
      const read = createDbusReader(take);
      own.on("connect", () => {
        // Who one is, as its user id in hexadecimal digits of its text (D-Bus specification, "Authentication").
        const id = Buffer.from(String(process.getuid?.() ?? 0)).toString("hex");
        own.write(`\0AUTH EXTERNAL ${id}\r\n`);
      });
      own.on("data", (bytes: Buffer) => {
        try {
          if (begun) return read(bytes);
          const text = bytes.toString("latin1");
          const end = text.indexOf("\r\n");
          if (!text.startsWith("OK ") || end < 0) return void own.destroy();
          own.write("BEGIN\r\n");
          begun = true;
          connected = true;
          // What changed before it was heard is looked at.
          options.onChange(undefined);
          if (bytes.length > end + 2) read(bytes.subarray(end + 2));
        } catch {
          own.destroy();
        }
      });
      own.on("error", () => {});
      own.on("close", () => {
        connected = false;
        resolve(begun);
      });
    });
  }

  function take({ type, path, interface: name, member }: DbusHeader): void {
    if (type !== 4) return;
    if (name === "org.freedesktop.DBus.Properties" && member === "PropertiesChanged") {
      const unit = unitOfPath(path);
      if (unit !== undefined) options.onChange([unit]);
    } else if (name === "org.freedesktop.systemd1.Manager" && member === "UnitFilesChanged")
      options.onChange(undefined);
  }

  void run();
  return {
    get connected() {
      return connected;
    },
    [Symbol.dispose]() {
      closing.abort();
      socket?.destroy();
    },
  };
}
