import { createRouting, type Routing } from "@havn/alerting/testing";
import type { Channel, ContactProperties, EscalationProperties } from "@havn/model";
import { createDelivery, createPaging, type Message, type PagingOptions } from "@havn/response/testing";
import { type Disk, diskLedger, diskRouting } from "./disk.ts";
import { simulatedWorkflows } from "./workflows.ts";
import { connection, never, type World } from "./world.ts";

export const key = "simulated";

/** What may be exchanged for something that is wrong on purpose. */
export interface Planted extends Pick<PagingOptions, "decide" | "attemptId"> {
  /** Says that a notification is taken in ten seconds before it is. */
  deliverEarly?: boolean;
}

/** Two people, one after the other, with two ways each. */
const contacts: Record<string, ContactProperties> = {
  ada: { ways: [{ via: way("ada-push") }, { via: way("ada-chat"), after: "2m" }] },
  bo: { ways: [{ via: way("bo-push") }, { via: way("bo-chat") }] },
};
const escalation: EscalationProperties = {
  levels: [
    { targets: [{ kind: "person", name: "ada" }], timeout: "5m" },
    { targets: [{ kind: "person", name: "bo" }], timeout: "5m" },
  ],
  acknowledgedFor: "30m",
};

function way(name: string): Channel {
  return { kind: "webhook", url: `http://provider.test/${name}` };
}

/** A control plane's alert routing and paging, as apps/server/main.ts puts them together, on a disk that may be cut off. */
export interface Plane {
  routing: Routing;
  /** A person opens the link and answers. */
  answer(token: string): Promise<boolean | undefined>;
  failures: readonly unknown[];
}

export async function startPlane(
  world: World,
  disk: Disk,
  { send, planted }: { send(channel: Channel, message: Message): Promise<string>; planted: Planted },
): Promise<Plane> {
  const { life } = world;
  const way = connection(world, life);
  const ledger = diskLedger(disk, way);
  const workflows = simulatedWorkflows(world, { disk, connection: way, life });
  const clock = {
    now: world.wall.now,
    sleep: async (milliseconds: number, signal?: AbortSignal) => {
      await world.wall.sleep(milliseconds, signal);
      if (world.life !== life) await never();
    },
  };
  const paging = createPaging({
    ...planted,
    ...{ ledger, clock, workflows, answerKey: key },
    timeline: { write: way.check },
    contact: (_environment, person) => contacts[person],
    answerUrl: (token) => `http://havn.test/answer/${token}`,
    resolve: async (_environment, value) => value,
    async send(channel, message) {
      const said = await send(channel, message);
      if (world.life !== life) await never();
      return said;
    },
  });
  const people = {
    receiver: () => ({ channels: [], escalation: "shop", incident: false, sendResolved: true }),
    escalation: () => escalation,
    snapshot: (_environment: string, { levels }: EscalationProperties) => ({
      levels: levels.map(({ targets }) => ({
        people: targets.map(({ name }) => ({ person: name, because: "named" })),
        timeout: 300_000,
      })),
      missing: [],
    }),
  };
  const taking = { people, publicUrl: () => "http://havn.test", now: clock.now };
  const take = createDelivery({ ledger, paging, timeline: { write: way.check }, taking });
  const routing = await createRouting({
    ...{ store: diskRouting(disk, way), clock, log: () => {} },
    async deliver(notifications) {
      if (!planted.deliverEarly) return await take(notifications);
      void clock.sleep(60_000).then(() => take(notifications).catch(() => {}));
    },
  });
  workflows.recover();
  const again = async (work: () => Promise<unknown>, everyMs: number): Promise<void> => {
    for (;;) {
      // What fails while the database is away is done the next time.
      await work().catch(() => {});
      await clock.sleep(everyMs);
    }
  };
  void again(paging.sweep, 30_000);
  void routing.start(new AbortController().signal);
  return { routing, answer: paging.answer, failures: workflows.failures };
}
