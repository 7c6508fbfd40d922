import {
  eventSchema,
  incidentActionSchema,
  incidentNoteSchema,
  incidentSchema,
  receiverViewSchema,
} from "@havn/model";
import { z } from "zod";

/** Answers about people, silences and incidents. Additions by a newer server are let through. */

const segment = z.object({
  from: z.number(),
  to: z.number(),
  person: z.string(),
  source: z.looseObject({ kind: z.string(), layer: z.string().optional(), id: z.string().optional() }),
});
export const onCallAnswer = z.object({
  schedules: z.array(
    z.object({
      environment: z.string(),
      name: z.string(),
      zone: z.string(),
      now: segment,
      next: segment.optional(),
      gaps: z.array(segment),
    }),
  ),
});
export type OnCallAnswer = z.infer<typeof onCallAnswer>;
export const segmentsAnswer = z.object({ segments: z.array(segment) });
export type Segment = z.infer<typeof segment>;
export const newOverride = z.object({ id: z.string() });

export const receiversAnswer = z.object({ receivers: z.array(receiverViewSchema) });
export const incidentsAnswer = z.object({ incidents: z.array(incidentSchema) });
export const incidentAnswer = z.object({
  incident: incidentSchema,
  services: z.array(z.string()),
  timeline: z.array(eventSchema),
  suspects: z.array(z.object({ event: eventSchema, score: z.number(), evidence: z.array(z.string()) })),
  links: z.array(
    z.object({
      kind: z.string(),
      title: z.string(),
      expr: z.string().optional(),
      labels: z.record(z.string(), z.string()).optional(),
    }),
  ),
  notes: z.array(incidentNoteSchema),
  actions: z.array(incidentActionSchema),
  attempts: z.array(
    z.object({
      person: z.string().nullable(),
      channel: z.string(),
      number: z.number(),
      begunAt: z.number(),
      acceptedAt: z.number().nullable(),
      openedAt: z.number().nullable(),
      acknowledgedAt: z.number().nullable(),
      failure: z.string().nullable(),
    }),
  ),
});
export type IncidentAnswer = z.infer<typeof incidentAnswer>;
export const postmortemAnswer = z.object({ markdown: z.string() });
export const doneAnswer = z.object({ done: z.boolean() });

export const newSilence = z.object({ silenceID: z.string() });
export const silencesAnswer = z.array(
  z.object({
    id: z.string(),
    status: z.object({ state: z.string() }),
    matchers: z.array(
      z.object({ name: z.string(), value: z.string(), isRegex: z.boolean(), isEqual: z.boolean() }),
    ),
    endsAt: z.string(),
    createdBy: z.string(),
    comment: z.string(),
  }),
);
export type Silences = z.infer<typeof silencesAnswer>;
const covered = z.object({ address: z.string(), alertname: z.string(), certainty: z.string() });
export const previewAnswer = z.object({
  alerts: z.array(z.object({ summary: z.string() })),
  checks: z.array(covered),
  rules: z.array(covered),
  resources: z.array(covered),
  pages: z.object({
    days: z.number(),
    sent: z.number(),
    held: z.number(),
    examples: z.array(
      z.object({ at: z.number(), incident: z.number(), title: z.string(), person: z.string() }),
    ),
  }),
});
export const maintenancePreview = z.object({
  next: z.array(z.object({ from: z.number(), until: z.number() })),
  covers: previewAnswer,
});
export type PreviewAnswer = z.infer<typeof previewAnswer>;
