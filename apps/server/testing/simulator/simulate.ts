import type { Channel } from "@havn/model";
import { type Message, readAnswer } from "@havn/response/testing";
import { emptyDisk } from "./disk.ts";
import { type Arrival, type Episode, findViolations } from "./invariants.ts";
import { key, type Plane, type Planted, startPlane } from "./plane.ts";
import { createWorld, type World } from "./world.ts";

export interface Outcome {
  seed: number;
  faults: Record<Fault, number>;
  /** Notifications that providers accepted. */
  arrivals: number;
  incidents: number;
  /** What must not be, in words. */
  violations: string[];
}

const faultKinds = ["kill", "database", "provider down", "partition", "clock step"] as const;
export type Fault = (typeof faultKinds)[number];

const minute = 60_000;
/** How long faults go on, and how long the world is left in peace afterwards. */
const troubledMs = 90 * minute;
const peaceMs = 150 * minute;

/** Everything about one life of a control plane under faults, made from a seed. `faults`: how many. */
export async function simulate(
  seed: number,
  { faults: count, planted = {} }: { faults: number; planted?: Planted },
): Promise<Outcome> {
  const world = createWorld(seed);
  const { chance, time } = world;
  const properties = {
    ...{
      receiver: "oncall",
      groupBy: ["service"],
      groupWait: "5s",
      groupInterval: "1m",
      repeatInterval: "4h",
    },
  };
  const disk = emptyDisk([{ address: "shop/route/all", environment: "shop", name: "all", properties }]);
  const providers = createProviders(world);
  const boot = () => startPlane(world, disk, { send: providers.send, planted });
  let plane: Plane = await boot();
  const now = () => plane;

  const alerts = Array.from({ length: 3 }, (_, index) => alertHistory(world, index, now));
  const faults = Object.fromEntries(faultKinds.map((kind) => [kind, 0])) as Record<Fault, number>;
  const end = time.now() + troubledMs;
  const causing = (async () => {
    for (let n = 0; n < count; n++) {
      await time.sleep(chance.between(0, (2 * troubledMs) / count));
      if (time.now() > end) return;
      const kind = faultKinds[chance.below(faultKinds.length)] ?? "kill";
      faults[kind] += 1;
      if (kind === "kill") {
        world.kill();
        // Its supervisor starts another.
        await time.sleep(chance.between(100, 20_000));
        plane = await untilBooted(boot, world);
      } else if (kind === "database") world.databaseBackAt = time.now() + chance.between(500, 30_000);
      else if (kind === "clock step") world.step(Math.round(chance.between(-5 * minute, 5 * minute)));
      else providers.fail(kind, chance.between(minute / 2, 8 * minute));
    }
  })();
  const answering = providers.answerSometimes(now);
  await time.advance(troubledMs * 2);
  await causing;
  providers.heal();
  world.databaseBackAt = 0;
  await time.advance(peaceMs);
  answering.stop();
  const violations = [
    ...findViolations({
      ...{
        disk,
        arrivals: providers.arrivals,
        now: time.now(),
        wallNow: world.wall.now(),
        steps: world.steps,
      },
      episodes: alerts.map(({ episodes }) => episodes),
    }),
    ...plane.failures.map((error) => `a workflow failed: ${error instanceof Error ? error.stack : error}`),
  ];
  world.kill();
  return {
    ...{ seed, faults, arrivals: providers.arrivals.length, incidents: disk.tables.incidents.size },
    violations,
  };
}

async function untilBooted(boot: () => Promise<Plane>, world: World): Promise<Plane> {
  for (;;) {
    try {
      return await boot();
    } catch {
      // The database is away: it ends, and is started again.
      world.kill();
      await world.time.sleep(1000);
    }
  }
}

/** One alert that comes and goes; its sender tells each change until it was accepted, as Prometheus does. */
function alertHistory(world: World, index: number, plane: () => Plane): { episodes: Episode[] } {
  const { chance, time } = world;
  const labels = { alertname: `alert-${index}`, service: `service-${index % 2}`, severity: "critical" };
  const episodes: Episode[] = [];
  const send = async (begun: number, ended?: number): Promise<number> => {
    for (;;) {
      const wall = world.wall.now();
      const alert = {
        ...{ labels, annotations: { summary: labels.alertname }, generatorUrl: "", startsAt: wall },
        endsAt: ended === undefined ? wall + 48 * 60 * minute : wall,
      };
      const outcome = await Promise.race([
        plane()
          .routing.receive([alert])
          .then(
            () => true,
            () => false,
          ),
        time.sleep(5000).then(() => false),
      ]);
      if (outcome) return time.now();
      await time.sleep(1000);
      void begun;
    }
  };
  void (async () => {
    const stop = time.now() + troubledMs;
    await time.sleep(chance.between(0, 10 * minute));
    while (time.now() < stop) {
      const firing = await send(time.now());
      const episode: Episode = { alertname: labels.alertname, acceptedAt: firing, resolvedAt: undefined };
      episodes.push(episode);
      await time.sleep(chance.between(minute, 40 * minute));
      // The last one may go on to the end.
      if (time.now() >= stop && chance.next() < 0.5) return;
      episode.resolvedAt = await send(firing, time.now());
      await time.sleep(chance.between(2 * minute, 15 * minute));
    }
  })();
  return { episodes };
}

function createProviders(world: World) {
  const { chance, time } = world;
  const arrivals: Arrival[] = [];
  const down = new Map<string, { until: number; kind: "provider down" | "partition" }>();
  const names = ["ada-push", "ada-chat", "bo-push", "bo-chat"];
  let answers = true;
  let plane: (() => Plane) | undefined;

  const receive = (to: string, message: Message): void => {
    const token = message.url.split("/").at(-1) ?? "";
    const about = readAnswer(token, key);
    if (!about) throw new Error("a page without its link");
    arrivals.push({ id: message.id, to, ...about, at: time.now() });
    // Some people answer, some of them late.
    if (answers && plane && chance.next() < 0.3) void answerLater(plane, token);
  };
  const answerLater = async (current: () => Plane, token: string): Promise<void> => {
    await time.sleep(chance.between(5000, 10 * minute));
    await current()
      .answer(token)
      .catch(() => {});
  };
  return {
    arrivals,
    async send(channel: Channel, message: Message): Promise<string> {
      const to = "url" in channel ? String(channel.url).slice("http://provider.test/".length) : "";
      await time.sleep(chance.between(5, 400));
      const trouble = down.get(to);
      if (trouble && trouble.until > time.now()) {
        if (trouble.kind === "provider down") throw new Error("answered 503");
        // It may have arrived: the answer is lost, or the question was.
        if (chance.next() < 0.5) receive(to, message);
        await time.sleep(15_000);
        throw new Error("gave up");
      }
      receive(to, message);
      await time.sleep(chance.between(5, 400));
      return "answered 200";
    },
    fail(kind: "provider down" | "partition", milliseconds: number) {
      for (const name of names)
        if (chance.next() < 0.6) down.set(name, { until: time.now() + milliseconds, kind });
    },
    heal: () => down.clear(),
    answerSometimes(current: () => Plane) {
      plane = current;
      return {
        stop() {
          answers = false;
        },
      };
    },
  };
}
