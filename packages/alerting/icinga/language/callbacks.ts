import { IcingaError, type Place } from "./tokens.ts";
import { Callable, type Value } from "./values.ts";

type Answer = (given: readonly Value[], at: Place) => Value;

const answers = new WeakMap<Callable, Answer>();

/** How a function of the configuration is called by functions of the language: `[ 1, 2 ].map(x => x + 1)`. */
export const answerBy = (of: Callable, answer: Answer): void => {
  answers.set(of, answer);
};

/** Calls what a function of the language was given. */
export function callBack(of: Value | undefined, given: readonly Value[], at: Place): Value {
  if (!(of instanceof Callable)) throw new IcingaError("A function is missing among what was given", at);
  if (typeof of.does === "function") return of.does(given, at);
  return answers.get(of)?.(given, at) ?? null;
}
