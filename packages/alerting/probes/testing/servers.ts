import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chownSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { freePort, until } from "@havn/testkit";
import type { TestAuthority } from "./certificates.ts";

/** Debian's own servers, each in a folder of its own and on a port of its own. */
export interface TestServer extends AsyncDisposable {
  port: number;
}

/** Servers refuse to be root, and nothing of theirs belongs to us. */
const user = { uid: 65_534, gid: 65_534 };
const asUser = process.getuid?.() === 0 ? user : {};
/** Servers are made with the locale of whoever starts them, which need not be there. */
const plainWords = { ...process.env, LC_ALL: "C" };

async function folder(): Promise<string> {
  const path = await mkdtemp("/tmp/havn-probe-");
  await chmod(path, 0o755);
  if (process.getuid?.() === 0) chownSync(path, user.uid, user.gid);
  return path;
}

async function own(path: string, text: string, mode = 0o600): Promise<string> {
  await writeFile(path, text, { mode });
  if (process.getuid?.() === 0) chownSync(path, user.uid, user.gid);
  return path;
}

async function serve(
  command: readonly string[],
  { port, path, env = {} }: { port: number; path: string; env?: Record<string, string> },
): Promise<TestServer> {
  const [program = "", ...rest] = command;
  const child: ChildProcess = spawn(program, rest, {
    ...{ cwd: path, stdio: ["ignore", "pipe", "pipe"], ...asUser },
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: path, LC_ALL: "C", ...env },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk) => {
      said = (said + String(chunk)).slice(-4000);
    });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await until(
    async () => {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${program} ended: ${said}`);
      return isOpen(port);
    },
    { what: `${program} on port ${port}`, timeoutMs: 60_000 },
  );
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
      await rm(path, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });

/** With user "watch", who signs in by SCRAM, "old", who does by MD5, and TLS for "localhost". */
export async function startPostgres(password: string, authority: TestAuthority): Promise<TestServer> {
  const path = await folder();
  const data = join(path, "data");
  const port = await freePort();
  const run = (program: string, args: string[], input?: string) =>
    execFileSync(`/usr/lib/postgresql/15/bin/${program}`, args, {
      cwd: path,
      env: plainWords,
      input,
      stdio: ["pipe", "pipe", "pipe"],
      ...asUser,
    });
  run("initdb", ["-D", data, "-U", "owner", "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
  const { certificate, key } = await authority.issue("localhost", 100);
  await own(join(data, "server.crt"), certificate);
  await own(join(data, "server.key"), key);
  const roles = `set password_encryption = 'scram-sha-256'; create role watch login password '${password}';
set password_encryption = 'md5'; create role old login password '${password}'; create database watch; create database old;`;
  run("postgres", ["--single", "-D", data, "postgres"], `${roles.replaceAll(/;\s*/g, ";\n")}\n`);
  await own(
    join(data, "pg_hba.conf"),
    "host all old 127.0.0.1/32 md5\nhost all all 127.0.0.1/32 scram-sha-256\nhost all all ::1/128 scram-sha-256\n",
  );
  return serve(
    [
      ...["/usr/lib/postgresql/15/bin/postgres", "-D", data, "-p", String(port), "-k", path],
      ...["-c", "listen_addresses=localhost", "-c", "ssl=on", "-c", "fsync=off"],
    ],
    { port, path },
  );
}

/** With user "watch". */
export async function startMariadb(password: string, authority: TestAuthority): Promise<TestServer> {
  const path = await folder();
  const data = join(path, "data");
  const port = await freePort();
  execFileSync(
    "mariadb-install-db",
    [
      "--no-defaults",
      `--datadir=${data}`,
      "--auth-root-authentication-method=normal",
      "--skip-test-db",
      `--tmpdir=${path}`,
    ],
    { cwd: path, stdio: "pipe", ...asUser },
  );
  const { certificate, key } = await authority.issue("localhost", 100);
  const init = await own(
    join(path, "init.sql"),
    `create or replace user watch@'%' identified by '${password}';\n`,
    0o644,
  );
  const tls = [
    `--ssl-cert=${await own(join(path, "server.crt"), certificate)}`,
    `--ssl-key=${await own(join(path, "server.key"), key)}`,
  ];
  return serve(
    [
      ...["mariadbd", "--no-defaults", `--datadir=${data}`, `--port=${port}`, "--bind-address=127.0.0.1"],
      ...[`--socket=${join(path, "socket")}`, `--init-file=${init}`, `--tmpdir=${path}`, ...tls],
      ...[
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-buffer-pool-size=32M",
        `--pid-file=${join(path, "pid")}`,
      ],
    ],
    { port, path },
  );
}

export async function startRedis(password: string): Promise<TestServer> {
  const path = await folder();
  const port = await freePort();
  // Debian's server is the same program as its checker, under another name.
  const program = join(path, "redis-server");
  await symlink("/usr/bin/redis-check-rdb", program);
  return serve(
    [
      program,
      "--port",
      String(port),
      "--bind",
      "127.0.0.1",
      "--save",
      "",
      "--requirepass",
      password,
      "--dir",
      path,
    ],
    { port, path },
  );
}

/** Knows web.test, its mail server and a text. */
export async function startDns(): Promise<TestServer> {
  const path = await folder();
  const port = await freePort();
  return serve(
    [
      ...["/usr/sbin/dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null"],
      ...[
        `--port=${port}`,
        "--listen-address=127.0.0.1",
        "--bind-interfaces",
        `--pid-file=${join(path, "pid")}`,
      ],
      ...["--host-record=web.test,192.0.2.10,2001:db8::10", "--mx-host=web.test,mail.web.test,10"],
      ...["--txt-record=web.test,hello there", "--srv-host=_ldap._tcp.web.test,web.test,389,1,2"],
      ...["--ptr-record=10.2.0.192.in-addr.arpa,web.test", "--local=/test/"],
    ],
    { port, path },
  );
}

const smtpScript = `
import ssl, sys, time
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if not address.endswith("@example.org"):
            return "550 not relaying to " + address
        envelope.rcpt_tos.append(address)
        return "250 OK"
def sign_in(server, session, envelope, mechanism, data):
    return AuthResult(success=data.login == b"watch" and data.password == sys.argv[4].encode(), handled=False)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])
Controller(Handler(), hostname="127.0.0.1", port=int(sys.argv[1]), tls_context=context, authenticator=sign_in, auth_require_tls=True, ready_timeout=60).start()
time.sleep(100000)
`;

/** Signs in "watch" after STARTTLS, takes mail for example.org. */
export async function startSmtp(password: string, authority: TestAuthority): Promise<TestServer> {
  const path = await folder();
  const port = await freePort();
  const { certificate, key } = await authority.issue("localhost", 100);
  const script = await own(join(path, "server.py"), smtpScript);
  return serve(
    [
      ...["python3", script, String(port), await own(join(path, "server.crt"), certificate)],
      ...[await own(join(path, "server.key"), key), password],
    ],
    { port, path },
  );
}

/** A folder of programs for plugins' tests; readable for all. */
export async function programs(files: Record<string, string>): Promise<AsyncDisposable & { path: string }> {
  const path = await folder();
  await mkdir(path, { recursive: true });
  for (const [name, text] of Object.entries(files)) await own(join(path, name), text, 0o755);
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}
