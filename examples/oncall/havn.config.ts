import { alert, contact, environment, escalation, receiver, route, schedule, team, thisComputer } from "havn";

// Who is asked when something is wrong with this computer. `havn oncall who` tells who it is now. Let
// something listen at the hook's address, or do not, and see every try under `havn incidents`.
export default environment("oncall", { owner: "team-ops" }, () => {
  const hook = "http://127.0.0.1:9000";
  thisComputer();

  const ada = contact("ada", { ways: [{ kind: "webhook", url: `${hook}/ada` }] });
  const bo = contact("bo", {
    ways: [
      { kind: "ntfy", url: `${hook}/bo` },
      { via: { kind: "webhook", url: `${hook}/bo-loud` }, after: "2m" },
    ],
  });
  const ops = team("ops", { members: [ada, bo] });

  const week = schedule("week", {
    zone: "Europe/Oslo",
    layers: [
      { name: "week", people: [ada, bo], start: "2026-01-05T09:00", every: { unit: "week", count: 1 } },
    ],
    fallback: ada,
  });
  const pages = receiver("pages", {
    escalation: escalation("ops", {
      levels: [
        { targets: [week], timeout: "5m" },
        { targets: [ops], timeout: "10m" },
      ],
    }),
  });
  const chat = receiver("chat", { channels: [{ kind: "slack", url: `${hook}/chat` }] });
  route("all", {
    receiver: chat,
    routes: [{ match: ['severity="critical"'], receiver: pages, groupWait: "1s" }],
  });

  alert("load-is-high", {
    expr: "node_load1 > 16",
    for: "1m",
    severity: "critical",
    summary: "The load of {{ $labels.host }} is {{ $value }}",
  });
});
