import {
  alertHoldSchema,
  alertSchema,
  eventSchema,
  gatheredFactSchema,
  healthSchema,
  logRecordSchema,
  maintenanceWindow,
  propertyChangeSchema,
} from "@havn/model";
import { z } from "zod";

/** Answers of the API that the model has no schema for. Additions by a newer server are let through. */

export const environmentsAnswer = z.object({
  environments: z.array(z.object({ environment: z.string(), health: healthSchema })),
});

export const driftAnswer = z.object({
  drift: z.array(
    z.object({
      address: z.string(),
      host: z.string(),
      changes: z.array(propertyChangeSchema),
      error: z.string().optional(),
      since: z.number().optional(),
      evidence: z.array(z.string()).optional(),
    }),
  ),
  checkedAt: z.number().nullish(),
});
export type DriftAnswer = z.infer<typeof driftAnswer>;

export const maintenanceSchema = z.object({
  id: z.string(),
  environment: z.string(),
  host: z.string().nullable(),
  from: z.number(),
  until: z.number(),
  reason: z.string(),
  actor: z.string(),
  hosts: z.array(z.string()),
  recurring: maintenanceWindow.nullable(),
  match: z.array(z.string()),
  next: z.array(z.object({ from: z.number(), until: z.number() })),
});
export const maintenanceAnswer = z.object({
  maintenance: z.array(maintenanceSchema),
  declared: z.array(
    z.object({
      ...{
        environment: z.string(),
        source: z.string(),
        name: z.string(),
        of: z.array(z.string()).nullable(),
      },
      ...{ match: z.array(z.string()), reason: z.string(), when: z.string(), for: z.string() },
      next: z.array(z.object({ from: z.number(), until: z.number() })),
    }),
  ),
});
export type MaintenanceAnswer = z.infer<typeof maintenanceAnswer>;

export const eventsAnswer = z.object({ events: z.array(eventSchema) });
export const alertsAnswer = z.object({
  alerts: z.array(alertSchema.extend({ held: z.array(alertHoldSchema).default([]) })),
});
export const logsAnswer = z.object({ records: z.array(logRecordSchema) });
export const uploadAnswer = z.object({ digest: z.string(), size: z.number() });
export const downAnswer = z.object({ stopped: z.array(z.string()) });
export const signInLink = z.object({ url: z.string(), expiresAt: z.number() });

export const readyAnswer = z.object({
  status: z.string(),
  parts: z.record(z.string(), z.object({ ok: z.boolean(), detail: z.string().optional() })),
});
export type ReadyAnswer = z.infer<typeof readyAnswer>;

const tokenSchema = z.object({
  id: z.string(),
  name: z.string(),
  role: z.string(),
  createdAt: z.number(),
  expiresAt: z.number().nullish(),
  lastUsedAt: z.number().nullish(),
});
export type Token = z.infer<typeof tokenSchema>;
export const secretsAnswer = z.object({
  secrets: z.array(
    z.object({
      environment: z.string(),
      name: z.string(),
      version: z.number(),
      given: z.boolean(),
      createdAt: z.number(),
      createdBy: z.string(),
    }),
  ),
});
export const fingerprintsAnswer = z.object({
  fingerprints: z.array(
    z.object({ name: z.string(), sealed: z.string().optional(), fingerprint: z.string().optional() }),
  ),
});
export const secretVersion = z.object({ version: z.number() });
export const secretValue = z.object({ value: z.string() });
export const recipientsAnswer = z.object({ recipients: z.array(z.string()) });

export const tokensAnswer = z.object({ tokens: z.array(tokenSchema) });
export const newToken = z.object({ id: z.string(), token: z.string() });

/** As Prometheus answers: https://prometheus.io/docs/prometheus/latest/querying/api/ */
const point = z.tuple([z.number(), z.string()]);
const metric = z.record(z.string(), z.string());
/** What an answer stands on: "raw", or how long the buckets are. */
const tiers = z.array(z.object({ resolution: z.string(), exact: z.boolean() })).optional();
export const queryAnswer = z.object({
  status: z.literal("success"),
  data: z.discriminatedUnion("resultType", [
    z.object({ resultType: z.literal("vector"), result: z.array(z.object({ metric, value: point })) }),
    z.object({
      resultType: z.literal("matrix"),
      result: z.array(z.object({ metric, values: z.array(point) })),
    }),
    z.object({ resultType: z.literal("scalar"), result: point }),
    z.object({ resultType: z.literal("string"), result: point }),
  ]),
  tiers,
});
export type QueryAnswer = z.infer<typeof queryAnswer>;

const explainedPart = z.object({
  expression: z.string(),
  where: z.enum(["evaluator", "memory", "store", "memory and store"]),
  how: z.string(),
  series: z.number().optional(),
  tiers: z.array(z.string()).optional(),
  samples: z.number().optional(),
  buckets: z.number().optional(),
  reads: z
    .object({
      index: z.object({ remembered: z.number(), searched: z.number() }),
      memory: z.object({ samples: z.number(), bytes: z.number() }),
      store: z.object({
        queries: z.number(),
        samples: z.number(),
        bytes: z.number(),
        milliseconds: z.number(),
      }),
    })
    .optional(),
  get inner() {
    return z.array(explainedPart).optional();
  },
});
export type ExplainedPart = z.infer<typeof explainedPart>;
export const explainedAnswer = z.object({
  data: z.object({
    explain: z.object({
      plan: explainedPart,
      timings: z.object({ waited: z.number(), read: z.number(), evaluated: z.number() }),
    }),
  }),
  tiers,
});
export type ExplainedAnswer = z.infer<typeof explainedAnswer>;
export const queryError = z.object({ status: z.literal("error"), errorType: z.string(), error: z.string() });

export const factsAnswer = z.object({ facts: z.array(gatheredFactSchema) });

export const unmanagedAnswer = z.object({
  items: z.array(z.object({ kind: z.string(), type: z.string(), name: z.string() })),
  notes: z.array(z.object({ kind: z.string(), name: z.string(), note: z.string() })),
});
export type UnmanagedAnswer = z.infer<typeof unmanagedAnswer>;

export const adoptionAnswer = unmanagedAnswer.extend({
  text: z.string(),
  name: z.string(),
  files: z.array(z.object({ path: z.string(), content: z.string(), encoding: z.enum(["utf8", "base64"]) })),
  secrets: z.array(z.object({ name: z.string(), of: z.string() })),
});
export type AdoptionAnswer = z.infer<typeof adoptionAnswer>;
