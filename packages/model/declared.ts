import { z } from "zod";
import { dnsLabel } from "./address.ts";
import { checkRules } from "./checks.ts";
import { durationText, findDuration, timerText } from "./duration.ts";
import { enforcementSchema } from "./graph.ts";
import { maintenanceWindow } from "./maintenance.ts";
import { probeSchemas, toldProbes } from "./probes.ts";
import { referenceSchema, textReference } from "./references.ts";

/**
 * Properties of the resource types that the control plane itself makes real. (Types that live on a host have their
 * schemas in packages/infrastructure/resources/<type>/definition.ts.)
 */

const port = z.number().int().min(1).max(65_535);
/** Part of a request line and of HAProxy's configuration: nothing in it may end either. */
const requestPath = z
  .string()
  .regex(/^\/[\x21-\x7e]*$/, 'expected a path such as "/healthz": a slash, then no blanks');
const variableName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "expected names of letters, digits and underscores, such as LOG_LEVEL");

const labelName = z
  .string()
  .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, "expected a label such as team: letters, digits and underscores");

/** Type `machine`: a computer that Havn makes. */
export const machineProperties = z.strictObject({
  provider: z.literal("nspawn").default("nspawn"),
  image: z.literal("debian-12").default("debian-12"),
  memory: z
    .string()
    .regex(/^\d+[MG]$/)
    .optional()
    .describe('upper bound, for example "512M"'),
  cpus: z.number().positive().optional().describe("upper bound in cores"),
});
export type MachineProperties = z.infer<typeof machineProperties>;

/** Looking costs the host something each time: not more often than this. */
export const driftInterval = durationText.refine(
  (text) => (findDuration(text) ?? 0) >= 10_000 && (findDuration(text) ?? 0) <= 86_400_000,
  { message: 'expected a duration from 10s to 1d, such as "5m"' },
);

/** Type `host`: where an agent runs. Exactly one of the three ways to reach it. */
export const hostProperties = z.strictObject({
  via: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("this-computer") }),
    z.strictObject({ kind: z.literal("machine"), machine: dnsLabel.describe("name of a machine resource") }),
    z.strictObject({
      kind: z.literal("ssh"),
      address: z.string(),
      port: port.default(22),
      user: z.string().default("root"),
      identityFile: z.string().optional(),
      hostKey: z
        .string()
        .regex(
          /^(SHA256:[A-Za-z0-9+/]{43}|(ssh|ecdsa|sk)-\S+ [A-Za-z0-9+/]+=*)$/,
          "expected SHA256:… or ssh-ed25519 AAAA…",
        )
        .optional()
        .describe("its public key or the fingerprint of it; any other is refused"),
      jump: z
        .string()
        .regex(/^[A-Za-z0-9_.@:[\]%,-]+$/, "expected user@host:port, several of them with commas")
        .optional()
        .describe("the way there, as ssh -J takes it"),
      dialBack: z
        .enum(["direct", "tunnel"])
        .optional()
        .describe("how its agent reaches the control plane; unset: a tunnel where there is a jump"),
    }),
  ]),
  labels: z.record(z.string(), z.string()).default({}),
  groups: z.array(z.string()).optional().describe("of an inventory; hosts are chosen by them: @group"),
  /** What the agent does about drift between applies. */
  mode: enforcementSchema.default("noop"),
  driftInterval: driftInterval.optional().describe("how often the agent looks at everything"),
  maintenance: z.array(maintenanceWindow).max(50).optional().describe("when the agent mends nothing"),
});
export type HostProperties = z.infer<typeof hostProperties>;

const webAddress = z
  .string()
  .refine(
    (text) => /^https?:/.test(text) && URL.canParse(text),
    "expected an address that begins with http:// or https://",
  );
const textOrReference = z.union([z.string(), referenceSchema, textReference]);

/** Type `service`: what is deployed. */
export const serviceProperties = z.strictObject({
  source: z.strictObject({
    /** Folder as the user wrote it, relative to the configuration file. */
    path: z.string(),
    /** sha256 over every file's path, mode and content, and the build command. Names the artifact. */
    digest: z.string(),
  }),
  build: z.array(z.string()).optional().describe("run in a copy of the source where the command line runs"),
  command: z
    .array(z.string())
    .min(1)
    .refine(([program]) => program !== "", 'expected a program first, such as "node"'),
  hosts: z.array(dnsLabel).min(1),
  env: z.record(variableName, textOrReference).default({}),
  /** Where instances listen: release N on a host takes `port`, the next one `port + 1`, then `port` again. Without
   *  a balancer it is always `port` and a rollout stops the old instance first. */
  port: z.number().int().min(1).max(65_534),
  health: z
    .strictObject({
      path: requestPath.default("/healthz"),
      interval: timerText.default("1s"),
      timeout: timerText.default("2s"),
    })
    .prefault({}),
  metrics: requestPath.optional().describe('path of Prometheus metrics, for example "/metrics"'),
  stopGrace: durationText.default("10s"),
  startTimeout: timerText.default("60s"),
});
export type ServiceProperties = z.infer<typeof serviceProperties>;

/** Type `balancer`: HAProxy on a host, in front of one service. */
export const balancerProperties = z.strictObject({
  host: dnsLabel,
  service: dnsLabel,
  port: port.default(80),
});
export type BalancerProperties = z.infer<typeof balancerProperties>;

/** Type `check`: what is asked again and again, or told to Havn. */
export const checkProperties = z.strictObject({
  from: dnsLabel.optional().describe("host whose agent asks; the control plane itself where left out"),
  interval: timerText.default("5s"),
  timeout: timerText.default("3s"),
  probe: z.discriminatedUnion("kind", [
    ...probeSchemas(textOrReference, z.union([webAddress, referenceSchema, textReference])).options,
    ...toldProbes,
  ]),
  severity: z.enum(["info", "warning", "critical"]).default("critical"),
  ...checkRules,
  parents: z.array(dnsLabel).default([]).describe("checks that the way there leads through"),
  dependencies: z
    .array(
      z.strictObject({
        on: dnsLabel,
        failWhen: z.array(z.enum(["warning", "critical", "unknown"])).default(["critical", "unknown"]),
      }),
    )
    .default([])
    .describe("while such a check is in such a state, nobody is told of this one"),
  labels: z.record(labelName, z.string()).default({}).describe("put on its alerts and series"),
});
export type CheckProperties = z.infer<typeof checkProperties>;

/** Type `nrpe`: an agent that answers check_nrpe, with the commands that are declared and no other. */
export const nrpeProperties = z.strictObject({
  host: dnsLabel,
  port: port.default(5666),
  listen: z.string().default("0.0.0.0"),
  allow: z.array(z.string()).min(1).describe("addresses and networks that may ask"),
  tls: z.enum(["anonymous", "off"]).default("anonymous"),
  arguments: z.boolean().default(false).describe("whether askers may give arguments ($ARG1$ …)"),
  commands: z.record(
    z.string().regex(/^[\w.-]+$/, "expected a name such as check_load"),
    z.strictObject({
      command: z.string().min(1),
      timeout: timerText.default("10s"),
      user: z.string().optional().describe('who runs it; "nobody" where the agent is root'),
    }),
  ),
});

export type NrpeProperties = z.infer<typeof nrpeProperties>;

/** What a rule finds wrong beyond what its expression says by itself: see packages/alerting/rules/detect/. */
export const alertDetect = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("expected"),
    of: z.enum(["hosts", "instances", "targets"]).describe("what the graph says there should be"),
    only: z.array(z.string()).optional().describe("only these hosts, services or jobs"),
  }),
  z.strictObject({
    kind: z.literal("band"),
    ...{ season: durationText.default("1w"), seasons: z.number().int().min(1).max(52).default(4) },
    window: timerText.default("20m").describe("how far around the same time of a season counts"),
    deviations: z.number().positive().default(4).describe("robust standard deviations (1.4826 × MAD)"),
    tolerance: z
      .number()
      .min(0)
      .default(0.1)
      .describe("share of the median that is never called unusual, however calm the past was"),
    side: z.enum(["both", "above", "below"]).default("both"),
  }),
  z
    .strictObject({
      kind: z.literal("ratio"),
      ...{ season: durationText.default("1w"), seasons: z.number().int().min(1).max(52).default(4) },
      window: timerText.default("20m"),
      above: z.number().positive().optional(),
      below: z.number().positive().optional(),
    })
    .refine(
      ({ above, below }) => above !== undefined || below !== undefined,
      "a ratio needs above, below, or both",
    ),
  z.strictObject({
    kind: z.literal("forecast"),
    over: timerText.default("6h").describe("how much of the past the line is drawn through"),
    within: durationText.default("4h").describe("how soon it must come"),
    reaches: z.number().describe("the value that is meant"),
    towards: z.enum(["down", "up"]).default("down"),
  }),
  z.strictObject({
    kind: z.literal("logs"),
    contains: z.string().min(1).optional().describe("part of the line, in any case"),
    severity: z
      .enum(["trace", "debug", "info", "warn", "error", "fatal"])
      .optional()
      .describe("this or worse"),
    service: dnsLabel.optional(),
    host: dnsLabel.optional(),
    over: timerText.default("5m"),
    above: z.number().int().min(0).default(0).describe("more lines than so many, of one service and host"),
  }),
]);
export type AlertDetect = z.infer<typeof alertDetect>;

/** What is kept is let go by whole days. */
const keepText = durationText.refine((text) => (findDuration(text) ?? 0) >= 86_400_000, {
  message: 'expected at least a day, such as "30d"',
});

/** Type `alert`: a rule over metrics, as in Prometheus. */
export const alertProperties = z
  .strictObject({
    expr: z.string().default("").describe("PromQL; each series of the result is an alert"),
    for: durationText.default("0s"),
    keepFiringFor: durationText.optional().describe("how long it goes on when its expression holds no more"),
    interval: timerText.optional().describe("how often it is evaluated; 5s where left out"),
    severity: z.enum(["info", "warning", "critical"]).default("warning"),
    summary: z.string().describe("a template, as all texts: {{ $labels.x }} and {{ $value }} are filled in"),
    labels: z.record(labelName, z.string()).optional().describe("templates"),
    annotations: z.record(labelName, z.string()).optional().describe("templates"),
    detect: alertDetect.optional(),
  })
  .refine(({ expr, detect }) => (expr === "") === (detect?.kind === "logs"), {
    message: "expected an expression (and none for a rule over log lines)",
    path: ["expr"],
  });
export type AlertProperties = z.infer<typeof alertProperties>;

/** Type `retention`: how long series of the environment are kept that match. */
export const retentionProperties = z.strictObject({
  match: z.string().describe("PromQL selector"),
  keep: keepText.describe("how long samples are kept"),
  fiveMinutes: durationText.default("90d").describe('what they were by five minutes; "0s": not kept'),
  hours: durationText.default("730d").describe('what they were by hours; "0s": not kept'),
});
export type RetentionProperties = z.infer<typeof retentionProperties>;

/** The types above: planned and made real by the control plane, not by an agent. */
export const controlPlaneTypes = [
  "machine",
  "host",
  "service",
  "balancer",
  "check",
  "nrpe",
  "alert",
  "route",
  "contact",
  "team",
  "schedule",
  "escalation",
  "receiver",
  "scrape",
  "rules",
  "runbook",
  "statuspage",
  "maintenance",
  "dashboard",
  "retention",
] as const;
