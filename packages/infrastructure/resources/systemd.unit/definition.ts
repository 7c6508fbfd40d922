import { addressSchema, type PropertyChange } from "@havn/model";
import { propertyChange } from "@havn/plan";
import { z } from "zod";
import { textProperty } from "../text.ts";
import {
  type HostPlan,
  type Operation,
  type ResourceDefinition,
  type Trigger,
  unchanged,
  type Wanted,
} from "../type.ts";

export const systemdUnitSchema = z.strictObject({
  name: z
    .string()
    .regex(
      /^[A-Za-z0-9:_.@\\-]+\.(service|socket|timer|target|mount|automount|swap|path|slice)$/,
      'expected a unit such as "nginx.service"',
    ),
  content: textProperty
    .optional()
    .describe("the whole unit file, kept in /etc/systemd/system; absent: the unit comes from a package"),
  dropIns: z
    .record(
      z.string().regex(/^[A-Za-z0-9:_.@-]+$/, 'expected the name of a drop-in, such as "limits"'),
      textProperty,
    )
    .optional()
    .describe("parts that change the unit file, kept in UNIT.d/NAME.conf; others there stay"),
  enabled: z.boolean().optional().describe("whether it starts with the machine; absent: left as it is"),
  active: z.boolean().optional().describe("whether it runs now; absent: left as it is"),
  masked: z.boolean().optional().describe("true: nothing may start it"),
  restartOn: z.array(addressSchema).default([]).describe("addresses whose change restarts it"),
  reloadOn: z.array(addressSchema).default([]).describe("addresses whose change reloads it"),
});
export type SystemdUnitProperties = Omit<z.output<typeof systemdUnitSchema>, "content" | "dropIns"> & {
  content?: string;
  dropIns?: Record<string, string>;
};

export interface SystemdUnitObserved {
  /** As systemd says: loaded, not-found, masked, bad-setting. */
  loadState: string;
  /** active, inactive, failed, activating, deactivating, reloading. */
  activeState: string;
  /** enabled, enabled-runtime, disabled, static, generated, indirect, masked; "" where there is none. */
  unitFileState: string;
  /** The unit file in /etc/systemd/system, where `content` is wanted and the file is there. */
  content?: string | undefined;
  /** Drop-ins that are declared, or were written by Havn, and are there. */
  dropIns?: Record<string, string>;
  /** Whether it was masked before Havn first changed it. */
  before?: { masked: boolean } | undefined;
  /** The file changed since systemd read it. */
  needsReload: boolean;
  /** What changed since this unit was last restarted or reloaded for it. */
  pending: Trigger[];
}

const systemdUnit: ResourceDefinition<SystemdUnitProperties, SystemdUnitObserved> = {
  type: "systemd.unit",
  schema: systemdUnitSchema,
  plan: planUnit,
  before: ({ loadState }) => ({ masked: loadState === "masked" }),
  paths: ({ name }) => [unitPath(name)],
  watches: ({ name, dropIns = {} }) => Object.keys(dropIns).map((one) => dropInPath(name, one)),
  units: ({ name }) => [name],
  triggers: ({ restartOn, reloadOn }) => [
    ...restartOn.map((on) => ({ on, does: "restart" as const })),
    ...reloadOn.map((on) => ({ on, does: "reload" as const })),
  ],
  keeps: ({ name, content }) => (content === undefined ? [] : [unitPath(name)]),
};
export default systemdUnit;

export const unitPath = (name: string): string => `/etc/systemd/system/${name}`;
export const dropInPath = (unit: string, name: string): string => `${unitPath(unit)}.d/${name}.conf`;

const systemctl = (...words: string[]): Operation => ({ kind: "run", command: ["systemctl", ...words] });

function planUnit(observed: SystemdUnitObserved, desired: SystemdUnitProperties, wanted: Wanted): HostPlan {
  if (wanted === "absent") return planRemoval(observed, desired);
  const steps = [planFiles, planMask, planEnabled, planActive].map((plan) => plan(observed, desired));
  const changes = steps.flatMap((step) => step.changes);
  const operations = steps.flatMap((step) => step.operations);
  if (operations.length === 0) return unchanged;
  const isNew =
    desired.content === undefined ? observed.loadState === "not-found" : observed.content === undefined;
  return { action: isNew ? "create" : "update", changes, operations };
}

type Part = { changes: PropertyChange[]; operations: Operation[] };
const nothing: Part = { changes: [], operations: [] };

/** The unit file and its drop-ins; systemd reads them once for all. */
function planFiles(observed: SystemdUnitObserved, desired: SystemdUnitProperties): Part {
  const parts = [planContent(observed, desired), planDropIns(observed, desired)];
  const changes = parts.flatMap((part) => part.changes);
  const operations = parts.flatMap((part) => part.operations);
  if (changes.length > 0) return { changes, operations: [...operations, systemctl("daemon-reload")] };
  return observed.needsReload
    ? {
        changes: [{ property: "loaded", before: "stale", after: "current" }],
        operations: [systemctl("daemon-reload")],
      }
    : nothing;
}

function planContent(observed: SystemdUnitObserved, { name, content }: SystemdUnitProperties): Part {
  if (content === undefined || content === observed.content) return nothing;
  return {
    changes: [propertyChange("content", observed.content ?? "", content)],
    operations: [{ kind: "write", path: unitPath(name), content, attributes: { mode: "0644" } }],
  };
}

function planDropIns({ dropIns: before = {} }: SystemdUnitObserved, desired: SystemdUnitProperties): Part {
  const { name, dropIns = {} } = desired;
  const names = [...new Set([...Object.keys(before), ...Object.keys(dropIns)])].sort();
  const differing = names.filter((one) => before[one] !== dropIns[one]);
  if (differing.length === 0) return nothing;
  return {
    changes: differing.map((one) => propertyChange(`dropIns.${one}`, before[one] ?? "", dropIns[one] ?? "")),
    operations: [
      { kind: "run", command: ["mkdir", "--mode=0755", "--parents", "--", `${unitPath(name)}.d`] },
      // Remembered first, so that one that is no longer declared is known to be Havn's.
      { kind: "note", value: { dropIns: names } },
      ...differing.map((one): Operation => {
        const path = dropInPath(name, one);
        const content = dropIns[one];
        return content === undefined
          ? { kind: "remove file", path }
          : { kind: "write", path, content, attributes: { mode: "0644" } };
      }),
    ],
  };
}

function planMask(observed: SystemdUnitObserved, desired: SystemdUnitProperties): Part {
  const masked = observed.loadState === "masked";
  if (desired.masked && !masked)
    return {
      changes: [{ property: "masked", before: false, after: true }],
      operations: [systemctl("mask", "--now", desired.name)],
    };
  // A unit that shall run or be enabled cannot stay masked.
  const free = desired.masked === false || (!desired.masked && (desired.active || desired.enabled));
  return masked && free
    ? {
        changes: [{ property: "masked", before: true, after: false }],
        operations: [systemctl("unmask", desired.name)],
      }
    : nothing;
}

/** What has no [Install] section, or was generated, can be neither enabled nor disabled: it is as it shall be. */
const fixedStates = new Set(["static", "generated", "indirect", "alias", "transient", "linked"]);

function planEnabled(observed: SystemdUnitObserved, { name, enabled, masked }: SystemdUnitProperties): Part {
  if (enabled === undefined || masked || fixedStates.has(observed.unitFileState)) return nothing;
  const before = observed.unitFileState.startsWith("enabled");
  if (before === enabled) return nothing;
  return {
    changes: [{ property: "enabled", before, after: enabled }],
    operations: [systemctl(enabled ? "enable" : "disable", name)],
  };
}

function planActive(observed: SystemdUnitObserved, desired: SystemdUnitProperties): Part {
  const { name, content, masked } = desired;
  const running = ["active", "activating", "reloading"].includes(observed.activeState);
  if (masked) return nothing;
  if (desired.active === false)
    return running
      ? { changes: [stateChange(observed, "inactive")], operations: [systemctl("stop", name)] }
      : nothing;
  const settles = [...desired.restartOn, ...desired.reloadOn];
  if (desired.active && !running)
    return {
      changes: [stateChange(observed, "active")],
      operations: [
        // One that failed too often does not start before that is forgotten.
        ...(observed.activeState === "failed" ? [systemctl("reset-failed", name)] : []),
        { kind: "run", command: ["systemctl", "start", name], settles },
      ],
    };
  if (!running) return nothing;
  const restarts = observed.pending.filter(({ does }) => does === "restart").map(({ on }) => on);
  const newContent =
    (content !== undefined && content !== observed.content) ||
    planDropIns(observed, desired).changes.length > 0;
  if (newContent || restarts.length > 0)
    return {
      changes: [
        {
          property: "restart",
          after: newContent ? "its unit file changes" : `${restarts.join(", ")} changed`,
        },
      ],
      operations: [{ kind: "run", command: ["systemctl", "restart", name], settles }],
    };
  if (observed.pending.length === 0) return nothing;
  return {
    changes: [{ property: "reload", after: `${observed.pending.map(({ on }) => on).join(", ")} changed` }],
    operations: [
      { kind: "run", command: ["systemctl", "reload-or-restart", name], settles: desired.reloadOn },
    ],
  };
}

const stateChange = ({ activeState }: SystemdUnitObserved, after: string): PropertyChange => ({
  property: "active",
  before: activeState,
  after,
});

/** `worker@.service`: what units such as `worker@1.service` are made of. It has no state of its own. */
export const isTemplate = (name: string): boolean => /@\.[a-z]+$/.test(name);

const endOf = (name: string): Operation[] =>
  isTemplate(name)
    ? [systemctl("stop", name.replace("@", "@*")), systemctl("disable", name)]
    : [systemctl("disable", "--now", name)];

/** A unit that a package brought is the package's: only what Havn wrote goes, and a mask that it set. */
function planRemoval(observed: SystemdUnitObserved, desired: SystemdUnitProperties): HostPlan {
  const { name, content, masked } = desired;
  const ours = content !== undefined && observed.content !== undefined;
  const parts = planDropIns(observed, { ...desired, dropIns: {} });
  const unmask = masked && observed.loadState === "masked" && observed.before?.masked === false;
  const running = ["active", "reloading"].includes(observed.activeState);
  const operations: Operation[] = [
    ...(ours ? endOf(name) : []),
    ...parts.operations.filter(({ kind }) => kind === "remove file"),
    ...(parts.changes.length > 0
      ? [{ kind: "remove directory" as const, path: `${unitPath(name)}.d`, keepFull: true }]
      : []),
    ...(ours ? [{ kind: "remove file" as const, path: unitPath(name) }] : []),
    ...(ours || parts.changes.length > 0 ? [systemctl("daemon-reload")] : []),
    ...(!ours && parts.changes.length > 0 && running ? [systemctl("restart", name)] : []),
    ...(unmask ? [systemctl("unmask", name)] : []),
  ];
  if (operations.length === 0) return unchanged;
  return {
    action: "delete",
    changes: [
      ...(ours ? [propertyChange("content", observed.content ?? "", "")] : []),
      ...parts.changes,
      ...(unmask ? [{ property: "masked", before: true, after: false }] : []),
    ],
    operations,
  };
}
