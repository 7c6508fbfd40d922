import { HavnError, type PropertyChange } from "@havn/model";
import { z } from "zod";
import { literal } from "../lines.ts";
import { nothing, type Part, part, planOf, run } from "../parts.ts";
import { oneLine, textProperty } from "../text.ts";
import {
  type AptOperation,
  type HostPlan,
  type Operation,
  type ResourceDefinition,
  unchanged,
  type Wanted,
} from "../type.ts";

const answerTypes = ["string", "boolean", "select", "multiselect", "text", "password"] as const;

export const packageSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9+._-]+$/, "expected the name of a package")
    .describe("as the package manager knows it"),
  manager: z
    .enum(["apt", "dnf", "apk"])
    .optional()
    .describe("which package manager; absent: that of the host's distribution"),
  version: z
    .string()
    .regex(/^[A-Za-z0-9.+:~*^_-]+$/, 'expected a version, "15.*" or "newest"')
    .optional()
    .describe(
      'exactly this version; a * stands for anything; "newest": the newest there is; absent: whichever is installed',
    ),
  hold: z.boolean().optional().describe("true: nobody but Havn changes its version; absent: left as it is"),
  answers: z
    .record(
      z.string().regex(/^[a-z0-9][^\s]*\/[^\s]+$/, 'expected a question such as "postfix/mailname"'),
      z.union([
        textProperty,
        z.boolean(),
        z.strictObject({ type: z.enum(answerTypes), value: textProperty }),
      ]),
    )
    .optional()
    .describe("answers to debconf's questions, given before it is installed"),
  purge: z.boolean().optional().describe("whether its configuration files go with it; absent: true"),
  autoremove: z
    .boolean()
    .optional()
    .describe("true: when it goes, packages that came only because of it go too"),
  absent: z.boolean().default(false).describe("true: the package must not be installed"),
});
export type PackageProperties = Omit<z.output<typeof packageSchema>, "answers"> & {
  answers?: Record<string, string | boolean | { type: (typeof answerTypes)[number]; value: string }>;
};

export interface PackageObserved {
  /** Absent: apt. */
  manager?: "dnf" | "apk" | undefined;
  /** Its version, where it is installed. */
  installed?: string | undefined;
  /** Removed, its configuration files are still there. */
  residual?: boolean;
  held?: boolean;
  /** The version that apt would install, where that is asked for. */
  newest?: string | undefined;
  /** What debconf has for the questions that were asked for. */
  answers?: Record<string, string>;
  /** Havn installed it. */
  ours: boolean;
}

const debianPackage: ResourceDefinition<PackageProperties, PackageObserved> = {
  type: "package",
  schema: packageSchema,
  // Programs, units, users and files come with it.
  opaque: true,
  plan: planPackage,
  watches: () => ["/var/lib/dpkg/status"],
};
export default debianPackage;

function planPackage(observed: PackageObserved, desired: PackageProperties, wanted: Wanted): HostPlan {
  if (desired.absent || wanted === "absent") return planRemoval(observed, desired);
  const { hold } = desired;
  const { installed, held = false } = observed;
  const version = planVersion(observed, desired);
  const mark = markOf(observed, desired);
  // A new version takes the mark away.
  const holding: Part =
    version !== nothing && hold && held
      ? { changes: [], operations: [mark] }
      : part("hold", held, hold ?? held, mark);
  const answers = installed === undefined ? nothing : planAnswers(observed, desired);
  return planOf(installed === undefined ? "create" : "update", version, holding, answers);
}

/** "nginx", "1.24.*" → "nginx~1.24", as apk's world has it; an exact version: "nginx=1.24.0-r7". */
export const apkWord = (name: string, version: string): string =>
  version.includes("*") ? `${name}~${version.replace(/[.-]?\*.*$/, "")}` : `${name}=${version}`;

function markOf(
  { manager, installed, newest }: PackageObserved,
  { name, hold, version }: PackageProperties,
): Operation {
  switch (manager) {
    case undefined:
      return run("apt-mark", hold ? "hold" : "unhold", name);
    case "dnf":
      return run("dnf", "versionlock", hold ? "add" : "delete", "--quiet", name);
    case "apk":
      // A version with a * is held within what it says: which one that is shows only once it is installed.
      return run(
        "apk",
        "add",
        "--quiet",
        hold ? apkWord(name, (version === "newest" ? newest : version) ?? installed ?? "") : name,
      );
  }
}

function planVersion(observed: PackageObserved, desired: PackageProperties): Part {
  const { installed, held, newest, answers, manager } = observed;
  const { name, version } = desired;
  if (manager && desired.answers)
    throw new HavnError(`${name} cannot be given answers here`, {
      detail: `They are debconf's, and this host's packages are ${manager}'s. Remove answers for this host.`,
    });
  const after = version === "newest" ? newest : version;
  if (installed !== undefined && (after === undefined || matches(installed, after, manager))) return nothing;
  // dnf leaves what is installed alone when only its name is given.
  const wanted = version === "newest" ? (manager === "dnf" ? newest : undefined) : version;
  const exact = wanted === undefined ? name : `${name}=${wanted}`;
  const operation: AptOperation = { kind: "apt", ...(manager && { manager }), install: [exact], remove: [] };
  if (held) operation.changeHeld = true;
  if (installed !== undefined) return part("version", installed, after, operation);
  const asked = selections(desired, Object.keys(desired.answers ?? {}));
  if (asked !== "") operation.answers = asked;
  return {
    changes: [{ property: "version", after: after ?? "newest" }, ...answerChanges(answers, desired)],
    operations: [operation],
  };
}

/** To rpm and apk, a version may be told without its release ("1.2.0-3.fc40" is 1.2.0), to rpm without its epoch too. */
function matches(installed: string, version: string, manager: PackageObserved["manager"]): boolean {
  const pattern = new RegExp(`^${version.split("*").map(literal).join(".*")}$`);
  const forms = [installed];
  if (manager === "dnf") forms.push(installed.replace(/^\d+:/, ""));
  if (manager) forms.push(...forms.map((form) => form.replace(/-[^-]*$/, "")));
  return forms.some((form) => pattern.test(form));
}

/** What is there asks its questions once more, with the answers in place of a person. */
function planAnswers({ answers }: PackageObserved, desired: PackageProperties): Part {
  const changes = answerChanges(answers, desired);
  if (changes.length === 0) return nothing;
  const questions = Object.keys(desired.answers ?? {}).filter((question) =>
    changes.some(({ property }) => property === `answers.${question}`),
  );
  const set: Operation = {
    kind: "run",
    command: ["debconf-set-selections"],
    stdin: selections(desired, questions),
  };
  return { changes, operations: [set, run("dpkg-reconfigure", "--frontend=noninteractive", desired.name)] };
}

function answerChanges(
  known: Record<string, string> = {},
  { answers = {} }: PackageProperties,
): PropertyChange[] {
  return Object.entries(answers).flatMap(([question, answer]) => {
    const { type, value } = normalise(answer);
    const before = known[question];
    // Most packages forget passwords once they have used them.
    if (before === value || (type === "password" && before === "")) return [];
    return [{ property: `answers.${question}`, ...(before !== undefined && { before }), after: value }];
  });
}

const selections = ({ name, answers = {} }: PackageProperties, questions: readonly string[]): string =>
  questions
    .map((question) => {
      const { type, value } = normalise(answers[question] ?? "");
      return `${name} ${question} ${type} ${oneLine(value, `The answer to ${question}`)}\n`;
    })
    .join("");

const normalise = (answer: string | boolean | { type: string; value: string }) =>
  typeof answer === "object"
    ? answer
    : typeof answer === "boolean"
      ? { type: "boolean", value: String(answer) }
      : { type: "string", value: answer };

function planRemoval(observed: PackageObserved, desired: PackageProperties): HostPlan {
  const { name, absent, purge = true, autoremove } = desired;
  const { installed, residual, ours, manager } = observed;
  // What was there before Havn came is not Havn's to remove when it is merely no longer declared.
  if (!absent && !ours) return unchanged;
  if (installed === undefined && !(residual && purge && absent)) return unchanged;
  const operation: AptOperation = {
    kind: "apt",
    ...(manager && { manager }),
    install: [],
    remove: purge ? [name] : [],
    ...(!purge && { removeOnly: [name] }),
    ...(autoremove && { autoremove }),
    ...(observed.held && { changeHeld: true }),
  };
  const before = installed ?? "only its configuration files";
  return { action: "delete", changes: [{ property: "version", before }], operations: [operation] };
}
