import type { Resource } from "@havn/model";

const resource = (type: string, name: string, properties: Record<string, unknown>): Resource => ({
  ...{ address: `shop/${type}/${name}`, type, name, properties, dependsOn: [] },
});

const ways = (person: string) => [{ via: { kind: "ntfy", url: `https://ntfy.example/${person}` } }];

/** A runbook as the command line puts it together from `steps(async (step, trigger) => { … })`. */
const runbook = (name: string, body: string, more: Record<string, unknown>): Resource =>
  resource("runbook", name, {
    steps: {
      ...{ module: "runbooks.ts", export: "it" },
      code: `export default { body: async (step, trigger) => {${body}} };`,
    },
    ...more,
  });

/** Who answers for the shop, what is watched, and what is done about it. */
export function shopDeclared(): Resource[] {
  return [...people(), ...watched(), ...answers()];
}

function people(): Resource[] {
  return [
    ...["ada", "bo", "cy"].map((name) => resource("contact", name, { ways: ways(name) })),
    resource("contact", "ingrid", { ways: ways("ingrid"), identity: "user:ingrid" }),
    resource("team", "ops", { members: ["ada", "bo"] }),
    resource("schedule", "week", {
      ...{ zone: "Europe/Oslo", fallback: "ada" },
      layers: [
        {
          ...{ name: "week", people: ["ada", "bo", "cy"], start: "2026-01-05T09:00" },
          every: { unit: "week", count: 1 },
        },
        {
          ...{ name: "nights", people: ["cy", "bo"], start: "2026-01-05T09:00" },
          every: { unit: "day", count: 1 },
          windows: [{ weekdays: ["friday", "saturday"], start: "22:00", end: "06:00" }],
        },
      ],
    }),
    resource("schedule", "office", {
      ...{ zone: "America/New_York", fallback: "bo" },
      layers: [
        {
          ...{ name: "office", people: ["cy"], start: "2026-01-05T09:00", every: { unit: "week", count: 1 } },
          windows: [
            {
              ...{ weekdays: ["monday", "tuesday", "wednesday", "thursday", "friday"] },
              ...{ start: "09:00", end: "17:00" },
            },
          ],
        },
      ],
    }),
    resource("escalation", "shop", {
      levels: [
        { targets: [{ kind: "schedule", name: "week" }], timeout: "5m" },
        { targets: [{ kind: "team", name: "ops" }] },
      ],
    }),
    resource("receiver", "oncall", { escalation: "shop" }),
    resource("receiver", "chat", { channels: [{ kind: "slack", url: "https://slack.example/hook" }] }),
  ];
}

function watched(): Resource[] {
  return [
    resource("service", "shop", { hosts: ["web-1", "web-2"] }),
    resource("alert", "disk-full", {
      ...{ expr: "disk_used_ratio > 0.9", for: "0s", severity: "critical" },
      summary: "The disk of {{ $labels.host }} is {{ $value }} full",
    }),
    resource("alert", "shop-errors", {
      ...{ expr: "shop_error_ratio > 0.05", for: "0s", severity: "warning" },
      summary: "{{ $labels.service }} on {{ $labels.host }} answers with errors",
    }),
    resource("alert", "disk-soon", {
      ...{ expr: "disk_used_ratio > 0.6", for: "2h", severity: "info" },
      summary: "The disk of {{ $labels.host }} fills up",
    }),
    resource("check", "gateway", check({ severity: "critical", attempts: 1 })),
    resource("check", "shop-front", check({ parents: ["gateway"], attempts: 1 })),
    resource("check", "backup", check({ severity: "warning", attempts: 3 })),
    resource("check", "payments", check({ attempts: 1, labels: { team: "pay" } })),
    resource("route", "shop", {
      ...{ groupWait: "0s", groupBy: ["env", "alertname"] },
      routes: [
        { match: ['severity="critical"'], receiver: "oncall" },
        { match: ['severity="warning"'], receiver: "chat" },
      ],
    }),
  ];
}

const check = (more: Record<string, unknown>) => ({ probe: { kind: "passive" }, ...more });

function answers(): Resource[] {
  return [
    runbook(
      "free-disk",
      `const [disk] = await step.query("disk_used_ratio");
       await step.run(["journalctl", "--vacuum-size=200M"], { on: [trigger.with.host] });
       const sure = await step.approve("Remove old releases on " + trigger.with.host + "?", { of: { type: "contact", name: "ingrid" }, timeout: "30m" });
       await step.restart({ type: "service", name: "shop" });`,
      {
        description: "Makes room on a web server, oldest logs first.",
        with: { host: "web-1" },
        on: [{ match: ['alertname="disk-soon-full"'] }],
        guards: { runs: 2, per: "1h", hosts: 3 },
      },
    ),
    runbook("rotate-keys", `await step.note("keys are rotated");`, {
      description: "New keys for the payment provider.",
      at: { schedule: "0 3 * * 1", zone: "Europe/Oslo" },
    }),
    resource("statuspage", "shop", {
      title: "Shop status",
      components: [
        { name: "Checkout", services: ["shop"] },
        { name: "Search", services: ["search"] },
      ],
      visibility: "public",
    }),
  ];
}
