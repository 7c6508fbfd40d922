import type { Api } from "../api/client.ts";
import { type OnCallAnswer, onCallAnswer } from "../api/response.ts";
import { UsageError } from "../kit/exit.ts";

/** The schedule that is meant: by its name, with its environment (`prod/primary`) where several are called so. */
export async function chooseSchedule(
  api: Api,
  wanted: string,
  signal: AbortSignal,
): Promise<OnCallAnswer["schedules"][number]> {
  const { schedules } = await api.get("/api/v1/oncall", onCallAnswer, { signal });
  const fullName = (one: { environment: string; name: string }) => `${one.environment}/${one.name}`;
  const found = schedules.filter((one) => one.name === wanted || fullName(one) === wanted);
  const [only] = found;
  if (only && found.length === 1) return only;
  const among = (only ? found : schedules).map(fullName).join(", ");
  throw new UsageError(
    only ? `Several schedules are called ${wanted}` : `There is no schedule ${wanted}`,
    among === "" ? "Declare one with schedule(…) in havn.config.ts." : `There is: ${among}.`,
  );
}

export const schedulePath = ({ environment, name }: { environment: string; name: string }) =>
  `/api/v1/schedules/${encodeURIComponent(environment)}/${encodeURIComponent(name)}`;
