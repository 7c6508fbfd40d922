import { readFileSync } from "node:fs";
import cedar from "@cedar-policy/cedar-wasm/nodejs";
import { HavnError } from "@havn/model";

export type Role = "viewer" | "operator" | "admin";

const policySet = "havn-roles";
const roleEntities = [
  { uid: { type: "Role", id: "viewer" }, attrs: {}, parents: [] },
  { uid: { type: "Role", id: "operator" }, attrs: {}, parents: [{ type: "Role", id: "viewer" }] },
  { uid: { type: "Role", id: "admin" }, attrs: {}, parents: [{ type: "Role", id: "operator" }] },
];

export interface Decider {
  /** Whether a role may do `noun:verb`. The policies look at no resource, so decisions are remembered without it. */
  decide(role: Role, action: string): boolean;
}

/** Decides by the policies in `policies/roles.cedar`; throws when they do not parse. */
export function createDecider(): Decider {
  const staticPolicies = readFileSync(new URL("policies/roles.cedar", import.meta.url), "utf8");
  const parsed = cedar.preparsePolicySet(policySet, { staticPolicies });
  if (parsed.type === "failure")
    throw new HavnError("The access policies do not parse", {
      detail: parsed.errors.map(messageOf).join("; "),
    });
  const remembered = new Map<string, boolean>();
  return {
    decide(role, action) {
      const key = `${role} ${action}`;
      const known = remembered.get(key);
      if (known !== undefined) return known;
      const decision = ask(role, action);
      remembered.set(key, decision);
      return decision;
    },
  };
}

/** What Cedar cannot evaluate is denied. */
function ask(role: Role, action: string): boolean {
  const [noun = "", verb = ""] = action.split(":");
  const answer = cedar.statefulIsAuthorized({
    principal: { type: "Role", id: role },
    action: { type: "Action", id: action },
    resource: { type: "Environment", id: "any" },
    context: { noun, verb },
    preparsedPolicySetId: policySet,
    entities: roleEntities,
  });
  return answer.type === "success" && answer.response.decision === "allow";
}

const messageOf = ({ message }: { message: string }) => message;
