import { connect } from "../../api/connect.ts";
import { doneAnswer } from "../../api/response.ts";
import { defineCommand } from "../../kit/command.ts";

export const command = defineCommand({
  name: "ack",
  summary: "answer an incident's pages: nobody else is asked for a while",
  group: "Environments",
  access: ["page:acknowledge"],
  arguments: [{ name: "INCIDENT", description: "its number, as `havn incidents` shows it" }],
  examples: [["havn ack 12", "as whoever the token belongs to"]],
  async run({ arguments: [id = ""], globals, io, signal }) {
    const api = await connect(globals, signal);
    const path = `/api/v1/incidents/${encodeURIComponent(id)}/acknowledge`;
    const { done } = await api.post(path, doneAnswer, { signal });
    io.tell(
      done
        ? `${io.style.green("✓")} Nobody else is asked while your answer holds.`
        : `There is no open page of incident ${id}.`,
    );
    return undefined;
  },
});
