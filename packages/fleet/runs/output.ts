import { maskText } from "@havn/plan";

/** Takes secrets out of text that comes in pieces. */
export interface Masker {
  /** What can be shown of it now: what may be the beginning of a secret waits for what follows. */
  push(text: string): string;
  /** The rest. */
  end(): string;
}

/** `secrets` from `secretTexts`. */
export function createMasker(secrets: readonly string[]): Masker {
  let held = "";
  return {
    push(text) {
      if (secrets.length === 0) return text;
      const whole = maskText(held + text, secrets);
      const keep = longestBeginning(whole, secrets);
      held = whole.slice(whole.length - keep);
      return whole.slice(0, whole.length - keep);
    },
    end() {
      const rest = held;
      held = "";
      return rest;
    },
  };
}

/** Length of the longest end of `text` that is a beginning of a secret. */
function longestBeginning(text: string, secrets: readonly string[]): number {
  let longest = 0;
  for (const secret of secrets) {
    const most = Math.min(secret.length - 1, text.length);
    for (let length = most; length > longest; length--)
      if (text.endsWith(secret.slice(0, length))) {
        longest = length;
        break;
      }
  }
  return longest;
}

/** Remembers the beginning and the end of a long text. */
export interface Keeper {
  push(text: string): void;
  text(): string;
}

const beginning = 16 * 1024;
const ending = 48 * 1024;

export function createKeeper(): Keeper {
  let head = "";
  let tail = "";
  let left = 0;
  return {
    push(text) {
      const room = beginning - head.length;
      head += text.slice(0, room);
      tail += text.slice(Math.max(0, room));
      // Not at every piece: cutting copies.
      if (tail.length <= 2 * ending) return;
      left += tail.length - ending;
      tail = tail.slice(-ending);
    },
    text() {
      const extra = Math.max(0, tail.length - ending);
      const cut = left + extra;
      // PostgreSQL stores no NUL, and half a character is none.
      return (cut > 0 ? `${head}\n… ${cut} characters left out …\n${tail.slice(extra)}` : head + tail)
        .replaceAll("\0", "\ufffd")
        .toWellFormed();
    },
  };
}
