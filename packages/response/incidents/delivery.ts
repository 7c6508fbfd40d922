import type { Timeline } from "@havn/model";
import type { Ledger } from "../ledger.ts";
import type { Paging } from "../pages/paging.ts";
import type { Notice } from "../store.ts";
import { type Notification, type TakingContext, takeIn } from "./intake.ts";

export interface DeliveryOptions {
  ledger: Ledger;
  paging: Pick<Paging, "start" | "wake" | "keepTries" | "leave" | "tell">;
  timeline: Timeline;
  taking: TakingContext;
}

/** Takes notifications in for good, all or none; from there, telling goes on by itself. */
export const createDelivery =
  ({ ledger, paging, timeline, taking }: DeliveryOptions) =>
  async (notifications: readonly Notification[]): Promise<void> => {
    let begun: readonly Notice[] = [];
    const keeping = ledger.begin(async (transaction) => {
      const taken = await takeIn(transaction, notifications, taking);
      begun = taken.notices;
      await paging.keepTries(transaction, begun);
      return taken;
    });
    const { pages, notices, events } = await keeping.catch((cause) => {
      paging.leave(begun);
      throw cause;
    });
    paging.tell(notices);
    for (const { id, state } of pages) {
      if (state === "resolved") paging.wake(id);
      else await paging.start({ page: id });
    }
    for (const event of events) await timeline.write(event);
  };
