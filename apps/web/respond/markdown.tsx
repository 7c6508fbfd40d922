import type { ComponentChildren } from "preact";

/**
 * As much of Markdown as a postmortem needs: headings, lists, tables, bold, italics, code and links. Whatever else stands
 * there is shown as text: nothing of it becomes markup of the page.
 */
export function Markdown({ text }: { text: string }) {
  return <div class="markdown">{blocks(text)}</div>;
}

function blocks(text: string): ComponentChildren[] {
  return text
    .replace(/\r/g, "")
    .split(/\n{2,}|\n(?=#{1,4} )|(?<=^#{1,4} .*)\n/m)
    .filter((block) => block.trim() !== "")
    .map((block, at) => blockOf(block.replace(/\n+$/, ""), at));
}

function blockOf(block: string, key: number): ComponentChildren {
  const heading = /^(#{1,4}) (.*)$/s.exec(block);
  if (heading) {
    const [, marks = "", title = ""] = heading;
    // The page's own title is the first.
    return marks.length === 1 ? <h3 key={key}>{inline(title)}</h3> : <h4 key={key}>{inline(title)}</h4>;
  }
  const lines = block.split("\n");
  if (lines.every((line) => /^\s*[-*] /.test(line)))
    return (
      <ul key={key}>
        {lines.map((line, at) => (
          <li key={at}>{inline(line.replace(/^\s*[-*] /, ""))}</li>
        ))}
      </ul>
    );
  if (lines.every((line) => /^\s*\d+\. /.test(line)))
    return (
      <ol key={key}>
        {lines.map((line, at) => (
          <li key={at}>{inline(line.replace(/^\s*\d+\. /, ""))}</li>
        ))}
      </ol>
    );
  if (lines.length > 1 && lines.every((line) => line.startsWith("|")))
    return <Table key={key} lines={lines} />;
  if (block.startsWith("```")) return <pre key={key}>{block.replace(/^```.*\n|\n?```$/g, "")}</pre>;
  return <p key={key}>{inline(block)}</p>;
}

function Table({ lines }: { lines: string[] }) {
  const rows = lines
    .filter((line) => !/^\|[-:|\s]+\|?$/.test(line))
    .map((line) => line.replace(/^\||\|$/g, "").split(/(?<!\\)\|/));
  const [head = [], ...body] = rows;
  return (
    <div class="table-frame">
      <table>
        <thead>
          <tr>
            {head.map((cell, at) => (
              <th key={at} scope="col">
                {inline(cell.trim())}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {body.map((row, at) => (
            <tr key={at}>
              {row.map((cell, n) => (
                <td key={n}>{inline(cell.trim())}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const marks = /\*\*(.+?)\*\*|(?<![\w\\])_(.+?)(?<!\\)_(?!\w)|`([^`]+)`|\[([^\]]+)\]\((https?:\/\/[^\s)]+)\)/s;

function inline(text: string): ComponentChildren[] {
  const found = marks.exec(text);
  if (!found) return [unescaped(text)];
  const [whole, bold, italic, code, title, href] = found;
  const key = `${found.index} ${whole}`;
  const shown =
    bold !== undefined ? (
      <b key={key}>{inline(bold)}</b>
    ) : italic !== undefined ? (
      <i key={key}>{inline(italic)}</i>
    ) : code !== undefined ? (
      <code key={key}>{code}</code>
    ) : (
      <a key={key} href={href} target="_blank" rel="noopener noreferrer">
        {title}
      </a>
    );
  return [unescaped(text.slice(0, found.index)), shown, ...inline(text.slice(found.index + whole.length))];
}

const unescaped = (text: string) => text.replace(/\\([\\`*_[\]<>#|])/g, "$1");
