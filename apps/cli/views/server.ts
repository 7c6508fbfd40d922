import { alignColumns, printable } from "../kit/style.ts";
import type { Readiness } from "../server/control.ts";
import type { ServerRecord } from "../server/record.ts";
import type { ViewContext } from "./status.ts";
import { roughly } from "./words.ts";

interface ServerState {
  server: ServerRecord | undefined;
  ready: Readiness | undefined;
  dataDirectory: string;
}

export function serverView(
  { server, ready, dataDirectory }: ServerState,
  { style, now }: ViewContext,
): string {
  if (!server) return `${style.dim("○")} Havn does not run on ${dataDirectory}. Start it with \`havn up\`.`;
  const mark = ready?.ready ? style.green("●") : style.red("✗");
  const how = ready ? (ready.ready ? "ready" : "a part of it is down") : "does not answer";
  return [
    `${mark} Havn runs at http://127.0.0.1:${server.port}: ${how}`,
    ...alignColumns(
      [
        ["process", `${server.pid}, up for ${roughly(now - server.startedAt)}`],
        ["data", dataDirectory],
        ...Object.entries(ready?.parts ?? {}).map(([name, { ok, detail }]) => [
          name,
          `${ok ? style.green("ok") : style.red("down")}${detail ? `  ${printable(detail)}` : ""}`,
        ]),
      ],
      "  ",
    ),
  ].join("\n");
}
