import { HavnError } from "@havn/model";
import { z } from "zod";
import { absolutePath, accountName, textProperty } from "../text.ts";
import { type HostPlan, type Operation, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";

export const gitSchema = z.strictObject({
  path: absolutePath.describe("the checkout on the host"),
  repository: textProperty.describe("where it is cloned from: a URL or a path, as git takes it"),
  revision: z
    .string()
    .regex(/^[A-Za-z0-9][\w./+-]*$/, "expected a branch, a tag or a commit")
    .default("HEAD")
    .describe("a branch or tag, which is followed, or a whole commit, which nothing can move"),
  force: z
    .boolean()
    .default(false)
    .describe("true: what was changed locally is thrown away; else it is drift that is left alone"),
  user: accountName.optional().describe("who clones and owns it; the agent's user (root) when absent"),
});
export type GitProperties = {
  path: string;
  repository: string;
  revision: string;
  force: boolean;
  user?: string | undefined;
};

export type GitObserved =
  | { kind: "absent"; target: string }
  | { kind: "not a checkout" }
  | {
      kind: "checkout";
      commit: string | undefined;
      remote: string;
      /** Changed and unknown files, as `git status --short` tells them. */
      changed: string[];
      /** The commit that the revision means there now. */
      target: string;
      ours: boolean;
    };

const git: ResourceDefinition<GitProperties, GitObserved> = {
  type: "git",
  schema: gitSchema,
  opaque: true,
  plan: planGit,
  paths: ({ path }) => [path],
};
export default git;

/** Words before every git command on a checkout: it may belong to somebody else than the agent's user. */
export const inCheckout = (path: string): string[] => ["git", "-c", `safe.directory=${path}`, "-C", path];

/** Nobody is there to be asked for a password. */
export const gitEnvironment = { GIT_TERMINAL_PROMPT: "0", GIT_SSH_COMMAND: "ssh -o BatchMode=yes" };

const timeoutMs = 10 * 60_000;

function planGit(observed: GitObserved, desired: GitProperties, wanted: Wanted): HostPlan {
  const { path, repository, user, force } = desired;
  if (wanted === "absent") {
    if (observed.kind !== "checkout" || !observed.ours) return unchanged;
    if (observed.changed.length > 0 && !force) throw changedLocally(path, observed.changed);
    return {
      action: "delete",
      changes: [{ property: "commit", before: observed.commit }],
      operations: [{ kind: "remove tree", path }],
    };
  }
  if (observed.kind === "not a checkout")
    throw new HavnError(`${path} is there and is no git checkout`, {
      detail: "Move it away, or choose another path.",
    });
  const run = (command: string[]): Operation => ({
    ...{ kind: "execute", command, user, env: gitEnvironment, timeoutMs, exitCodes: [0] },
    undo: { checkout: path },
  });
  const here = inCheckout(path);
  const { target } = observed;
  // Branches and tags are fetched by name, since servers need not give out any commit they are asked for.
  const revision = desired.revision;
  const fetch = run([
    ...here,
    "fetch",
    "--quiet",
    "--force",
    "--tags",
    "origin",
    ...(isCommit(revision) ? [] : [revision]),
  ]);
  const checkout = run([...here, "checkout", "--quiet", ...(force ? ["--force"] : []), "--detach", target]);
  if (observed.kind === "absent")
    return {
      action: "create",
      changes: [{ property: "commit", after: target }],
      operations: [
        ...(user === undefined
          ? []
          : [{ kind: "make directory" as const, path, attributes: { owner: user, mode: "0755" } }]),
        run(["git", "clone", "--quiet", "--no-checkout", "--", repository, path]),
        ...(isCommit(revision) ? [] : [fetch]),
        checkout,
      ],
    };
  if (observed.changed.length > 0 && !force) throw changedLocally(path, observed.changed);
  const operations: Operation[] = [];
  const changes = [];
  if (observed.remote !== repository) {
    changes.push({ property: "repository", before: observed.remote, after: repository });
    operations.push(run([...here, "remote", "set-url", "origin", repository]));
  }
  if (observed.changed.length > 0) {
    changes.push({ property: "local changes", before: observed.changed });
    operations.push(run([...here, "reset", "--quiet", "--hard"]), run([...here, "clean", "--quiet", "-fd"]));
  }
  if (observed.commit !== target) {
    changes.push({ property: "commit", before: observed.commit, after: target });
    operations.push(fetch, checkout);
  }
  return operations.length === 0 ? unchanged : { action: "update", changes, operations };
}

export const isCommit = (revision: string): boolean => /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(revision);

const changedLocally = (path: string, changed: readonly string[]) =>
  new HavnError(`${path} was changed locally`, {
    detail: `${changed.slice(0, 10).join(", ")}. Commit that somewhere, or set force: true to throw it away.`,
  });
