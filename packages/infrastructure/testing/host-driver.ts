// Runs on a lab machine: one call of the agent's half, parameters as JSON on standard input, answer on standard output.
import { text } from "node:stream/consumers";
import { systemClock } from "@havn/model";
import { createResourceHost } from "../host.ts";

const [method = "", params] = JSON.parse(await text(process.stdin));
const host = await createResourceHost({ stateDirectory: "/var/lib/havn-test", clock: systemClock });
const answer =
  method === "apply"
    ? await host.apply(params)
    : method === "drift"
      ? await host.drift(params)
      : await host.read(params.resources, params.secrets);
process.stdout.write(JSON.stringify(answer));
