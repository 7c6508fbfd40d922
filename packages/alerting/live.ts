import type { Live } from "@havn/http";
import type { CheckResult, CheckView } from "@havn/model";

export interface LiveSources {
  checks(environment: string): CheckView[];
  /** Calls back when a silence was made, changed or ended. */
  onSilences(listener: () => void): () => void;
}

/** Somebody who looks at ten thousand checks is told of what changed, not of each result. */
const everyMs = 1000;

/** Serves `checks:ENVIRONMENT`, whose data are the checks that have changed, and `silences`, which says that some have. */
export function serveLiveAlerting(live: Live, { checks, onSilences }: LiveSources): void {
  live.topic("silences", { action: "silence:read" });
  onSilences(() => live.publish("silences", {}));
  live.topic("checks", {
    action: "check:read",
    resource: (environment) => environment,
    watch(environment, publish) {
      let seen = new Map<string, string>();
      const look = () => {
        const now = new Map<string, string>();
        const changed = checks(environment).filter((view) => {
          const key = keyOf(view);
          now.set(view.address, key);
          return seen.get(view.address) !== key;
        });
        const gone = [...seen.keys()].filter((address) => !now.has(address));
        const first = seen.size === 0;
        seen = now;
        if (!first && changed.length + gone.length > 0) publish({ changed, gone });
      };
      look();
      const timer = setInterval(look, everyMs);
      return () => clearInterval(timer);
    },
  });
}

const told = ({ state, hard, attempt, flapping, output, hardState }: CheckResult) => [
  ...[state, hard, attempt, flapping, output, hardState],
];

function keyOf({ result, unreachable }: CheckView): string {
  // When it ran last is shown by the minute: a check that stays as it is need not be told each second.
  return JSON.stringify([result && told(result), Math.floor((result?.at ?? 0) / 30_000), unreachable]);
}
