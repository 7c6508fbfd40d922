import { useMemo } from "preact/hooks";
import { BoardLink } from "../link.tsx";
import { type Block, type Inline, parseMarkdown } from "../markdown.ts";
import { fillIn, type Variables } from "../template.ts";

/** A text panel: Markdown's most used parts, and never a script. */
export function TextPanel({ text, variables }: { text: string; variables: Variables }) {
  const filled = fillIn(text, variables, "text");
  const blocks = useMemo(() => parseMarkdown(filled), [filled]);
  return <div class="prose">{blocks.map((block, at) => blockOf(block, at))}</div>;
}

function blockOf(block: Block, key: number) {
  switch (block.kind) {
    case "heading": {
      const Heading = block.level <= 1 ? "h3" : block.level === 2 ? "h4" : "h5";
      return <Heading key={key}>{block.text.map(pieceOf)}</Heading>;
    }
    case "paragraph":
      return <p key={key}>{block.text.map(pieceOf)}</p>;
    case "list": {
      const List = block.ordered ? "ol" : "ul";
      return (
        <List key={key}>
          {block.items.map((item, index) => (
            <li key={index}>{item.map(pieceOf)}</li>
          ))}
        </List>
      );
    }
    case "code":
      return <pre key={key}>{block.text}</pre>;
    case "rule":
      return <hr key={key} />;
  }
}

function pieceOf(piece: Inline, key: number) {
  switch (piece.kind) {
    case "text":
      return piece.text;
    case "strong":
      return <strong key={key}>{piece.text}</strong>;
    case "emphasis":
      return <em key={key}>{piece.text}</em>;
    case "code":
      return <code key={key}>{piece.text}</code>;
    case "link":
      return (
        <BoardLink key={key} href={piece.href}>
          {piece.text}
        </BoardLink>
      );
  }
}
