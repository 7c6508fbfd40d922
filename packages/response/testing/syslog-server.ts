import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { freePort, temporaryDirectory, until } from "@havn/testkit";

/** A message as rsyslog understood it. */
export interface LoggedMessage {
  host: string;
  program: string;
  facility: string;
  severity: string;
  time: string;
  structured: string;
  text: string;
}

export interface SyslogServer extends AsyncDisposable {
  udp: string;
  tcp: string;
  messages(): Promise<LoggedMessage[]>;
}

/** Debian's rsyslog, on ports and in a folder of its own. */
export async function openSyslogServer(): Promise<SyslogServer> {
  const directory = await temporaryDirectory("syslog");
  const inside = (name: string) => join(directory.path, name);
  const [udp, tcp] = [await freePort(), await freePort()];
  await writeFile(
    inside("rsyslog.conf"),
    `global(workDirectory="${directory.path}")
module(load="imudp")
module(load="imtcp")
input(type="imudp" address="127.0.0.1" port="${udp}")
input(type="imtcp" address="127.0.0.1" port="${tcp}")
template(name="json" type="list" option.jsonf="on") {
  property(outname="host" name="hostname" format="jsonf")
  property(outname="program" name="app-name" format="jsonf")
  property(outname="facility" name="syslogfacility-text" format="jsonf")
  property(outname="severity" name="syslogseverity-text" format="jsonf")
  property(outname="time" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="structured" name="structured-data" format="jsonf")
  property(outname="text" name="msg" format="jsonf")
}
action(type="omfile" file="${inside("messages")}" template="json")
`,
  );
  const child = spawn("/usr/sbin/rsyslogd", ["-n", "-f", inside("rsyslog.conf"), "-i", inside("pid")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const errors: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => errors.push(text));
  const ended = () => Promise.reject(new Error(`rsyslog ended: ${errors.join("")}`));
  await until(() => (child.exitCode === null ? isOpen(tcp) : ended()), {
    what: "rsyslog to listen",
    timeoutMs: 60_000,
  });
  return {
    udp: `udp://127.0.0.1:${udp}`,
    tcp: `tcp://127.0.0.1:${tcp}`,
    async messages() {
      const text = await readFile(inside("messages"), "utf8").catch(() => "");
      return text
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line) as LoggedMessage);
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) {
        child.kill("SIGTERM");
        await once(child, "exit");
      }
      await directory[Symbol.asyncDispose]();
    },
  };
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
