/**
 * Who may import whom, by room. apps → domains → engines → base; what is not listed is forbidden. A test folder or file
 * (testing/, *.test.ts, bench) may import testkit and testing doors besides.
 */
export interface Layer {
  rooms: readonly string[];
  /** Layers whose rooms it may import. */
  mayImport: readonly string[];
  /** Why not the others: shown when the rule is broken. */
  because: string;
}

export const layers: Readonly<Record<string, Layer>> = {
  base: {
    rooms: ["model", "postgres", "clickhouse", "workflows", "timeline", "http"],
    mayImport: ["base"],
    because: "base holds no decisions: what decides is built on it, never under it",
  },
  engines: {
    rooms: ["plan", "promql", "prometheus", "grafana", "sops"],
    mayImport: ["base"],
    because: "engines compute on what they are given, so that cases alone can prove them",
  },
  sdk: {
    rooms: ["sdk"],
    mayImport: ["base", "engines"],
    because: "the SDK runs inside a user's configuration, which has no network and no server",
  },
  domains: {
    rooms: [
      "fleet",
      "infrastructure",
      "telemetry",
      "alerting",
      "response",
      "delivery",
      "protection",
      "security",
      "access",
      "insight",
    ],
    mayImport: ["base", "engines"],
    because: "a domain declares the interface that it needs, and apps/server/main.ts hands it over",
  },
  tests: {
    rooms: ["testkit"],
    mayImport: ["base", "domains"],
    because: "the lab stands on the product's own machine provider, and nothing stands on the lab but tests",
  },
  apps: {
    rooms: ["server", "agent", "cli", "web"],
    mayImport: ["base", "engines", "sdk", "domains"],
    because: "an app is a process: it wires rooms together, and nobody builds on it",
  },
};

/** Doors that any room may use though its layer may not: words, not decisions. */
export const openDoors: Readonly<Record<string, string>> = {
  "@havn/fleet/protocol": "the words that the control plane and agents exchange: schemas only",
  "@havn/infrastructure/definitions":
    "the schemas and pure differences of resource types, which the SDK checks with",
  "@havn/web": "the page, which the server builds and serves",
};

/** Doors that the agent may load: it is one small bundle on every host. */
export const agentDoors: readonly string[] = [
  "@havn/model",
  "@havn/fleet/protocol",
  "@havn/fleet/copy",
  "@havn/infrastructure/host",
  "@havn/telemetry/agent",
  "@havn/delivery/agent",
  "@havn/alerting/agent",
];

export interface Ban {
  /** Rooms that it is about. */
  rooms: readonly string[];
  pattern: RegExp;
  /** What was found, in words. */
  what: string;
  because: string;
}

const pure = ["model", "plan", "promql", "prometheus", "grafana", "sdk", "sops"];

/** What must not stand in the code of certain rooms (tests aside). */
export const bans: readonly Ban[] = [
  {
    rooms: pure,
    pattern:
      /from "(node:(fs|net|http|https|child_process|dgram|tls|worker_threads|cluster|dns)(\/\w+)?|fastify|postgres|chdb|ws|@dbos-inc\/[\w-]+)"/,
    what: "an import that reaches outside",
    because: "model, engines and SDK are pure: what they need is an argument",
  },
  {
    rooms: ["plan", "promql", "prometheus", "grafana", "sdk", "sops"],
    pattern: /\bDate\.now\(\)|\bnew Date\(\)|\bMath\.random\(\)|\bperformance\.now\(\)/,
    what: "a look at the clock, or chance",
    because: "the same input must give the same answer: time is an argument",
  },
];
