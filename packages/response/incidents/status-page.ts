import type { StatusPageProperties } from "@havn/model";
import { escapeText } from "../html.ts";

export interface PublishedIncident {
  id: number;
  title: string;
  severity: "info" | "warning" | "critical";
  status: IncidentStatus;
  services: readonly string[];
  openedAt: number;
  resolvedAt: number | null;
  updates: readonly { at: number; status: string; text: string }[];
}

export type IncidentStatus = "investigating" | "identified" | "monitoring" | "resolved";
export type ComponentState = "operational" | "maintenance" | "degraded" | "outage";

const order: readonly ComponentState[] = ["operational", "maintenance", "degraded", "outage"];

/** How a component fares: as badly as the worst open incident of its services, or as somebody said. */
export function componentState(
  component: { services: readonly string[] },
  incidents: readonly PublishedIncident[],
  said: ComponentState = "operational",
): ComponentState {
  const seen = byIncidents(component, incidents);
  return order.indexOf(said) > order.indexOf(seen) ? said : seen;
}

function byIncidents(
  component: { services: readonly string[] },
  incidents: readonly PublishedIncident[],
): ComponentState {
  const own = incidents.filter(
    ({ resolvedAt, services }) =>
      resolvedAt === null && services.some((name) => component.services.includes(name)),
  );
  if (own.some(({ severity }) => severity === "critical")) return "outage";
  return own.length > 0 ? "degraded" : "operational";
}

const words: Record<ComponentState, string> = {
  operational: "Operational",
  maintenance: "Maintenance",
  degraded: "Degraded",
  outage: "Outage",
};

/** What somebody said of a component by hand. */
export interface SaidState {
  component: string;
  state: ComponentState;
  note: string;
}

interface ShownComponent {
  name: string;
  state: ComponentState;
  note?: string;
}

/** The files of a status page: a page, the same as JSON, and a feed. Incidents: newest first. */
export function statusFiles(
  { title, components }: Pick<StatusPageProperties, "title" | "components">,
  incidents: readonly PublishedIncident[],
  { url, said = [] }: { url: string; said?: readonly SaidState[] },
): Record<"index.html" | "status.json" | "feed.xml", string> {
  const states = components.map((component): ShownComponent => {
    const own = said.find((one) => one.component === component.name);
    const note = own?.note ? { note: own.note } : {};
    return { name: component.name, state: componentState(component, incidents, own?.state), ...note };
  });
  return {
    "index.html": page(title, states, incidents),
    "status.json": `${JSON.stringify({ title, components: states, incidents }, undefined, 2)}\n`,
    "feed.xml": feed(title, incidents, url),
  };
}

function page(
  title: string,
  states: readonly ShownComponent[],
  incidents: readonly PublishedIncident[],
): string {
  const open = incidents.filter(({ resolvedAt }) => resolvedAt === null);
  const worst = order.findLast((one) => states.some(({ state }) => state === one)) ?? "operational";
  const shown = worst === "operational" && open.length > 0 ? "degraded" : worst;
  const headline = {
    operational: "All systems operational",
    maintenance: "Maintenance is under way",
    degraded: "Some systems are degraded",
    outage: "Outage",
  };
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeText(title)}</title>
<link rel="alternate" type="application/atom+xml" href="feed.xml">
<style>
:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}
.state{padding:.8rem 1rem;border-radius:.4rem;color:#fff;font-weight:600}.operational{background:#1a7f37}.maintenance{background:#0969da}.degraded{background:#9a6700}.outage{background:#cf222e}
li.component{display:flex;justify-content:space-between;border-bottom:1px solid #8884;padding:.4rem 0;list-style:none}ul{padding:0}
article{border-left:4px solid #8888;padding-left:1rem;margin:1.5rem 0}time{opacity:.7}
</style>
<h1>${escapeText(title)}</h1>
<p class="state ${shown}">${headline[shown]}</p>
<ul>
${states.map(componentLine).join("\n")}
</ul>
<h2>Now</h2>
${open.map(article).join("\n") || "<p>There is no incident.</p>"}
<h2>Before</h2>
${
  incidents
    .filter(({ resolvedAt }) => resolvedAt !== null)
    .map(article)
    .join("\n") || "<p>Nothing is on record.</p>"
}
</html>
`;
}

const componentLine = ({ name, state, note }: ShownComponent) =>
  `<li class="component"><span>${escapeText(name)}${note === undefined ? "" : `<br><small>${escapeText(note)}</small>`}</span><strong>${words[state]}</strong></li>`;

function article({ id, title, status, openedAt, updates, services }: PublishedIncident): string {
  const told = updates
    .toReversed()
    .map(
      ({ at, status: then, text }) =>
        `<p><strong>${escapeText(then)}</strong> ${stamp(at)}<br>${escapeText(text)}</p>`,
    );
  const where = services.length > 0 ? `<p>${escapeText(services.join(", "))}</p>` : "";
  return `<article id="incident-${id}"><h3>${escapeText(title)} (${status})</h3>${stamp(openedAt)}${where}${told.join("")}</article>`;
}

const stamp = (at: number) => {
  const iso = new Date(at).toISOString();
  return `<time datetime="${iso}">${iso.slice(0, 16).replace("T", " ")} UTC</time>`;
};

function feed(title: string, incidents: readonly PublishedIncident[], url: string): string {
  const entries = incidents.flatMap(({ id, title: what, updates }) =>
    updates.map((update, index) => ({ ...update, what, id: `${url}#incident-${id}-${index}` })),
  );
  entries.sort((left, right) => right.at - left.at);
  const updated = new Date(entries[0]?.at ?? 0).toISOString();
  const items = entries
    .slice(0, 100)
    .map(
      ({ at, what, status, text, id }) =>
        `<entry><id>${escapeText(id)}</id><title>${escapeText(`${what} (${status})`)}</title><updated>${new Date(at).toISOString()}</updated><link href="${escapeText(url)}"/><content>${escapeText(text)}</content></entry>`,
    );
  return `<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><id>${escapeText(url)}</id><title>${escapeText(title)}</title><updated>${updated}</updated><author><name>${escapeText(title)}</name></author>
${items.join("\n")}
</feed>
`;
}
