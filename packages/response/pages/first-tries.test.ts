import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { Channel } from "@havn/model";
import { virtualClock } from "@havn/testkit";
import { createDelivery } from "../incidents/delivery.ts";
import type { Ledger } from "../ledger.ts";
import type { Message } from "../notifiers/index.ts";
import type { Notice } from "../store.ts";
import { createFirstTries } from "./first-tries.ts";

function notice(id: string, channel: string): Notice {
  const words = {
    state: "firing",
    severity: "critical",
    subject: id,
    text: id,
    url: "",
    answerable: false,
  } as const;
  const message: Message = { ...words, id, about: id, at: 0, alerts: [] };
  return { id, environment: "shop", channel: { kind: "ntfy", url: channel }, otherwise: [], message };
}

/** First tries whose ends are kept at once; `send` is told the name of the notice. */
function open(send: (subject: string) => Promise<string>) {
  const [accepted, goneOn]: [string[], string[]] = [[], []];
  const kept: Partial<Ledger> = {
    begin: (work) => work(kept as Ledger),
    endAttempts: async () => {},
    endNotices: async (ids) => void accepted.push(...ids),
  };
  const tries = createFirstTries({
    ...{ ledger: kept as Ledger, clock: virtualClock(0) },
    resolve: async (_environment, value) => value,
    send: (_channel: Channel, { subject }: Message) => send(subject),
    goOn: async (id) => void goneOn.push(id),
  });
  return { tries, accepted, goneOn };
}

test("a try that ends in the very moment in which another was kept is kept too", async () => {
  for (let turns = 0; turns < 60; turns++) {
    const { tries, accepted } = open(async (subject) => {
      for (let left = subject === "late" ? turns : 0; left > 0; left--) await undefined;
      return "ok";
    });
    tries.offer([notice("early", "http://one.test/a"), notice("late", "http://two.test/b")]);
    await setImmediate();
    assert.deepEqual(accepted.toSorted(), ["early", "late"], `${turns} turns later`);
    assert.equal(tries.isUnderWay("late"), false);
  }
});

test("whoever waits behind a channel that takes nothing goes on as durable work, and nobody else", async () => {
  const { tries, accepted, goneOn } = open(async (subject) => {
    if (subject.startsWith("away")) throw new Error("away");
    return "ok";
  });
  const away = Array.from({ length: 20 }, (_, index) => notice(`away ${index}`, "http://away.test/a"));
  tries.offer([...away, notice("other", "http://one.test/b")]);
  await setImmediate();
  assert.deepEqual(accepted, ["other"]);
  assert.deepEqual(goneOn.toSorted(), away.map(({ id }) => id).toSorted());
  assert.ok(away.every(({ id }) => !tries.isUnderWay(id)));
});

test("what is being kept is nobody else's already, and is let go where that fails", async () => {
  const { tries, accepted } = open(async () => "ok");
  const receiver = { channels: [{ kind: "ntfy" as const, url: "http://one.test/a" }], incident: false };
  const told = { receiver: "shop/receiver/chat", group: "g", reason: "first", at: 0 };
  const alert = { state: "firing" as const, labels: {}, annotations: {}, startsAt: 0 };
  /** Kept, but for the answer of the database: a sweep may find it now. */
  const between: boolean[] = [];
  const deliver = (id: string, fails: boolean) =>
    createDelivery({
      ledger: {
        take: async (all: readonly { id: string }[]) => new Set(all.map((one) => one.id)),
        insertNotices: async () => {},
        async begin(work: (ledger: Ledger) => Promise<unknown>) {
          const taken = await work(this as unknown as Ledger);
          between.push(tries.isUnderWay(`${id}-0`));
          if (fails) throw new Error("PostgreSQL went away");
          return taken;
        },
      } as unknown as Ledger,
      paging: {
        ...{ start: async () => {}, wake: () => {}, leave: tries.leave, tell: tries.offer },
        keepTries: async (_transaction, notices) => tries.expect(notices),
      },
      timeline: { write: async () => {} },
      taking: {
        people: {
          receiver: () => ({ ...receiver, sendResolved: true }),
          escalation: () => undefined,
          snapshot: () => ({ levels: [], missing: [] }),
        },
        publicUrl: () => "http://havn.test",
        now: () => 0,
      },
    })([{ ...told, id, alerts: [alert] }]);
  await deliver("kept", false);
  await assert.rejects(deliver("lost", true), /went away/);
  await setImmediate();
  assert.deepEqual(between, [true, true]);
  assert.deepEqual(accepted, ["kept-0"]);
  assert.equal(tries.isUnderWay("lost-0"), false);
});
