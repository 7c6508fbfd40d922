/**
 * ClickHouse's query parameters (`{name:Type}` in SQL, `param_name` in the URL), bound the way its server does:
 * each becomes `_CAST('text', 'Type')`. chdb binds parameters too, but one query at a time for the whole process.
 */
export function bindParameters(sql: string, params: ReadonlyMap<string, string>): string {
  return sql.replace(tokens, (token, name?: string, type?: string) => {
    if (name === undefined || type === undefined) return token;
    const text = params.get(name);
    if (text === undefined) throw new ParameterError(`Substitution \`${name}\` is not set`);
    if (type.trim() === "Identifier") return quote(text, "`");
    // Text of a String is escaped as in TSV; that of arrays, maps and numbers is a literal of its own.
    const value = /^(Nullable|LowCardinality|FixedString|String)\b[^,]*$/.test(type)
      ? unescapeTsv(text)
      : text;
    return `_CAST(${quote(value, "'")}, ${quote(type.trim(), "'")})`;
  });
}

/** Carries ClickHouse's code 456, UNKNOWN_QUERY_PARAMETER. */
export class ParameterError extends Error {
  readonly clickhouseCode = 456;
}

// Strings, quoted names and comments are taken whole, so that braces inside them are no parameters.
const tokens =
  /'(?:[^'\\]|\\[\s\S]|'')*'|`(?:[^`\\]|\\[\s\S])*`|"(?:[^"\\]|\\[\s\S])*"|--[^\n]*|\/\*[\s\S]*?\*\/|\{\s*([A-Za-z_]\w*)\s*:\s*([^{}]+)\}/g;

function quote(text: string, mark: string): string {
  return mark + text.replaceAll("\\", "\\\\").replaceAll(mark, `\\${mark}`) + mark;
}

const escapes: Record<string, string> = { t: "\t", n: "\n", r: "\r", b: "\b", f: "\f", 0: "\0" };

function unescapeTsv(text: string): string {
  return text.replace(/\\([\s\S])/g, (_, letter: string) => escapes[letter] ?? letter);
}
