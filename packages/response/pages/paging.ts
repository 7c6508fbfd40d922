import type { Clock, ContactProperties, NewEvent, Timeline } from "@havn/model";
import { parseDuration } from "@havn/model";
import type { Run, Workflows } from "@havn/workflows";
import type { Ledger } from "../ledger.ts";
import type { Message } from "../notifiers/index.ts";
import type * as store from "../store.ts";
import { answerToken, readAnswer } from "./answers.ts";
import { type Decision, decide as decideReally } from "./decide.ts";
import { createFirstTries, firstAttempts } from "./first-tries.ts";
import { type SendingOptions, tellOneWay } from "./sending.ts";

export interface PagingOptions extends SendingOptions {
  clock: Clock;
  workflows: Pick<Workflows, "define">;
  timeline: Timeline;
  contact(environment: string, person: string): ContactProperties | undefined;
  /** Everyone who is declared: who is asked where nobody of a level is left. */
  contacts?(environment: string): { name: string }[];
  /** Signs the links with which pages are answered. */
  answerKey: string;
  /** Another one finds out what a simulator can find. */
  decide?: typeof decideReally;
  /** Where such a link leads: `http://127.0.0.1:4600/answer/<token>`. */
  answerUrl(token: string): string;
}

/** What is asked of whom is committed before this hears of it; it only has to make it happen, once and to the end. */
export interface Paging {
  /** Begins, or goes on with, whatever is open. */
  start(id: { page: string } | { notice: string }): Promise<void>;
  /** Within the transaction that keeps these notices: their first tries are begun with them. `tell` or `leave` follows. */
  keepTries(transaction: Ledger, notices: readonly store.Notice[]): Promise<void>;
  /** The transaction failed, as far as is known. */
  leave(notices: readonly store.Notice[]): void;
  /** Tells what was kept so, without waiting for it. */
  tell(notices: readonly store.Notice[]): void;
  sweep(): Promise<void>;
  /** The page changed: whoever waits for it looks again. */
  wake(page: string): void;
  /** A GET: shows what would be answered, and answers nothing. Undefined for a link that is not ours. */
  look(token: string): Promise<{ incident: store.Incident; person: string; used: boolean } | undefined>;
  /** Undefined for a link that is not ours; false where it was used before. */
  answer(token: string): Promise<boolean | undefined>;
  /** By someone who is signed in; `false` where it is over already. */
  acknowledge(page: string, by: string): Promise<boolean>;
}

/** What is told to a channel is tried again for two hours, in rounds of the usual tries. Milliseconds before each. */
const noticePauses = [60_000, 300_000, 900_000, 1_800_000, 3_600_000] as const;

export function createPaging(options: PagingOptions): Paging {
  const { ledger, clock, timeline } = options;
  const { decide = decideReally } = options;
  const sleepers = new Map<string, Set<AbortController>>();

  const pageFlow = options.workflows.define(
    "page",
    async (run, { page }: { page: string }): Promise<void> => {
      for (let turn = 0; ; turn++) {
        // Listens before it looks: an answer in between is not slept through.
        const listening = listen(page);
        try {
          const next = await run.step(`turn ${turn}`, () => advance(page));
          if (next.kind === "end") return;
          const { asked } = next;
          if (asked)
            await run.step(`ask ${turn}`, async () => {
              for (const person of asked.people)
                await tellFlow.start(`${page}:${asked.round}:${asked.level}:${person}`, {
                  ...{ page, person, round: asked.round, level: asked.level },
                });
            });
          if (next.kind === "wait") await clock.sleep(next.until - clock.now(), listening.signal);
        } finally {
          sleepers.get(page)?.delete(listening);
        }
      }
    },
  );

  const tellFlow = options.workflows.define("tell person", tellPerson);

  const noticeFlow = options.workflows.define("notice", async (run, { notice }: { notice: string }) => {
    const found = await run.step("read", async () => (await ledger.findNotice(notice)) ?? null);
    if (!found) return;
    const { environment, channel, otherwise, message } = found;
    const ways = [channel, ...otherwise];
    const tell = { environment, message, about: notice, person: null, level: 0 };
    let outcome: Awaited<ReturnType<typeof tellOneWay>> = "failed";
    for (let round = 0; outcome === "failed" && round <= noticePauses.length; round++) {
      const pause = noticePauses[round - 1] ?? 0;
      if (pause > 0) {
        const from = await run.step(`round ${round}: when`, async () => clock.now());
        await clock.sleep(from + pause - clock.now());
      }
      // Of what lasted while nobody could be told, only the latest is of use.
      const wanted = async () => round === 0 || !(await ledger.isOvertaken(notice));
      for (const [at, via] of ways.entries()) {
        const way = round * ways.length + at;
        outcome = await tellOneWay(run, options, { ...tell, channel: via, way, round, wanted });
        if (outcome !== "failed") break;
      }
      if (outcome === "failed" && round === 0)
        await run.step("tell that it waits", () =>
          timeline.write({
            ...{ kind: "notice.delayed", environment, severity: "warning", key: `notice:${notice}:delayed` },
            summary: `${channel.kind} took no notice yet, it is tried again for two hours: ${message.subject}`,
          }),
        );
    }
    await run.step("end", async () => {
      await ledger.endNotices([notice], outcome === "failed" ? "failed" : "accepted");
      if (outcome === "failed")
        await timeline.write({
          ...{ kind: "notice.failed", environment, severity: "error", key: `notice:${notice}:failed` },
          summary: `${channel.kind} took no notice: ${message.subject}`,
        });
    });
  });

  const firstTries = createFirstTries({
    ...options,
    goOn: (notice) => noticeFlow.start(`notice:${notice}`, { notice }),
  });

  function listen(page: string): AbortController {
    const listening = new AbortController();
    const all = sleepers.get(page) ?? new Set();
    all.add(listening);
    sleepers.set(page, all);
    return listening;
  }

  /**
   * Decides and commits in one: what was decided is true before anyone acts on it. While a level's time runs, its people
   * are named each time: should the control plane have died between deciding and asking, they are asked now.
   */
  async function advance(id: string): Promise<Decision & { asked?: Asked }> {
    const now = clock.now();
    const { decision, page } = await ledger.begin(async (transaction) => {
      const page = await transaction.findPage(id);
      if (!page) return { decision: { kind: "end" } as Decision, page };
      const decision = decide(page, now);
      if (decision.kind === "ask") {
        await transaction.askLevel(id, { ...decision, at: now });
        await transaction.reopenIncident(page.incident);
      }
      return { decision, page };
    });
    if (!page || decision.kind === "end") return decision;
    const { round, level } = decision.kind === "ask" ? decision : page;
    if (decision.kind === "wait" && page.state !== "open") return decision;
    const people = reachable(page, level);
    const because = decision.kind === "ask" ? decision.because : "it is their turn";
    await timeline.write(askedEvent(page, { round, level, because }, people));
    return { ...decision, asked: { round, level, people: people.map(({ person }) => person) } };
  }

  /** Those of a level; where none of them is declared any more, everyone, so that the page is not lost. */
  function reachable({ levels, environment }: store.Page, level: number) {
    const people = levels[level]?.people ?? [];
    if (people.some(({ person }) => options.contact(environment, person))) return people;
    const everyone = options.contacts?.(environment) ?? [];
    const because = "nobody else is left of this level";
    return [...people, ...everyone.map(({ name }) => ({ person: name, because }))];
  }

  async function tellPerson(
    run: Run,
    { page, person, round, level }: { page: string; person: string; round: number; level: number },
  ): Promise<void> {
    const told = await run.step("read", () => messageOf(page, person, round));
    if (!told) {
      await run.step("tell that nobody is called so", () => missing(page, person, { round, level }));
      return;
    }
    const wanted = () => ledger.isAsked(page, round);
    let accepted = false;
    for (const [way, { via, after }] of told.ways.entries()) {
      if (accepted && after === undefined) continue;
      if (accepted && after !== undefined) {
        const from = await run.step(`way ${way}: when`, async () => clock.now());
        const listening = listen(page);
        await clock.sleep(from + parseDuration(after) - clock.now(), listening.signal);
        sleepers.get(page)?.delete(listening);
      }
      const telling = { about: page, person, round, level, way, channel: via, wanted };
      const outcome = await tellOneWay(run, options, { ...telling, ...told });
      if (outcome === "needless") return;
      accepted ||= outcome === "accepted";
    }
    if (!accepted)
      await run.step("tell that it failed", () =>
        timeline.write({
          ...{ kind: "page.undelivered", environment: told.environment, severity: "error" },
          summary: `${person} could not be reached on any way about: ${told.message.subject}`,
          key: `page:${page}:${round}:${level}:${person}:undelivered`,
        }),
      );
  }

  /** A contact that was removed while its page was open. */
  async function missing(id: string, person: string, { round, level }: { round: number; level: number }) {
    const page = await ledger.findPage(id);
    if (!page) return;
    await timeline.write({
      ...{ kind: "page.undelivered", environment: page.environment, severity: "error" },
      summary: `${person} is not declared any more, and was not paged about incident ${page.incident}`,
      data: { page: id, incident: page.incident },
      key: `page:${id}:${round}:${level}:${person}:undelivered`,
    });
  }

  async function messageOf(id: string, person: string, round: number) {
    const page = await ledger.findPage(id);
    const incident = page && (await ledger.findIncident(page.incident));
    const contact = page && options.contact(page.environment, person);
    if (!page || !incident || !contact) return null;
    const token = answerToken({ page: id, person, round }, options.answerKey);
    const message: Omit<Message, "id"> = {
      ...{ state: "firing", severity: incident.severity, at: clock.now(), alerts: incident.alerts },
      ...{ about: `incident-${incident.id}`, answerable: true },
      subject: `${incident.severity}: ${incident.title}`,
      text: [
        ...incident.alerts.map(({ summary, state }) => `${state}: ${summary}`),
        `Incident ${incident.id}. Answer, so that nobody else is asked:`,
      ].join("\n"),
      url: options.answerUrl(token),
    };
    return { environment: page.environment, ways: contact.ways, message };
  }

  /** True where the page was still to be answered. */
  async function acknowledge(id: string, by: string, asked: boolean): Promise<boolean> {
    const now = clock.now();
    const page = await ledger.begin(async (transaction) => {
      const found = await transaction.findPage(id);
      if (!found || found.state === "resolved") return undefined;
      await transaction.acknowledgePage(id, { by, at: now, until: now + found.acknowledgedFor });
      await transaction.acknowledgeIncident(found.incident, now);
      return found;
    });
    if (!page) return false;
    wake(id);
    await timeline.write({
      ...{ kind: "page.acknowledged", environment: page.environment, actor: by },
      summary: `${by} answered the page of incident ${page.incident}${asked ? "" : " without having been asked"}`,
      data: { page: id, incident: page.incident, asked },
      key: `page:${id}:${now}:acknowledged`,
    });
    return true;
  }

  const wake = (page: string) => {
    for (const sleeper of sleepers.get(page) ?? []) sleeper.abort();
  };

  return {
    start: (id) =>
      "page" in id ? pageFlow.start(`page:${id.page}`, id) : noticeFlow.start(`notice:${id.notice}`, id),
    async keepTries(transaction, notices) {
      firstTries.expect(notices);
      if (notices.length > 0) await transaction.insertAttempts(firstAttempts(options, notices, clock.now()));
    },
    leave: firstTries.leave,
    tell: firstTries.offer,
    async sweep() {
      for (const { id } of await ledger.listUnresolvedPages())
        await pageFlow.start(`page:${id}`, { page: id });
      for (const notice of (await ledger.listOpenNotices()).filter((id) => !firstTries.isUnderWay(id)))
        await noticeFlow.start(`notice:${notice}`, { notice });
    },
    wake,
    async look(token) {
      const answer = readAnswer(token, options.answerKey);
      const page = answer && (await ledger.findPage(answer.page));
      const incident = page && (await ledger.findIncident(page.incident));
      if (!answer || !incident) return undefined;
      await ledger.markAttempts("opened_at", { ...answer, at: clock.now() });
      return { incident, person: answer.person, used: await ledger.isUsed(token) };
    },
    async answer(token) {
      const answer = readAnswer(token, options.answerKey);
      if (!answer) return undefined;
      if (!(await ledger.useToken(token, clock.now()))) return false;
      await ledger.markAttempts("acknowledged_at", { ...answer, at: clock.now() });
      await acknowledge(answer.page, answer.person, true);
      return true;
    },
    async acknowledge(id, by) {
      const page = await ledger.findPage(id);
      const people = page?.levels.flatMap((level) => level.people.map(({ person }) => person)) ?? [];
      const known = people.some(
        (person) =>
          by === `user:${person}` || (page && options.contact(page.environment, person)?.identity === by),
      );
      return acknowledge(id, by, known);
    },
  };
}

interface Asked {
  round: number;
  level: number;
  people: string[];
}

function askedEvent(
  page: store.Page,
  decision: { round: number; level: number; because: string },
  people: readonly { person: string; because: string }[],
): NewEvent {
  const names = people.map(({ person }) => person).join(", ") || "nobody: there is no contact";
  return {
    kind: "page.asked",
    environment: page.environment,
    severity: "warning",
    summary: `Incident ${page.incident} pages ${names} (level ${decision.level + 1}): ${decision.because}`,
    data: { page: page.id, incident: page.incident, round: decision.round, level: decision.level, people },
    key: `page:${page.id}:${decision.round}:${decision.level}:asked`,
  };
}
