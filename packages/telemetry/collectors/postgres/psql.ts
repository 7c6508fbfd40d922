import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";

export interface PostgresSettings {
  /** A server's name or address; left out, the one of this host by its socket, as the user postgres. */
  host?: string | undefined;
  /** A folder of the server's socket, where it is not the usual one; in place of `host`. */
  socket?: string | undefined;
  port?: number | undefined;
  user?: string | undefined;
  password?: string | undefined;
  database?: string | undefined;
}

const end = "--havn-end--";
/** Of what one question may answer. */
const largestAnswer = 32 * 1024 * 1024;

/** PostgreSQL's own client, kept open between questions: asking once a second starts nothing. */
export class PsqlSession implements Disposable {
  readonly #child: ChildProcessWithoutNullStreams;
  #output = "";
  #said = "";
  #waiting: { resolve: (text: string) => void; reject: (error: Error) => void } | undefined;
  #ended: string | undefined;

  constructor(settings: PostgresSettings) {
    const { command, env } = psqlCommand(settings);
    const [program = "", ...rest] = command;
    this.#child = spawn(program, rest, { env, cwd: "/" });
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => this.#take(text));
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#said = (this.#said + text).slice(-500);
    });
    this.#child.stdin.on("error", () => undefined);
    this.#child.once("error", (error) => this.#fail(error.message));
    this.#child.once("close", (code) => this.#fail(this.#said.trim() || `psql ended with ${code}`));
  }

  get isOpen(): boolean {
    return this.#ended === undefined;
  }

  /** What the statements answer, as text. Rejects where the connection is lost; a statement that fails answers nothing. */
  ask(sql: string, signal: AbortSignal): Promise<string> {
    if (this.#ended !== undefined) return Promise.reject(new Error(this.#ended));
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#waiting = { resolve, reject };
    const stop = () => {
      this.#fail("it did not answer in time");
      this[Symbol.dispose]();
    };
    signal.addEventListener("abort", stop, { once: true });
    this.#child.stdin.write(`${sql}\n\\echo ${end}\n`);
    return promise.finally(() => signal.removeEventListener("abort", stop));
  }

  [Symbol.dispose](): void {
    this.#child.kill("SIGKILL");
  }

  #take(text: string): void {
    this.#output += text;
    if (this.#output.length > largestAnswer) {
      this.#fail("its answer is too long");
      this[Symbol.dispose]();
    }
    if (!this.#output.endsWith(`${end}\n`)) return;
    const answer = this.#output.slice(0, -end.length - 1);
    this.#output = "";
    this.#said = "";
    this.#waiting?.resolve(answer);
    this.#waiting = undefined;
  }

  #fail(why: string): void {
    this.#ended ??= why;
    this.#waiting?.reject(new Error(why));
    this.#waiting = undefined;
  }
}

/** The password goes by the environment: arguments can be read by everyone. */
function psqlCommand({ host, socket, port, user, password, database = "postgres" }: PostgresSettings) {
  const options = [
    "--no-psqlrc",
    "--quiet",
    "--tuples-only",
    "--no-align",
    "--no-password",
    `--dbname=${database}`,
  ];
  const place = host ?? socket;
  if (place !== undefined) options.push(`--host=${place}`);
  if (port !== undefined) options.push(`--port=${port}`);
  if (user !== undefined) options.push(`--username=${user}`);
  const isLocal = place === undefined && user === undefined;
  const asOwner = isLocal && process.getuid?.() === 0 ? ["runuser", "-u", "postgres", "--"] : [];
  const env = {
    PATH: process.env.PATH,
    ...{ PGCONNECT_TIMEOUT: "10", PGAPPNAME: "havn", LC_ALL: "C" },
    ...(password !== undefined && { PGPASSWORD: password }),
  };
  return { command: [...asOwner, "psql", ...options], env };
}
