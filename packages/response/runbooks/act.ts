import { createHash } from "node:crypto";
import { HavnError, parseDuration } from "@havn/model";
import { whyTooMany } from "./guards.ts";
import type { Hands } from "./hands.ts";
import type { StepRequest } from "./protocol.ts";

/** A step that does something and then ends. */
export type Act = Exclude<StepRequest, { kind: "ask" | "approve" | "wait" | "note" }>;

export interface ActContext {
  run: string;
  environment: string;
  runbook: string;
  step: string;
  dryRun: boolean;
  /** When the step began first. */
  begunAt: number;
  /** Hosts that earlier steps touched. */
  touched: ReadonlySet<string>;
  mostHosts: number;
  hands: Hands;
}

export interface Done {
  /** What the code gets. */
  value: unknown;
  /** In words. */
  outcome: string;
  touched: string[];
}

/** Does it, or in a dry run finds out what would be done. Throws what went wrong. */
export async function act(request: Act, context: ActContext): Promise<Done> {
  switch (request.kind) {
    case "query": {
      const value = await context.hands.query(context.environment, request.expr);
      const first = value[0]?.value;
      const outcome = value.length === 1 ? String(first) : `${value.length} series`;
      return { value, outcome, touched: [] };
    }
    case "run":
      return command(request, request.on, context);
    case "restart-unit":
      return command(
        {
          kind: "run",
          command: ["systemctl", "restart", request.unit],
          ...{ shell: false, mayFail: false, on: request.on },
        },
        request.on,
        context,
      );
    case "restart":
      return restart(request, context);
    case "rollback": {
      const { environment, hands, dryRun } = context;
      const touched = allowed(await hands.hostsOf(environment, request.service), context);
      const on = touched.join(", ");
      if (dryRun) return { value: null, outcome: `would roll ${request.service} back on ${on}`, touched };
      await hands.rollback({ environment, service: request.service, actor: actorOf(context) });
      return { value: null, outcome: `the release before serves on ${on}`, touched };
    }
    case "scale":
      return scale(request, context);
  }
}

async function command(
  request: Extract<Act, { kind: "run" }>,
  on: string,
  context: ActContext,
): Promise<Done> {
  const { environment, hands, dryRun } = context;
  const hosts = allowed(await hands.chooseHosts(environment, on), context);
  const words = request.command.join(" ");
  if (dryRun) {
    const told = hosts.map((host) => ({ host, state: "ok", code: 0, stdout: "", stderr: "" }));
    const value = { ok: true, hosts: told, code: 0, stdout: "", stderr: "" };
    return { value, outcome: `would run ${words} on ${hosts.join(", ")}`, touched: hosts };
  }
  const value = await hands.run({
    ...{ environment, hosts, command: request.command, shell: request.shell, user: request.user },
    timeoutMs: parseDuration(request.timeout ?? "10m"),
    ...{ actor: actorOf(context), once: onceKey(context) },
  });
  const failed = value.hosts.filter(({ state }) => state !== "ok");
  if (failed.length > 0 && !request.mayFail)
    throw new HavnError(
      `${words} did not succeed on ${failed
        .slice(0, 5)
        .map(({ host, state, code, stderr }) =>
          [host, code === null ? state : `exit code ${code}`, lastLine(stderr)].filter(Boolean).join(": "),
        )
        .join("; ")}`,
    );
  const outcome = failed.length === 0 ? lastLine(value.stdout) || "ok" : `failed on ${failed.length}`;
  return { value, outcome, touched: hosts };
}

async function restart(request: Extract<Act, { kind: "restart" }>, context: ActContext): Promise<Done> {
  const { environment, hands, dryRun, begunAt } = context;
  const { service, on } = request;
  const all = await hands.hostsOf(environment, service);
  const chosen = on === undefined ? all : await hands.chooseHosts(environment, on);
  const hosts = allowed(
    all.filter((host) => chosen.includes(host)),
    context,
  );
  if (hosts.length === 0)
    throw new HavnError(`${service} does not run on ${on}`, { detail: `It runs on ${all.join(", ")}.` });
  if (dryRun)
    return { value: null, outcome: `would restart ${service} on ${hosts.join(", ")}`, touched: hosts };
  await hands.restart({ environment, service, hosts, since: begunAt });
  return { value: null, outcome: `${service} runs anew on ${hosts.join(", ")}`, touched: hosts };
}

async function scale(request: Extract<Act, { kind: "scale" }>, context: ActContext): Promise<Done> {
  const { environment, hands, dryRun } = context;
  const { service, to, among } = request;
  const present = await hands.hostsOf(environment, service);
  const hosts = [...present, ...among.filter((host) => !present.includes(host))].slice(0, to);
  if (hosts.length < to)
    throw new HavnError(`${service} cannot be scaled to ${to}: there are ${hosts.length} hosts for it`);
  const changed = [
    ...hosts.filter((host) => !present.includes(host)),
    ...present.filter((host) => !hosts.includes(host)),
  ];
  allowed(changed, context);
  if (dryRun)
    return { value: { hosts }, outcome: `would run ${service} on ${hosts.join(", ")}`, touched: changed };
  await hands.scale({ environment, service, hosts, actor: actorOf(context) });
  return { value: { hosts }, outcome: `${service} runs on ${hosts.join(", ")}`, touched: changed };
}

function allowed(hosts: string[], { touched, mostHosts }: ActContext): string[] {
  const why = whyTooMany(new Set([...touched, ...hosts]), mostHosts);
  if (why !== undefined) throw new HavnError(`The step is not taken: ${why}`);
  return hosts;
}

/** Also tells a step that was cut short whether it had begun an apply. */
const actorOf = ({ runbook, run, step }: ActContext) =>
  `runbook:${runbook}/${onceKey({ run, step }).slice(0, 12)}`;

const onceKey = ({ run, step }: Pick<ActContext, "run" | "step">) =>
  createHash("sha256")
    .update(JSON.stringify([run, step]))
    .digest("hex")
    .slice(0, 32);

const lastLine = (text: string) => (text.trim().split("\n").at(-1) ?? "").slice(0, 200);
