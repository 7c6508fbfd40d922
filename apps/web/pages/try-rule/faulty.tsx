import type { RuleGroup } from "@havn/model";
import { useMessages } from "../../kit/context.ts";
import { Panel } from "../../ui/parts.tsx";

export interface FaultyRule {
  name: string;
  group: string;
  expr: string;
  faults: string[];
}

export interface TryRuleData {
  faulty: FaultyRule[];
}

/** Rules that match nothing, failed when they were evaluated last, or say something that cannot be filled in. */
export const faultyOf = (groups: readonly RuleGroup[]): FaultyRule[] =>
  groups.flatMap(({ group, rules }) =>
    rules.flatMap(({ name, expr, warnings, health, lastError }) => {
      const faults = [...(health === "err" ? [lastError] : []), ...warnings];
      return faults.length > 0 ? [{ name, group, expr, faults }] : [];
    }),
  );

/** Rules of the environment that cannot do what they are there for. */
export function Faulty({ rules, choose }: { rules: readonly FaultyRule[]; choose(expr: string): void }) {
  const messages = useMessages().tryRule;
  if (rules.length === 0) return null;
  return (
    <Panel title={messages.faulty}>
      <ul class="plain-list">
        {rules.map(({ name, group, expr, faults }) => (
          <li key={`${group} ${name}`}>
            <div>
              <b>{name}</b> <span class="muted">{group}</span>
              {faults.map((fault) => (
                <p class="warn" key={fault} lang="en">
                  {fault}
                </p>
              ))}
            </div>
            {expr !== "" && (
              <button type="button" class="button small" onClick={() => choose(expr)}>
                {messages.run}
              </button>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
