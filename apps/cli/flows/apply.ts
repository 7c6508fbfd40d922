import { openAsBlob } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Apply,
  applySchema,
  HavnError,
  hasChanges,
  isWorthApplying,
  type Plan,
  planSchema,
} from "@havn/model";
import { z } from "zod";
import type { Api } from "../api/client.ts";
import { followApply } from "../api/follow.ts";
import { isAway, patiently } from "../api/patience.ts";
import { uploadAnswer } from "../api/schemas.ts";
import type { FileSource } from "../config/file-source.ts";
import { openArtifact, type Source } from "../config/pack.ts";
import { Interrupted } from "../kit/exit.ts";
import type { Io } from "../kit/io.ts";
import { openRegion } from "../kit/region.ts";
import { diagnosticView } from "../views/errors.ts";
import { planView } from "../views/plan.ts";
import { applyResultView, progressLines, progressTree } from "../views/progress.ts";
import type { PlanPart } from "./part.ts";

/** What the flows share: where to ask, whom to tell, when to stop. */
export interface Flow {
  api: Api;
  io: Io;
  signal: AbortSignal;
}

type PlanRequest = (PlanPart & { only?: string[] }) | { destroy: string };

/** Asks for a plan. Its errors are thrown; its warnings are told. */
export async function makePlan({ api, io, signal }: Flow, request: PlanRequest): Promise<Plan> {
  const plan = await patiently(() => api.post("/api/v1/plans", planSchema, { body: request, signal }), {
    signal,
  });
  const errors = plan.diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0)
    throw new HavnError(`${plan.environment} cannot be planned.`, {
      detail: "Nothing was changed.",
      diagnostics: plan.diagnostics,
    });
  for (const warning of plan.diagnostics) io.warn(`${diagnosticView(warning, io.style, io)}\n`);
  return plan;
}

export interface CarryOutOptions {
  plan: Plan;
  sources: readonly (Source | FileSource)[];
  kind: "apply" | "deploy" | "destroy" | "revert";
  /** Skips the question. */
  yes: boolean;
  /** Hears of the ended apply, also of a failed one. */
  onEnded?: ((apply: Apply) => void) | undefined;
  /** Waits for other applies that are at work on the same, then plans again by this. */
  again?: (() => Promise<Plan>) | undefined;
}

/** Shows the plan, asks, uploads what it needs, applies it and follows it to the end. Nothing to do: undefined. */
export async function carryOut(flow: Flow, options: CarryOutOptions): Promise<Apply | undefined> {
  const { io, signal } = flow;
  const { plan, sources, kind, yes } = options;
  io.tell(planView(plan, io.style));
  if (!isWorthApplying(plan)) return undefined;
  // Nothing on any host: nothing to ask about.
  if (!yes && hasChanges(plan)) await confirm(flow, plan, kind);
  await uploadMissing(flow, plan, sources);
  try {
    const apply = await startApply(flow, plan, kind);
    return await follow({ ...flow, signal }, apply, options.onEnded);
  } catch (error) {
    if (!(options.again && error instanceof HavnError && error.status === 409)) throw error;
    await waitForOthers(flow, plan.environment, error);
  }
  return carryOut(flow, { ...options, plan: await options.again() });
}

/** Until one of the environment's running applies has ended. Where none runs it was the plan that had grown old. */
async function waitForOthers({ api, io, signal }: Flow, environment: string, why: HavnError): Promise<void> {
  const query = { environment, steps: "false" };
  const running = async () => {
    const { applies } = await patiently(() => api.get("/api/v1/applies", appliesAnswer, { query, signal }), {
      signal,
    });
    return applies.filter(({ state }) => state === "running").map(({ id }) => id);
  };
  io.tell(`${why.message}: waiting. ${why.detail.split(/\.(?: |$)/)[0]}.`);
  const before = await running();
  while (before.length > 0) {
    const now = await running();
    if (before.some((id) => !now.includes(id))) return;
    await sleep(1000, undefined, { signal }).catch(() => {});
    if (signal.aborted) throw new Interrupted("Nothing was changed: it was still waiting.");
  }
}

async function confirm({ io, signal }: Flow, plan: Plan, kind: string): Promise<void> {
  const { style } = io;
  const otherwise = "Nothing was changed. Look at the plan above; --yes applies it without asking.";
  if (kind === "destroy") {
    const answer = await io.ask(
      `\n${style.bold(`All of this will be gone. Write ${style.red(plan.environment)} to destroy it:`)} `,
      otherwise,
      signal,
    );
    if (answer.trim() !== plan.environment)
      throw new HavnError("Not destroyed: the name was not written", { detail: "Nothing was changed." });
    return;
  }
  const answer = await io.ask(`\n${style.bold("Apply this plan?")} [y/N] `, otherwise, signal);
  if (!/^(y|yes|j|ja)$/i.test(answer.trim()))
    throw new HavnError("Not applied: the answer was no", { detail: "Nothing was changed." });
}

/** Uploads the sources that the server does not have yet. */
async function uploadMissing(
  flow: Flow,
  plan: Plan,
  sources: readonly (Source | FileSource)[],
): Promise<void> {
  for (const digest of plan.missingArtifacts) {
    const source = sources.find((candidate) => candidate.digest === digest);
    if (!source)
      throw new HavnError(`The server asks for a source that this configuration does not have: ${digest}`, {
        detail: "Did a file change since the plan was made? Run the same command again.",
      });
    const started = Date.now();
    const size = await ("file" in source ? uploadFile(flow, source) : uploadFolder(flow, source));
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    flow.io.tell(`Uploaded ${source.path} (${Math.ceil(size / 1000)} kB, ${seconds} s)`);
  }
}

/** Builds and packs it first. Gives its packed size. */
async function uploadFolder({ api, io, signal }: Flow, source: Source): Promise<number> {
  if (source.build) io.tell(`Building ${source.path}: ${source.build.join(" ")}`);
  await using artifact = await openArtifact(source, { signal });
  const upload = { type: "application/gzip", content: artifact.content };
  const path = `/api/v1/artifacts/${source.digest}`;
  await patiently(() => api.put(path, uploadAnswer, { upload, signal }), { signal });
  return artifact.content.size;
}

async function uploadFile(
  { api, io, signal }: Flow,
  { path, file, digest, size }: FileSource,
): Promise<number> {
  io.tell(`Uploading ${path} (${Math.ceil(size / 1000)} kB)`);
  const send = async () => {
    const upload = { type: "application/octet-stream", content: await openAsBlob(file) };
    return api.put(`/api/v1/artifacts/files/${digest}`, uploadAnswer, { upload, signal });
  };
  await patiently(send, { signal });
  return size;
}

const appliesAnswer = z.object({ applies: z.array(applySchema) });

/** Starts the apply once: when the server went away before it answered, asks whether it had begun. Ctrl-C does not cut
 *  this short: whether it began must be known. */
async function startApply({ api }: Flow, plan: Plan, kind: CarryOutOptions["kind"]): Promise<Apply> {
  const signal = AbortSignal.timeout(90_000);
  const body = { planId: plan.id, ...(kind === "deploy" ? { kind } : {}) };
  try {
    return await api.post("/api/v1/applies", applySchema, { body, signal });
  } catch (error) {
    if (!isAway(error)) throw error;
  }
  return patiently(
    async () => {
      const query = { environment: plan.environment, steps: "false" };
      const { applies } = await api.get("/api/v1/applies", appliesAnswer, { query, signal });
      const begun = applies.find((apply) => apply.planId === plan.id);
      return begun ?? (await api.post("/api/v1/applies", applySchema, { body, signal }));
    },
    { signal },
  );
}

/** Shows an apply until it has ended; a failed one is an error. Ctrl-C stops the looking, not the apply. */
export async function follow(
  { api, io, signal }: Flow,
  first: Apply,
  onEnded?: (apply: Apply) => void,
): Promise<Apply> {
  const region = openRegion(io);
  let current = first;
  let lost: string | undefined;
  const tree = () => [
    ...progressTree(current, {
      style: io.style,
      now: Date.now(),
      rows: Math.max(5, (process.stderr.rows ?? 24) - 3),
    }),
    ...(lost ? [io.style.yellow(`  ${lost}: waiting for it to come back; the apply goes on there`)] : []),
  ];
  try {
    if (io.live) io.tell("");
    region.show(tree);
    const ended = await followApply(api, first, {
      signal,
      onChange(apply) {
        if (!io.live) for (const line of progressLines(current, apply)) io.tell(line);
        current = apply;
      },
      onConnection(why) {
        if (!io.live) io.tell(why ? `${why}: waiting for it to come back` : "The server is back");
        lost = why;
      },
    });
    current = ended;
  } catch (error) {
    region.close(io.live ? tree() : undefined);
    if (!signal.aborted) throw error;
    throw new Interrupted(
      `The ${first.kind} goes on in the server. See how with \`havn status\` or \`havn events -f\`.`,
    );
  }
  region.close(io.live ? tree() : undefined);
  onEnded?.(current);
  if (current.state === "succeeded") {
    io.tell(applyResultView(current, io.style));
    return current;
  }
  io.warn(applyResultView(current, io.style));
  throw new HavnError(`The ${current.kind} of ${current.environment} ${current.state}`, {
    detail:
      current.kind === "apply"
        ? "What was done stays done. Mend the cause, then `havn apply --resume` goes on where it stopped, and runs " +
          "nothing again that was done."
        : "What was done stays done. Mend the cause and run the same command again: it goes on from there.",
  });
}
