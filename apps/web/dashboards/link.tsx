import type { ComponentChildren } from "preact";
import { linkOf } from "./links.ts";

/** A link of a dashboard. What leads out of the page opens beside it and learns nothing of it; what may lead nowhere is text. */
export function BoardLink(props: { href: string; class?: string; children: ComponentChildren }) {
  const link = linkOf(props.href, location.origin);
  if (link.kind === "refused") return <span class={props.class}>{props.children}</span>;
  const outside = link.kind === "outside" ? { target: "_blank", rel: "noopener noreferrer" } : {};
  return (
    <a class={props.class} href={link.href} {...outside}>
      {props.children}
    </a>
  );
}
