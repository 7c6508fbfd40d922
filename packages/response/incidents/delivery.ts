import type { Timeline } from "@havn/model";
import type { Ledger } from "../ledger.ts";
import type { Paging } from "../pages/paging.ts";
import { type Notification, type TakingContext, takeIn } from "./intake.ts";

export interface DeliveryOptions {
  ledger: Ledger;
  paging: Pick<Paging, "start" | "wake" | "keepTries" | "tell">;
  timeline: Timeline;
  taking: TakingContext;
}

/** Takes notifications in for good, all or none; from there, telling goes on by itself. */
export const createDelivery =
  ({ ledger, paging, timeline, taking }: DeliveryOptions) =>
  async (notifications: readonly Notification[]): Promise<void> => {
    const { pages, notices, events } = await ledger.begin(async (transaction) => {
      const taken = await takeIn(transaction, notifications, taking);
      await paging.keepTries(transaction, taken.notices);
      return taken;
    });
    paging.tell(notices);
    for (const { id, state } of pages) {
      if (state === "resolved") paging.wake(id);
      else await paging.start({ page: id });
    }
    for (const event of events) await timeline.write(event);
  };
