import { HavnError } from "@havn/model";
import type { HostReads, ResourceReader } from "../type.ts";
import { type GitObserved, type GitProperties, gitEnvironment, inCheckout, isCommit } from "./definition.ts";

const reader: ResourceReader<GitProperties, GitObserved> = {
  read: (resources, host) =>
    Promise.all(resources.map(({ address, properties }) => readOne(address, properties, host))),
};
export default reader;

async function readOne(address: string, properties: GitProperties, host: HostReads): Promise<GitObserved> {
  const { path } = properties;
  const found = await host.files.stat(path);
  if (!found) return { kind: "absent", target: await findTarget(properties, host) };
  if (found.kind !== "directory") return { kind: "not a checkout" };
  if (!(await host.files.stat(`${path}/.git`)))
    return (await host.files.list(path)).length === 0
      ? { kind: "absent", target: await findTarget(properties, host) }
      : { kind: "not a checkout" };
  const git = async (...words: string[]) => {
    const { code, stdout } = await host.run([...inCheckout(path), ...words]);
    return code === 0 ? stdout : undefined;
  };
  const [commit, remote, status, target] = await Promise.all([
    git("rev-parse", "--verify", "--quiet", "HEAD"),
    git("remote", "get-url", "origin"),
    // --no-optional-locks: looking changes nothing, not even the index.
    git("--no-optional-locks", "status", "--porcelain", "--untracked-files=normal"),
    findTarget(properties, host),
  ]);
  return {
    kind: "checkout",
    commit: commit?.trim(),
    remote: remote?.trim() ?? "",
    changed: (status ?? "").split("\n").filter(Boolean),
    target,
    ours: host.isOurs(address),
  };
}

/** A remote is asked at most this often: drift is looked for every few seconds. */
const remembersForMs = 10_000;
const targets = new Map<string, { at: number; target: Promise<string> }>();

async function findTarget({ repository, revision, user }: GitProperties, host: HostReads): Promise<string> {
  if (isCommit(revision)) return revision;
  const key = JSON.stringify([repository, revision, user]);
  const known = targets.get(key);
  if (known && performance.now() - known.at < remembersForMs) return known.target;
  const target = askRemote({ repository, revision, user }, host);
  targets.set(key, { at: performance.now(), target });
  target.catch(() => targets.delete(key));
  return target;
}

async function askRemote(
  { repository, revision, user }: Pick<GitProperties, "repository" | "revision" | "user">,
  { run }: HostReads,
): Promise<string> {
  const { code, stdout, stderr } = await run(["git", "ls-remote", "--", repository], {
    user,
    env: gitEnvironment,
    timeoutMs: 60_000,
  });
  if (code !== 0)
    throw new HavnError("The repository cannot be reached", {
      detail: stderr.trim().split("\n").at(-1) ?? "",
    });
  const commits = new Map(
    stdout.split("\n").map((line) => [line.split("\t")[1] ?? "", line.split("\t")[0] ?? ""] as const),
  );
  // An annotated tag's commit stands behind its own name with ^{}.
  const names = [`refs/tags/${revision}^{}`, `refs/tags/${revision}`, `refs/heads/${revision}`, revision];
  const name = names.find((one) => commits.has(one));
  if (name === undefined)
    throw new HavnError(`The repository has no branch or tag "${revision}"`, {
      detail: "Correct its name, or give a whole commit.",
    });
  return commits.get(name) ?? "";
}
