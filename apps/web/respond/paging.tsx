import type { Asked, PagingView } from "@havn/model";
import { useFormats, useMessages } from "../kit/context.ts";
import { pathTo } from "../kit/router.ts";
import { Ago } from "../ui/parts.tsx";
import { Badge, nameOf, Person, type Tone } from "./parts.tsx";
import type { Row } from "./views.ts";

type Fact = "answered" | "opened" | "accepted" | "failed" | "underway";

const factOf = (one: Asked): Fact =>
  one.acknowledgedAt !== null
    ? "answered"
    : one.openedAt !== null
      ? "opened"
      : one.acceptedAt !== null
        ? "accepted"
        : one.failure !== null
          ? "failed"
          : "underway";

const rank: Record<Fact, number> = { answered: 4, opened: 3, accepted: 2, underway: 1, failed: 0 };
const tones: Record<Fact, Tone> = {
  ...{ answered: "good", opened: "info", accepted: "info", underway: "quiet", failed: "bad" },
};

/** Each person once, with the best that is known of what they got. */
function peopleOf(asked: readonly Asked[]): { person: string; fact: Fact; tries: Asked[] }[] {
  const by = Map.groupBy(
    asked.filter(({ person }) => person !== null),
    ({ person }) => person ?? "",
  );
  return [...by].map(([person, tries]) => {
    const facts = tries.map(factOf).sort((a, b) => rank[b] - rank[a]);
    return { person, fact: facts[0] ?? "underway", tries };
  });
}

export const answeredBy = (paging: PagingView | undefined): string | undefined =>
  paging?.pages.find(({ state }) => state === "acknowledged")?.acknowledgedBy ?? undefined;

/** In a row: who answered, or who is being asked. */
export function PagingBadges({ paging }: { paging: PagingView | undefined }) {
  const messages = useMessages().respond;
  if (!paging) return null;
  const by = answeredBy(paging);
  if (by !== undefined || paging.state === "acknowledged")
    return (
      <Badge tone="good" icon="check">
        {by === undefined ? messages.acknowledged : messages.acknowledgedBy(nameOf(by))}
      </Badge>
    );
  const people = peopleOf(paging.asked);
  return (
    <>
      {people.map(({ person, fact }) => (
        <Badge
          key={person}
          tone={fact === "failed" ? "bad" : "warn"}
          icon="phone"
          title={messages.facts[fact]}
        >
          {person}
        </Badge>
      ))}
    </>
  );
}

/** Person by person, try by try. */
export function PagingFacts({ row: { paging, alert } }: { row: Row }) {
  const messages = useMessages().respond;
  if (!paging) return <p class="muted">{alert.state === "firing" ? messages.nobodyPaged : ""}</p>;
  return (
    <div class="paging">
      <p>
        <a
          href={pathTo("/environments/:environment/incidents/:incident", {
            environment: alert.environment,
            incident: String(paging.incident),
          })}
        >
          {messages.incident(paging.incident)}
        </a>{" "}
        {paging.title}
      </p>
      <AskedList asked={paging.asked} pages={paging.pages} />
    </div>
  );
}

export function AskedList(props: {
  asked: readonly Asked[];
  pages: readonly Pick<
    PagingView["pages"][number],
    "id" | "state" | "acknowledgedBy" | "acknowledgedAt" | "acknowledgedUntil"
  >[];
}) {
  const messages = useMessages().respond;
  const formats = useFormats();
  return (
    <ul class="asked">
      {props.pages
        .filter(({ acknowledgedBy }) => acknowledgedBy !== null)
        .map(({ id, acknowledgedBy, acknowledgedAt, acknowledgedUntil, state }) => (
          <li key={id}>
            <Person name={nameOf(acknowledgedBy ?? "")} tone="good" />
            <span>
              {messages.acknowledged} {acknowledgedAt !== null && <Ago at={acknowledgedAt} />}
              {state === "acknowledged" && acknowledgedUntil !== null && (
                <small>{messages.holdsUntil(formats.dateTime(acknowledgedUntil))}</small>
              )}
            </span>
          </li>
        ))}
      {peopleOf(props.asked).map(({ person, fact, tries }) => (
        <li key={person}>
          <Person name={person} tone={tones[fact]} />
          <ul>
            {tries.slice(-6).map((one) => (
              <li key={`${one.begunAt} ${one.channel}`}>
                <time title={formats.dateTime(one.begunAt)}>{formats.time(one.begunAt)}</time> {one.channel}{" "}
                <b class={`fact-${factOf(one)}`}>{messages.facts[factOf(one)]}</b>
                {one.failure !== null && <small>{one.failure}</small>}
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ul>
  );
}
