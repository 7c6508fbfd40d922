// Made by generate.ts from commands/. Do not edit.
import type { CommandEntry } from "./kit/command.ts";

export const commands: readonly CommandEntry[] = [
  {
    name: "up",
    summary: "make a declared environment real, from nothing to healthy",
    group: "Environments",
    load: () => import("./commands/environment/up.ts"),
  },
  {
    name: "plan",
    summary: "show what an apply would change; changes nothing",
    group: "Environments",
    load: () => import("./commands/environment/plan.ts"),
  },
  {
    name: "apply",
    summary: "plan, ask, and make it so; also mends drift",
    group: "Environments",
    load: () => import("./commands/environment/apply.ts"),
  },
  {
    name: "deploy",
    summary: "release what changed in the services, one instance at a time",
    group: "Environments",
    load: () => import("./commands/environment/deploy.ts"),
  },
  {
    name: "rollback",
    summary: "take a service's previous release back",
    group: "Environments",
    load: () => import("./commands/environment/rollback.ts"),
  },
  {
    name: "down",
    summary: "stop what `up` started here; the data stays",
    group: "Environments",
    load: () => import("./commands/environment/down.ts"),
  },
  {
    name: "destroy",
    summary: "remove an environment: machines, units, files, rules",
    group: "Environments",
    load: () => import("./commands/environment/destroy.ts"),
  },
  {
    name: "status",
    summary: "hosts, services, instances, releases, health and alerts at a glance",
    group: "Look",
    load: () => import("./commands/environment/status.ts"),
  },
  {
    name: "logs",
    summary: "what services and hosts say",
    group: "Look",
    load: () => import("./commands/telemetry/logs.ts"),
  },
  {
    name: "query",
    summary: "ask the metrics in PromQL",
    group: "Look",
    load: () => import("./commands/telemetry/query.ts"),
  },
  {
    name: "events",
    summary: "the timeline: applies, releases, restarts, alerts, drift",
    group: "Look",
    load: () => import("./commands/timeline/events.ts"),
  },
  {
    name: "alerts",
    summary: "alerts that are pending or firing, and those that resolved",
    group: "Look",
    load: () => import("./commands/alert/alerts.ts"),
  },
  {
    name: "drift",
    summary: "what was changed by hand on hosts, with the differences",
    group: "Look",
    load: () => import("./commands/environment/drift.ts"),
  },
  {
    name: "open",
    summary: "open the page in the browser, signed in",
    group: "Access",
    load: () => import("./commands/session/open.ts"),
  },
  {
    name: "sign-in",
    summary: "a one-time link that signs a browser in",
    group: "Access",
    load: () => import("./commands/session/sign-in.ts"),
  },
  {
    name: "token create",
    summary: "a token for a program or another computer",
    group: "Access",
    load: () => import("./commands/token/create.ts"),
  },
  {
    name: "token list",
    summary: "the tokens there are; never their values",
    group: "Access",
    load: () => import("./commands/token/list.ts"),
  },
  {
    name: "token revoke",
    summary: "end a token at once",
    group: "Access",
    load: () => import("./commands/token/revoke.ts"),
  },
  {
    name: "server run",
    summary: "run Havn in the foreground, for systemd or a container",
    group: "Server",
    load: () => import("./commands/server/run.ts"),
  },
  {
    name: "server start",
    summary: "start Havn in the background",
    group: "Server",
    load: () => import("./commands/server/start.ts"),
  },
  {
    name: "server status",
    summary: "whether Havn runs here, and how its parts are",
    group: "Server",
    load: () => import("./commands/server/status.ts"),
  },
  {
    name: "server stop",
    summary: "stop Havn; agents and services go on",
    group: "Server",
    load: () => import("./commands/server/stop.ts"),
  },
  {
    name: "completion",
    summary: "completion of commands and options for your shell",
    group: "Other",
    load: () => import("./commands/shell/completion.ts"),
  },
  {
    name: "version",
    summary: "the versions of Havn and of its Node",
    group: "Other",
    load: () => import("./commands/shell/version.ts"),
  },
];
