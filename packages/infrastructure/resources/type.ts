import type { Action, Address, PropertyChange } from "@havn/model";
import type { z } from "zod";

/**
 * What a resource type decides, purely: `definition.ts` of each folder here. `Properties` are those of the schema with
 * references resolved; `Observed` is what the type's `host.ts` reads, as JSON, so that cases can be files.
 */
export interface ResourceDefinition<Properties, Observed> {
  type: string;
  /** As in a graph: texts may still be references. */
  schema: z.ZodType;
  /**
   * What differs and what to do about it. `wanted` is "absent" when the resource is no longer declared. Throws a
   * HavnError where what is there must not be touched.
   */
  plan(observed: Observed, desired: Properties, wanted: Wanted): HostPlan;
  /** Addresses whose change makes this one act too (restart, reload), though its own properties are equal. */
  triggers?(properties: Properties): Trigger[];
  /** Properties that are secret however they were written. */
  secrets?: readonly string[];
  /** What a removal puts back: kept on the host (as JSON, never a secret) when Havn first changes the resource. */
  before?(observed: Observed): unknown;
}

export type Wanted = "present" | "absent";

export interface Trigger {
  on: Address;
  does: "restart" | "reload";
}

export interface HostPlan {
  action: Action;
  /** Not yet masked. */
  changes: PropertyChange[];
  operations: Operation[];
}

export interface Attributes {
  owner?: string | undefined;
  group?: string | undefined;
  /** Octal text: `"0644"`. */
  mode?: string | undefined;
}

/** What an agent can do to its host. Each is idempotent; `operations.ts` carries them out. */
export type Operation =
  /** `stdin` may hold secrets: it is never shown. `settles` names triggers that are dealt with once it succeeded. */
  | { kind: "run"; command: string[]; stdin?: string; settles?: Address[] }
  /** Written beside its place, checked by `validate` (its word `%s` is the new file's path), then renamed into place. */
  | { kind: "write"; path: string; content: string; attributes: Attributes; validate?: string[] }
  /**
   * Lines that `match` (a regular expression) finds become `line`, in the place of the first or at the end; they go where
   * there is no `line`. All others stay as they are. `path` may begin with "~/": the home of `as`, who then writes it, so
   * that no link that he made leads elsewhere; its folder is made for him alone.
   */
  | {
      kind: "set line";
      path: string;
      match: string;
      line?: string;
      as?: string;
      attributes?: Attributes;
      validate?: string[];
    }
  | { kind: "make directory"; path: string; attributes: Attributes }
  | { kind: "set attributes"; path: string; attributes: Attributes }
  | { kind: "remove file"; path: string }
  /** A directory that still holds something is kept where `keepFull`, and is an error otherwise. */
  | { kind: "remove directory"; path: string; keepFull: boolean }
  /** One transaction. `install` entries are names or `name=version`. */
  | { kind: "apt"; install: string[]; remove: string[] };

/** What a type's `host.ts` gives. */
export interface ResourceReader<Properties, Observed> {
  /** All resources of the type in one go, in the order given; changes nothing. */
  read(resources: { address: Address; properties: Properties }[], host: HostReads): Promise<Observed[]>;
}

/** What readers may ask of the host. */
export interface HostReads {
  /** Never throws for a command that fails; throws a HavnError where it is not installed. */
  run(command: readonly string[], options?: { stdin?: string }): Promise<CommandResult>;
  userName(uid: number): Promise<string>;
  groupName(gid: number): Promise<string>;
  /** Whether Havn itself brought it into being here. */
  isOurs(address: Address): boolean;
  /** What the definition's `before` told when Havn first changed the resource; undefined where it never did. */
  before(address: Address): unknown;
  /** Those of `triggers` that changed since they were last dealt with. */
  pending(address: Address, triggers: readonly Trigger[]): Trigger[];
}

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

export const unchanged: HostPlan = { action: "no-op", changes: [], operations: [] };
