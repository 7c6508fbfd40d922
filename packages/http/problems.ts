import { HavnError, type Problem } from "@havn/model";
import { isOutage } from "@havn/postgres";
import type { z } from "zod";

/** Any failure as a caller may see it: what is not a HavnError tells nothing of its inside. */
export function asHavnError(cause: unknown): HavnError {
  if (cause instanceof HavnError) return cause;
  if (isOutage(cause))
    return new HavnError("PostgreSQL is away", {
      status: 503,
      retryable: true,
      detail:
        "It is being started again, or cannot be reached. Try again in a moment; /readyz tells when it is back.",
    });
  return (
    fromFastify(cause) ??
    new HavnError("internal error", {
      status: 500,
      detail: "Something in Havn failed. The server's log has the cause.",
      cause,
    })
  );
}

export function problemOf(cause: unknown): { status: number; body: Problem } {
  const { message, detail, retryable, diagnostics, status } = asHavnError(cause);
  return {
    status,
    body: { error: { summary: message, detail, retryable, diagnostics: [...diagnostics] } },
  };
}

function fromFastify(cause: unknown): HavnError | undefined {
  if (!(cause instanceof Error)) return undefined;
  const { code = "", statusCode } = cause as Error & { code?: string; statusCode?: number };
  switch (code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return tooLarge();
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return new HavnError("This route does not take that kind of body", {
        status: 415,
        detail: "Send JSON with the header content-type: application/json.",
      });
    case "FST_ERR_CTP_EMPTY_JSON_BODY":
      return new HavnError("The body is empty", { status: 400, detail: "Send a JSON body." });
    case "FST_ERR_CTP_INVALID_JSON_BODY":
      return malformed(cause.message);
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return new HavnError("The body was not as long as its content-length", { status: 400 });
    case "FST_ERR_BAD_URL":
      return new HavnError("The address is not valid", { status: 400, detail: "Encode it as a URL." });
  }
  if (cause instanceof SyntaxError && statusCode === 400) return malformed(cause.message);
  return undefined;
}

const malformed = (why: string) =>
  new HavnError("The body is not valid JSON", { status: 400, detail: `${why}. Send one JSON value.` });

export const tooLarge = (limit?: number) =>
  new HavnError("The body is too large", {
    status: 413,
    detail: limit === undefined ? "Send a smaller one." : `At most ${limit} bytes are taken here.`,
  });

const partNames = { params: "path", query: "query", body: "body" } as const;

/** Parses what came in; a mistake names the field and what is expected there. */
export function parseInput(schema: z.ZodType, value: unknown, part: keyof typeof partNames): unknown {
  const path: string[] = [partNames[part]];
  refuseUnstorable(value, path);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const mistakes = closest(parsed.error.issues)
    .slice(0, 20)
    .map((issue) => {
      const field = [partNames[part], ...issue.path.map(String)].join(".");
      return { severity: "error" as const, summary: field, detail: issue.message };
    });
  const first = mistakes[0];
  throw new HavnError(`The ${partNames[part]} of the request is not valid`, {
    status: 400,
    detail: first ? `${first.summary}: ${first.detail}` : "",
    diagnostics: mistakes,
  });
}

const deepest = 100;

/** PostgreSQL stores neither NULs nor halves of characters, and what is endlessly deep overflows whoever walks it. */
function refuseUnstorable(value: unknown, path: string[]): void {
  if (typeof value === "string") {
    if (value.isWellFormed() && !value.includes("\0")) return;
    throw new HavnError(`${path.join(".")} holds what no text may hold`, {
      status: 400,
      detail: "Leave out NUL characters (U+0000) and halves of surrogate pairs.",
    });
  }
  if (typeof value !== "object" || value === null) return;
  if (path.length > deepest)
    throw new HavnError("The body is nested too deeply", {
      status: 400,
      detail: `At most ${deepest} levels are taken.`,
    });
  // Millions of labels come this way: the path is put together only where something is wrong.
  for (const key of Object.keys(value)) {
    refuseUnstorable(key, path);
    path.push(key);
    refuseUnstorable((value as Record<string, unknown>)[key], path);
    path.pop();
  }
}

/** Of alternatives, the one that was probably meant: with the fewest mistakes near its top. */
function closest(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] {
  const nearTop = (branch: readonly z.core.$ZodIssue[]) =>
    branch.filter(({ path }) => path.length <= 1).length;
  return issues.flatMap((issue) => {
    if (issue.code !== "invalid_union" || issue.errors.length === 0) return [issue];
    const [best = []] = issue.errors.toSorted((a, b) => nearTop(a) - nearTop(b));
    return closest(best).map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
  });
}
