import { z } from "zod";
import { durationText, timerText } from "./duration.ts";

/**
 * What a check asks, one schema a kind. Declarations may hold references where an agent gets plain text, so the schema
 * of texts is an argument; `packages/alerting/probes/<kind>/` holds what asks.
 */
export const probeSchemas = <Text extends z.ZodType, Url extends z.ZodType>(text: Text, url: Url) =>
  z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("http"),
      url,
      method: z.enum(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]).optional(),
      headers: z.record(z.string(), text).optional(),
      body: text.optional(),
      status: z.union([z.number().int(), z.array(z.number().int()).min(1)]).default(200),
      contains: z.string().optional(),
      matches: regularExpression.optional(),
      json: z
        .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
        .optional()
        .describe('values by path: { "status": "up", "queues[0].length": 0 }'),
      responseHeaders: z.record(z.string(), z.string()).optional().describe("text that each must hold"),
      redirects: z.number().int().min(0).max(20).default(0).describe("how many are followed"),
      slow: timerText.optional().describe("an answer that takes longer is a warning"),
      insecure: z.boolean().optional().describe("any certificate will do"),
      authority: text.optional().describe("PEM of whom to trust instead of the system's authorities"),
    }),
    z.strictObject({
      kind: z.literal("tcp"),
      host: text,
      port,
      send: text.optional(),
      expect: z.string().optional().describe("text that must come"),
      slow: timerText.optional(),
    }),
    z.strictObject({
      kind: z.literal("tls"),
      host: text,
      port: port.default(443),
      name: text.optional().describe("name that the certificate must be for; `host` where left out"),
      warnBefore: durationText.default("21d"),
      criticalBefore: durationText.default("7d"),
      authority: text.optional().describe("PEM of whom to trust instead of the system's authorities"),
    }),
    z.strictObject({
      kind: z.literal("dns"),
      name: text,
      type: z.enum(["A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT", "CAA"]).default("A"),
      server: text.optional().describe("IP address, with :port where it is not 53"),
      expect: z.array(text).optional().describe("answers that must be among those that come"),
    }),
    z.strictObject({
      kind: z.literal("ping"),
      host: text,
      count: z.number().int().min(1).max(20).default(3),
      warning: pingLimits.optional(),
      critical: pingLimits.optional(),
    }),
    z.strictObject({
      kind: z.literal("smtp"),
      host: text,
      port: port.default(25),
      security: z.enum(["none", "starttls", "tls"]).default("none"),
      user: text.optional(),
      password: text.optional(),
      from: text.optional().describe("MAIL FROM is tried with it; nothing is sent"),
      to: text.optional().describe("RCPT TO is tried with it; nothing is sent"),
      name: text.optional().describe("name of the certificate; `host` where left out"),
      insecure: z.boolean().optional(),
      authority: text.optional(),
    }),
    z.strictObject({
      kind: z.literal("postgres"),
      ...database(text, 5432),
      user: text,
      database: text.optional(),
    }),
    z.strictObject({
      kind: z.literal("mysql"),
      ...database(text, 3306),
      user: text,
      database: text.optional(),
    }),
    z.strictObject({
      kind: z.literal("redis"),
      host: text,
      port: port.default(6379),
      user: text.optional(),
      password: text.optional(),
      tls: z.enum(["off", "require"]).default("off"),
      insecure: z.boolean().optional(),
      authority: text.optional(),
      role: z.enum(["master", "slave"]).optional().describe("what it must be"),
    }),
    z.strictObject({
      kind: z.literal("file"),
      path: text,
      warnAge: durationText.optional(),
      criticalAge: durationText.optional(),
      smallest: z.number().int().min(0).optional().describe("bytes"),
      largest: z.number().int().min(0).optional().describe("bytes"),
      absent: z.boolean().optional().describe("it must not be there"),
    }),
    z.strictObject({
      kind: z.literal("process"),
      name: text.optional().describe("of the program, as ps shows it"),
      command: regularExpression.optional().describe("regular expression over the whole command line"),
      user: text.optional(),
      least: z.number().int().min(0).default(1),
      most: z.number().int().min(0).optional(),
    }),
    z.strictObject({ kind: z.literal("unit"), unit: text, state: z.string().default("active") }),
    z.strictObject({
      kind: z.literal("browser"),
      url,
      steps: z.array(browserStep(text)).default([]),
      insecure: z.boolean().optional(),
      program: z.string().optional().describe("Chromium where it is not in PATH"),
    }),
    z.strictObject({
      kind: z.literal("plugin"),
      command: z
        .union([z.string().min(1), z.array(text).min(1)])
        .describe("a Nagios command line with its macros, or program and arguments"),
      arguments: z.array(text).optional().describe("$ARG1$, $ARG2$ …"),
      macros: z.record(z.string(), text).optional().describe('{ HOSTADDRESS: "10.0.0.7" }'),
      env: z.record(z.string(), text).optional().describe("secrets belong here: arguments are seen by all"),
      user: z.string().optional().describe('who runs it; "nobody" where the agent is root'),
    }),
    z.strictObject({
      kind: z.literal("nrpe"),
      host: text,
      port: port.default(5666),
      command: z.string().regex(/^[^!\0]+$/),
      arguments: z.array(text).optional(),
      version: z.union([z.literal(2), z.literal(3), z.literal(4)]).default(4),
      tls: z.enum(["anonymous", "certificate", "off"]).default("anonymous"),
      authority: text.optional().describe("PEM of whom to trust, for tls: certificate"),
      certificate: text.optional(),
      key: text.optional(),
    }),
  ]);

/** What is not asked but told to Havn. */
export const toldProbes = [
  z.strictObject({
    kind: z.literal("passive"),
    freshness: timerText.optional().describe("how long a result holds; none came in time: `stale`"),
    stale: z.enum(["warning", "critical", "unknown"]).default("unknown"),
    nagios: z
      .strictObject({ host: z.string().min(1), service: z.string().optional() })
      .optional()
      .describe("under which names NSCA's clients send"),
  }),
  z.strictObject({
    kind: z.literal("heartbeat"),
    every: timerText.describe("how often the job tells that it is well"),
    grace: durationText.default("0s").describe("how much later it may come"),
    longest: timerText.optional().describe("from start to finish"),
  }),
] as const;

const port = z.number().int().min(1).max(65_535);
const pingLimits = z.strictObject({
  rtt: timerText.optional().describe("of round trips, on average"),
  loss: z.number().min(0).max(100).optional().describe("per cent"),
});
/** RE2's; who plans a check reads it. */
const regularExpression = z.string().max(10_000);

const database = <Text extends z.ZodType>(text: Text, usual: number) => ({
  host: text,
  port: port.default(usual),
  password: text.optional(),
  tls: z.enum(["off", "prefer", "require", "verify"]).default("prefer"),
  authority: text.optional(),
  query: z.string().optional().describe("its first value becomes a series"),
  expect: z.string().optional().describe("what the first value must be, as text"),
});

const browserStep = <Text extends z.ZodType>(text: Text) =>
  z.union([
    z.strictObject({ open: text }),
    z.strictObject({ click: z.string() }),
    z.strictObject({ fill: z.string(), with: text }),
    z.strictObject({ press: z.string() }),
    z.strictObject({ see: z.string().describe("a selector, or text=…") }),
    z.strictObject({ gone: z.string() }),
    z.strictObject({ title: z.string() }),
    z.strictObject({ at: z.string().describe("part of the address") }),
  ]);

/** As an agent gets it: every reference resolved. */
export const probeSchema = probeSchemas(z.string(), z.string());
export type ProbeSpec = z.infer<typeof probeSchema>;
export type ProbeKind = ProbeSpec["kind"];
export type ProbeOf<K extends ProbeKind> = Extract<ProbeSpec, { kind: K }>;
