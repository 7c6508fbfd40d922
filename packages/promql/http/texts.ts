import type { Expr } from "../ast.ts";
import { type Dialect, parseDialect } from "../parser/dialect.ts";

type Parsed = Readonly<{ parsed: Expr; text: string }>;

const mostTexts = 500;
/** Characters: dashboards and rules ask the same short texts again and again; long ones are rare. */
const longest = 2_000;

/** Trees of the queries that were asked last: evaluation only reads them. */
export class QueryTexts {
  readonly #known = new Map<string, Parsed>();

  /** Throws a PromqlError. */
  parse(text: string, dialect: Dialect): Parsed {
    if (text.length > longest) return parseDialect(text, dialect);
    const key = `${dialect} ${text}`;
    const found = this.#known.get(key) ?? parseDialect(text, dialect);
    this.#known.delete(key);
    this.#known.set(key, found);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= mostTexts) break;
      this.#known.delete(oldest);
    }
    return found;
  }
}
