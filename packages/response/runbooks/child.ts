/**
 * The process in which a runbook's code runs: it may read nothing, write nothing, has no network and starts no programs
 * (the arguments that it is started with see to that). All it can do is ask the control plane for steps. The code is run
 * from its beginning after every interruption, so it must go the same way whenever steps give the same: clocks show when
 * the last step ended, chance comes from the run's own seed, and there are no timers.
 */
import type { Steps, Trigger } from "@havn/model";
import type { FromCode, StepRequest, ToCode } from "./protocol.ts";

const waiting = new Map<number, (message: Extract<ToCode, { type: "result" }>) => void>();
const used = new Map<string, number>();
let last = 0;
let clock = 0;

const say = (message: FromCode) => process.send?.(message);

class Refused extends Error {}

function step<T>(name: string | undefined, otherwise: string, request: StepRequest): Promise<T> {
  const wanted = (name ?? otherwise).replace(/\s+/g, " ").slice(0, 200);
  const times = (used.get(wanted) ?? 0) + 1;
  used.set(wanted, times);
  const id = ++last;
  return new Promise((resolve, reject) => {
    waiting.set(id, ({ at, value, error, refused }) => {
      clock = Math.max(clock, at);
      if (error === undefined) resolve(value as T);
      else reject(refused ? new Refused(error) : new Error(error));
    });
    say({ type: "step", id, name: times === 1 ? wanted : `${wanted} (${times})`, request });
  });
}

const nameOf = (value: unknown): string =>
  typeof value === "object" && value !== null && "name" in value ? String(value.name) : String(value);
const hostsOf = (value: unknown): string => (Array.isArray(value) ? value : [value]).map(nameOf).join(" | ");
type Asked = NonNullable<NonNullable<Parameters<Steps["approve"]>[1]>["of"]>;
const askedOf = (value: Asked | undefined): { kind: "person" | "schedule" | "team"; name: string }[] =>
  (value === undefined ? [] : "type" in value ? [value] : value).map(({ type, name }) => ({
    kind: type === "contact" ? "person" : type,
    name,
  }));

const steps: Steps = {
  run(command, { name, on, user, timeout, mayFail = false }) {
    const words = typeof command === "string" ? [command] : [...command];
    const hosts = hostsOf(on);
    const request = {
      kind: "run" as const,
      command: words,
      shell: typeof command === "string",
      on: hosts,
      mayFail,
    };
    return step(name, `run ${words.join(" ")} on ${hosts}`, { ...request, user, timeout });
  },
  query: (expr, { name } = {}) => step(name, `query ${expr}`, { kind: "query", expr }),
  ask: (question, { name, choices = [], of, timeout } = {}) =>
    step(name, `ask ${question}`, { kind: "ask", question, choices: [...choices], of: askedOf(of), timeout }),
  approve: (question, { name, of, timeout } = {}) =>
    step(name, `approve ${question}`, { kind: "approve", question, of: askedOf(of), timeout }),
  wait: (duration, { name } = {}) => step(name, `wait ${duration}`, { kind: "wait", duration }),
  restart(what, { name, on } = {}) {
    if (typeof what === "object" && "unit" in what) {
      const hosts = hostsOf(what.on);
      return step(name, `restart ${what.unit} on ${hosts}`, {
        kind: "restart-unit",
        unit: what.unit,
        on: hosts,
      });
    }
    const service = nameOf(what);
    return step(name, `restart ${service}`, {
      ...{ kind: "restart", service },
      ...(on !== undefined && { on: hostsOf(on) }),
    });
  },
  rollback(what, { name } = {}) {
    const service = nameOf(what);
    return step(name, `roll ${service} back`, { kind: "rollback", service });
  },
  scale(what, { name, to, among }) {
    const service = nameOf(what);
    return step(name, `scale ${service} to ${to}`, { kind: "scale", service, to, among: among.map(nameOf) });
  },
  note: (text) => step(undefined, "note", { kind: "note", text }),
};

/** What would differ from one time to the next. */
function holdStill(seed: string): void {
  let state = Number.parseInt(seed.slice(0, 8), 16) >>> 0;
  Math.random = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const RealDate = Date;
  const heldDate = function heldDate(this: unknown, ...given: unknown[]) {
    const date = given.length === 0 ? new RealDate(clock) : new RealDate(...(given as [number]));
    return new.target ? date : date.toString();
  };
  Object.assign(heldDate, { now: () => clock, parse: RealDate.parse, UTC: RealDate.UTC });
  heldDate.prototype = RealDate.prototype;
  performance.now = () => clock;
  crypto.getRandomValues = missing("crypto");
  crypto.randomUUID = missing("crypto");
  Object.assign(globalThis, {
    Date: heldDate,
    ...Object.fromEntries(
      ["setTimeout", "setInterval", "setImmediate", "fetch", "WebSocket", "EventSource"].map((name) => [
        name,
        missing(name),
      ]),
    ),
  });
}

const missing = (name: string) => (): never => {
  throw new Error(
    `${name} is not there in a runbook: what reaches outside, waits or differs from time to time is a step`,
  );
};

async function begin({ code, seed, at, trigger }: Extract<ToCode, { type: "begin" }>): Promise<void> {
  clock = at;
  holdStill(seed);
  try {
    const module = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as {
      default: { body(step: Steps, trigger: Trigger<unknown>): Promise<unknown> };
    };
    await module.default.body(steps, trigger as Trigger<unknown>);
    say({ type: "ended" });
  } catch (error) {
    say({ type: "failed", error: error instanceof Error ? error.message : String(error) });
  }
}

process.on("message", (message: ToCode) => {
  if (message.type === "begin") void begin(message);
  else {
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
  }
});
// Whoever started it is gone: it goes on in another process.
process.on("disconnect", () => process.exit(0));
