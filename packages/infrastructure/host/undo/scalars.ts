import { access, mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { HavnError } from "@havn/model";
import { unescapeOctal } from "../../resources/fstab.ts";
import type { Around, Aspect, AspectKind } from "./aspect.ts";

/** Aspects that one command reads and another sets. */
type Of<K extends Aspect["kind"]> = Extract<Aspect, { kind: K }>;

async function must(
  around: Around,
  command: readonly string[],
  options: { stdin?: string; user?: string } = {},
) {
  const { code, stdout, stderr } = await around.run(command, options);
  if (code !== 0)
    throw new HavnError(`${command.join(" ")} failed with exit code ${code}`, {
      detail: stderr.trim().slice(-500),
    });
  return stdout;
}

/** What a command says; null where it fails. */
const said = async ({ run }: Around, command: readonly string[], user?: string): Promise<string | null> => {
  const { code, stdout } = await run(command, user === undefined ? {} : { user });
  return code === 0 ? stdout.trim() : null;
};

export const sysctlAspect: AspectKind<Of<"sysctl">, string | null> = {
  name: ({ key }) => `kernel setting ${key}`,
  capture: ({ key }, around) => said(around, ["sysctl", "--values", key]),
  async restore({ key }, value, around) {
    if (value !== null) await must(around, ["sysctl", "--quiet", "--write", `${key}=${value}`]);
  },
};

export const moduleAspect: AspectKind<Of<"module">, boolean> = {
  name: ({ name }) => `kernel module ${name}`,
  capture: ({ name }) =>
    access(`/sys/module/${name.replaceAll("-", "_")}`).then(
      () => true,
      () => false,
    ),
  async restore(aspect, loaded, around) {
    if ((await moduleAspect.capture(aspect, around, false)) === loaded) return;
    await must(around, loaded ? ["modprobe", aspect.name] : ["modprobe", "--remove", aspect.name]);
  },
};

export const hostnameAspect: AspectKind<Of<"hostname">, string> = {
  name: () => "host name",
  capture: async (_, around) => (await said(around, ["hostname"])) ?? "",
  async restore(_, name, around) {
    if (name !== "") await must(around, ["hostname", name]);
  },
};

type Mounted = { device: string; type: string; options: string } | null;

export const mountAspect: AspectKind<Of<"mount">, Mounted> = {
  name: ({ path }) => `mount ${path}`,
  async capture({ path }) {
    const lines = (await readFile("/proc/self/mounts", "utf8")).split("\n").map((line) => line.split(" "));
    const own = lines.findLast(([, target = ""]) => unescapeOctal(target) === path);
    return own ? { device: unescapeOctal(own[0] ?? ""), type: own[2] ?? "", options: own[3] ?? "" } : null;
  },
  async restore(aspect, state, around) {
    const now = await mountAspect.capture(aspect, around, false);
    if (JSON.stringify(now) === JSON.stringify(state)) return;
    const { path } = aspect;
    if (state && now?.device === state.device && now.type === state.type) {
      await must(around, ["mount", "-o", `remount,${state.options}`, "--", path]);
      return;
    }
    if (now) await must(around, ["umount", "--", path]);
    if (!state) return;
    await mkdir(path, { recursive: true });
    await must(around, ["mount", "-t", state.type, "-o", state.options, "--", state.device, path]);
  },
};

export const swapAspect: AspectKind<Of<"swap">, number | null> = {
  name: ({ path }) => `swap ${path}`,
  async capture({ path }) {
    const lines = (await readFile("/proc/swaps", "utf8")).split("\n").map((line) => line.split(/\s+/));
    const own = lines.find(([device]) => device === path);
    return own ? Number(own[4]) : null;
  },
  async restore(aspect, priority, around) {
    const now = await swapAspect.capture(aspect, around, false);
    if (now === priority) return;
    if (now !== null) await must(around, ["swapoff", aspect.path]);
    if (priority === null) return;
    await must(around, ["swapon", ...(priority >= 0 ? ["--priority", `${priority}`] : []), aspect.path]);
  },
};

type Alternative = { status: string; value: string; link: string; choices: Record<string, string> } | null;

export const alternativeAspect: AspectKind<Of<"alternative">, Alternative> = {
  name: ({ name }) => `alternatives of ${name}`,
  async capture({ name }, around) {
    const text = await said(around, ["update-alternatives", "--query", name]);
    if (text === null) return null;
    const field = (key: string, part: string) => new RegExp(`^${key}: (.*)$`, "m").exec(part)?.[1] ?? "";
    const [head = "", ...parts] = text.split("\n\n");
    const choices = parts.map((part) => [field("Alternative", part), field("Priority", part)] as const);
    return {
      ...{ status: field("Status", head), value: field("Value", head), link: field("Link", head) },
      choices: Object.fromEntries(choices),
    };
  },
  async restore(aspect, state, around) {
    const { name } = aspect;
    const now = await alternativeAspect.capture(aspect, around, false);
    const set = (...words: string[]) => must(around, ["update-alternatives", "--quiet", ...words]);
    for (const path of Object.keys(now?.choices ?? {}))
      if (state?.choices[path] === undefined) await set("--remove", name, path);
    for (const [path, priority] of Object.entries(state?.choices ?? {}))
      if (now?.choices[path] !== priority) await set("--install", state?.link ?? "", name, path, priority);
    if (state) await set(...(state.status === "auto" ? ["--auto", name] : ["--set", name, state.value]));
  },
};

/** Where the package's file goes; null where nothing is diverted. */
export const diversionAspect: AspectKind<Of<"diversion">, string | null> = {
  name: ({ path }) => `diversion of ${path}`,
  async capture({ path }, around) {
    const text = await said(around, ["dpkg-divert", "--list", path]);
    return text === null ? null : (/ to (\S+?)(?: by .*)?$/m.exec(text)?.[1] ?? null);
  },
  async restore(aspect, to, around) {
    const now = await diversionAspect.capture(aspect, around, false);
    if (now === to) return;
    const divert = (...words: string[]) =>
      must(around, ["dpkg-divert", "--quiet", "--local", "--rename", ...words]);
    if (now !== null) await divert("--remove", aspect.path);
    if (to !== null) await divert("--divert", to, "--add", aspect.path);
  },
};

/** The table as nft lists it; null where there is none. */
export const firewallAspect: AspectKind<Of<"firewall">, string | null> = {
  name: ({ family, name }) => `nftables table ${family} ${name}`,
  capture: ({ family, name }, around) => said(around, ["nft", "--stateless", "list", "table", family, name]),
  async restore(aspect, text, around) {
    const { family, name } = aspect;
    if ((await firewallAspect.capture(aspect, around, false)) === text) return;
    const empty = `table ${family} ${name}\ndelete table ${family} ${name}\n`;
    if (text === null) {
      await must(around, ["nft", "--file", "-"], { stdin: empty });
      return;
    }
    // As with new rules: those that cut the host off go again by themselves.
    const { perform } = await import("../operations.ts");
    const script = `${empty}${text}\n`;
    const confirm = around.operations?.reach ? { confirmWithinMs: 30_000 } : {};
    await perform(
      { kind: "load firewall", family, name, script, terse: false, ...confirm },
      {
        ...around.operations,
        note: async () => {},
        settle: async () => {},
      },
    );
  },
};

type Checkout = { head: string; branch: string; remote: string; clean: boolean } | null;

const inCheckout = (path: string): string[] => ["git", "-C", path, "-c", `safe.directory=${path}`];

export const checkoutAspect: AspectKind<Of<"checkout">, Checkout> = {
  name: ({ path }) => `git checkout ${path}`,
  async capture({ path, user }, around) {
    const git = (...words: string[]) => said(around, [...inCheckout(path), ...words], user);
    const head = await git("rev-parse", "--verify", "--quiet", "HEAD");
    const remote = await git("remote", "get-url", "origin");
    if (head === null && remote === null) return null;
    const branch = (await git("symbolic-ref", "--quiet", "--short", "HEAD")) ?? "";
    const changed = await git("status", "--porcelain");
    return { head: head ?? "", branch, remote: remote ?? "", clean: changed === "" };
  },
  async restore({ path, user }, state, around) {
    if (state === null) {
      const { perform } = await import("../operations.ts");
      return void (await perform({ kind: "remove tree", path }));
    }
    const as = user === undefined ? {} : { user };
    const git = (...words: string[]) => must(around, [...inCheckout(path), ...words], as);
    await git("remote", "set-url", "origin", state.remote);
    await git("checkout", "--quiet", ...(state.branch ? [state.branch] : ["--detach", state.head]));
  },
  obstacle: async ({ path }, state) =>
    state && !state.clean ? `what was changed in ${path} without being committed was not kept` : undefined,
};

export const pipAspect: AspectKind<Of<"pip">, string | null> = {
  name: ({ name }) => `Python package ${name}`,
  async capture({ pip, name }, { run }) {
    const answer = await run([pip, "show", "--disable-pip-version-check", name]).catch(() => undefined);
    return answer?.code === 0 ? (/^Version: (.*)$/m.exec(answer.stdout)?.[1] ?? null) : null;
  },
  async restore(aspect, version, around) {
    const { pip, name, from = [] } = aspect;
    if ((await pipAspect.capture(aspect, around, false)) === version) return;
    const quiet = ["--quiet", "--disable-pip-version-check", "--no-input"];
    if (version === null) await must(around, [pip, "uninstall", ...quiet, "--yes", "--", name]);
    else await must(around, [pip, "install", ...quiet, ...from, "--", `${name}==${version}`]);
  },
};

export const npmAspect: AspectKind<Of<"npm">, string | null> = {
  name: ({ name }) => `npm package ${name}`,
  async capture({ where, name }, { run }) {
    const answer = await run(["npm", "list", ...where, "--json", "--depth=0", name]).catch(() => undefined);
    try {
      const { dependencies } = JSON.parse(answer?.stdout ?? "{}") as {
        dependencies?: Record<string, { version?: string }>;
      };
      return dependencies?.[name]?.version ?? null;
    } catch {
      return null;
    }
  },
  async restore(aspect, version, around) {
    const { where, name, from = [] } = aspect;
    if ((await npmAspect.capture(aspect, around, false)) === version) return;
    const npm = (verb: string, ...words: string[]) =>
      must(around, ["npm", verb, ...where, "--no-audit", "--no-fund", "--no-update-notifier", ...words]);
    if (version === null) await npm("uninstall", "--", name);
    else await npm("install", "--save-exact", ...from, "--", `${name}@${version}`);
  },
};

/** Told apart from what failed: a folder of the parent that a checkout or a mount leaves is another aspect's. */
export const parentsOf = (path: string): string[] => {
  const parents: string[] = [];
  for (let at = dirname(path); at !== "/" && at !== "."; at = dirname(at)) parents.unshift(at);
  return parents;
};
