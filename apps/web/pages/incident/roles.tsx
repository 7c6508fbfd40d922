import type { IncidentSummary } from "@havn/model";
import { useId, useState } from "preact/hooks";
import { useApplication, useMessages } from "../../kit/context.ts";
import { type Act, useMay } from "../../respond/act.tsx";
import { nameOf } from "../../respond/parts.tsx";
import { Panel } from "../../ui/parts.tsx";

const roles = ["commander", "communications", "scribe"] as const;

/** Who does what; written names are kept when the field is left. */
export function Roles(props: { incident: IncidentSummary; people: string[]; act: Act; reload(): void }) {
  const { incident, people, act, reload } = props;
  const { api, session } = useApplication();
  const messages = useMessages().incidents;
  const { may, why } = useMay();
  const list = useId();
  const me = nameOf(session.actor);
  const give = (role: string, person: string) => {
    if ((incident.roles[role] ?? "") === person) return;
    void act
      .run(() => api.changeIncident(incident.id, { roles: { [role]: person } }))
      .then((done) => done && reload());
  };
  return (
    <Panel title={messages.rolesTitle}>
      <datalist id={list}>
        {[...new Set([me, ...people])].map((person) => (
          <option key={person} value={person} />
        ))}
      </datalist>
      <ul class="roles">
        {roles.map((role) => (
          <li key={role}>
            <Role
              key={incident.roles[role] ?? ""}
              {...{ list, why }}
              label={messages.roles[role]}
              person={incident.roles[role] ?? ""}
              disabled={!may}
              give={(person) => give(role, person)}
            />
            {may && !incident.roles[role] && (
              <button type="button" class="button small" onClick={() => give(role, me)}>
                {messages.takeRole}
              </button>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Role(props: {
  label: string;
  person: string;
  list: string;
  disabled: boolean;
  why: string | undefined;
  give(person: string): void;
}) {
  const [text, setText] = useState(props.person);
  return (
    <label class="field">
      <span>{props.label}</span>
      <input
        type="text"
        list={props.list}
        value={text}
        disabled={props.disabled}
        title={props.why}
        onInput={(event) => setText(event.currentTarget.value)}
        onBlur={() => props.give(text.trim())}
        onKeyDown={(event) => event.key === "Enter" && props.give(text.trim())}
      />
    </label>
  );
}
