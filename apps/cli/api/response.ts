import { eventSchema } from "@havn/model";
import { z } from "zod";

/** Answers about people, silences and incidents. Additions by a newer server are let through. */

const segment = z.object({
  from: z.number(),
  to: z.number(),
  person: z.string(),
  source: z.looseObject({ kind: z.string() }),
});
export const onCallAnswer = z.object({
  schedules: z.array(
    z.object({
      environment: z.string(),
      name: z.string(),
      now: segment,
      next: segment.optional(),
      gaps: z.array(segment),
    }),
  ),
});
export type OnCallAnswer = z.infer<typeof onCallAnswer>;

const incident = z.object({
  id: z.number(),
  environment: z.string().nullable(),
  title: z.string(),
  severity: z.string(),
  state: z.string(),
  openedAt: z.number(),
  resolvedAt: z.number().nullable(),
});
export const incidentsAnswer = z.object({ incidents: z.array(incident) });
export const incidentAnswer = z.object({
  incident,
  timeline: z.array(eventSchema),
  suspects: z.array(z.object({ event: eventSchema, score: z.number(), evidence: z.array(z.string()) })),
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
export type Incident = z.infer<typeof incident>;
export type IncidentAnswer = z.infer<typeof incidentAnswer>;
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
export const previewAnswer = z.object({ alerts: z.array(z.object({ summary: z.string() })) });
