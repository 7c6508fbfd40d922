import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { freePort, temporaryDirectory, until } from "@havn/testkit";

export interface MailServer extends AsyncDisposable {
  /** `smtp://127.0.0.1:<port>`. */
  url: string;
  /** Every mail that was delivered, whole. */
  mails(): Promise<string[]>;
  /** What the server wrote down about what it did. */
  log(): Promise<string>;
}

/** Debian's Exim, on a port and in a folder of its own; it takes mail for any name of its domain. Needs root. */
export async function openMailServer({
  tls,
  login,
}: {
  /** PEM: offers STARTTLS. */
  tls?: { cert: string; key: string };
  /** Who may send; anyone where left out. Told over TLS only. */
  login?: { user: string; password: string };
} = {}): Promise<MailServer> {
  const directory = await temporaryDirectory("mail");
  const inside = (name: string) => join(directory.path, name);
  const port = await freePort();
  const owner = await ownerOf();
  await chmod(directory.path, 0o755);
  for (const name of ["spool", "log", "mail"]) {
    await mkdir(inside(name));
    await chown(inside(name), owner.uid, owner.gid);
  }
  for (const [name, text] of Object.entries({ "cert.pem": tls?.cert ?? "", "key.pem": tls?.key ?? "" })) {
    await writeFile(inside(name), text, { mode: 0o640 });
    await chown(inside(name), 0, owner.gid);
  }
  await writeFile(inside("exim.conf"), configuration({ directory: directory.path, port, tls, login }));
  const child = spawn("/usr/sbin/exim4", ["-C", inside("exim.conf"), "-bdf"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const errors: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => errors.push(text));
  await until(() => (child.exitCode === null ? answers(port) : Promise.reject(new Error(errors.join("")))), {
    what: `Exim to answer: ${errors.join("")}`,
    timeoutMs: 60_000,
  });
  const inbox = inside("mail/new");
  return {
    url: `smtp://127.0.0.1:${port}`,
    async mails() {
      const names = await readdir(inbox).catch(() => []);
      return Promise.all(names.sort().map((name) => readFile(join(inbox, name), "utf8")));
    },
    log: () => readFile(inside("log/main"), "utf8").catch(() => ""),
    async [Symbol.asyncDispose]() {
      await stop(child);
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** The account that Debian's package made. */
async function ownerOf(): Promise<{ uid: number; gid: number }> {
  const line = (await readFile("/etc/passwd", "utf8")).split("\n").find((one) => /^Debian-exim:/.test(one));
  const [, , uid, gid] = line?.split(":") ?? [];
  if (uid === undefined) throw new Error("Exim is not installed: apt-get install exim4-daemon-light");
  return { uid: Number(uid), gid: Number(gid) };
}

function configuration(options: {
  directory: string;
  port: number;
  tls: object | undefined;
  login: { user: string; password: string } | undefined;
}): string {
  const { directory, port, tls, login } = options;
  return `primary_hostname = mail.test
domainlist ours = *
local_interfaces = 127.0.0.1.${port}
spool_directory = ${directory}/spool
log_file_path = ${directory}/log/%s
pid_file_path = ${directory}/spool/exim.pid
acl_smtp_rcpt = rcpt
acl_smtp_data = data
keep_environment =
tls_advertise_hosts = ${tls ? "*" : ""}
${tls ? `tls_certificate = ${directory}/cert.pem\ntls_privatekey = ${directory}/key.pem` : ""}
auth_advertise_hosts = \${if def:tls_in_cipher {*}{}}
smtp_accept_max = 100
smtp_accept_queue_per_connection = 0
deliver_drop_privilege = true
begin acl
rcpt:
  ${login ? "accept authenticated = *\n  deny" : "accept"}
data:
  accept
begin routers
all:
  driver = accept
  transport = inbox
begin transports
inbox:
  driver = appendfile
  directory = ${directory}/mail
  maildir_format = true
  create_directory = true
  user = Debian-exim
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = \${if and{{eq{$auth2}{${login?.user ?? ""}}}{eq{$auth3}{${login?.password ?? ""}}}}}
`;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("data", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}
