import { checkRunAnswer } from "../../api/checks.ts";
import { connect } from "../../api/connect.ts";
import { chooseEnvironment } from "../../flows/memory.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { exitCodes } from "../../kit/exit.ts";
import { printable } from "../../kit/style.ts";
import { paintCheckState } from "../../views/checks.ts";

export const command = defineCommand({
  name: "checks run",
  summary: "run a check now, where it usually runs",
  group: "Environments",
  description: "The result counts as any other. The exit code is 1 where it is not OK.",
  access: ["check:run"],
  arguments: [{ name: "NAME", description: "name of the check" }],
  options: { environment: shared.environment, json: shared.json },
  examples: [["havn checks run shop-answers", "ask now"]],
  async run({ arguments: [name = ""], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const environment = await chooseEnvironment(options.environment, { globals, api, signal });
    const path = `/api/v1/checks/${encodeURIComponent(environment)}/${encodeURIComponent(name)}/run`;
    const { result } = await api.post(path, checkRunAnswer, { signal });
    if (options.json) io.out(JSON.stringify(result, undefined, 2));
    else {
      io.out(`${paintCheckState(result.state, io.style)}: ${printable(result.output)}`);
      if (result.long) io.out(printable(result.long));
    }
    return result.state === "ok" ? exitCodes.ok : exitCodes.error;
  },
});
