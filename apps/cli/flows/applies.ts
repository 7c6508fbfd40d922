import { type Apply, applySchema, HavnError } from "@havn/model";
import { z } from "zod";
import type { Api } from "../api/client.ts";

const answer = z.object({ applies: z.array(applySchema) });

/** Newest first, at most 100, with counts of their steps instead of each; of all environments where none is named. */
export const listApplies = async (
  api: Api,
  environment: string | undefined,
  signal: AbortSignal,
): Promise<Apply[]> => {
  const query = { environment, steps: "false" };
  return (await api.get("/api/v1/applies", answer, { query, signal })).applies;
};

/** By its id, the first characters of it, or `latest`: the newest of the environment. */
export async function findApply(
  api: Api,
  { named, environment, signal }: { named: string; environment: string | undefined; signal: AbortSignal },
): Promise<Apply> {
  if (/^apply-[0-9a-f-]{36}$/.test(named))
    return api.get(`/api/v1/applies/${encodeURIComponent(named)}`, applySchema, { signal });
  const applies = await listApplies(api, environment, signal);
  const prefix = named.startsWith("apply-") ? named : `apply-${named}`;
  const found = named === "latest" ? applies.slice(0, 1) : applies.filter(({ id }) => id.startsWith(prefix));
  const [only] = found;
  if (only && found.length === 1)
    return api.get(`/api/v1/applies/${encodeURIComponent(only.id)}`, applySchema, { signal });
  throw new HavnError(
    found.length === 0 ? `There is no apply "${named}"` : `"${named}" could be ${found.length} applies`,
    { detail: "`havn applies` lists the last hundred; name one by its id or the beginning of it." },
  );
}

/** The part of an id that a person reads and types. */
export const shortId = (id: string): string => id.replace(/^(apply-[0-9a-f]{8}).*$/, "$1");
