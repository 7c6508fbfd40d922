import { connect } from "node:net";
import { HavnError } from "@havn/model";

/**
 * Runs commands over HAProxy's runtime socket (one connection a call, as its manual advises for scripts) and gives
 * their answers. Several in one string, parted by ";", run without anything in between.
 */
export function askHaproxy(socket: string, command: string, timeoutMs = 5000): Promise<string> {
  return new Promise((resolve, reject) => {
    const connection = connect(socket);
    let answer = "";
    connection.setTimeout(timeoutMs, () => connection.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    connection.setEncoding("utf8");
    connection.on("data", (text: string) => {
      answer += text;
    });
    connection.on("connect", () => connection.end(`${command}\n`));
    connection.on("close", () => resolve(answer));
    connection.on("error", (cause) =>
      reject(
        new HavnError("HAProxy does not answer", {
          detail: `Its runtime socket ${socket} fails: ${cause.message}.`,
          retryable: true,
          cause,
        }),
      ),
    );
  });
}

/** For commands that say something only when they fail. */
export async function commandHaproxy(socket: string, command: string): Promise<void> {
  const answer = (await askHaproxy(socket, command)).trim();
  // "no need to change" and "changed from … to …" are how an address change reports success.
  const trouble = answer
    .split("\n")
    .filter(
      (line) => line !== "" && !/^(no need to change|IP changed|port changed|nothing changed)/.test(line),
    );
  if (trouble.length > 0)
    throw new HavnError("HAProxy refused a command", { detail: `"${command}": ${trouble.join(" ")}` });
}
