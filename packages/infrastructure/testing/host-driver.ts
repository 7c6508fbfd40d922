// Runs on a lab machine: one call of the agent's half, parameters as JSON on standard input, answer on standard output.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { connect, isIP } from "node:net";
import { text } from "node:stream/consumers";
import { type Resource, systemClock } from "@havn/model";
import { createResourceHost } from "../host.ts";

const [method = "", params] = JSON.parse(await text(process.stdin));
const host = await createResourceHost({
  stateDirectory: "/var/lib/havn-test",
  clock: systemClock,
  controlPlane: { reach, certify, artifact },
});
const answer =
  method === "apply"
    ? await host.apply(params)
    : method === "undo"
      ? await host.applyUndo(params)
      : method === "look"
        ? await host.readUndo(params)
        : method === "drift"
          ? await host.drift(params)
          : method === "inventory"
            ? await host.inventory(params)
            : await host.read(params.resources, params.secrets, { secretValues: params.secretValues });
process.stdout.write(JSON.stringify(answer));
// The most memory that it held, in KiB.
writeFileSync("/root/peak", String(process.resourceUsage().maxRSS));

/** What stands for the control plane is whoever listens at HAVN_REACH (address:port). */
async function reach(signal: AbortSignal): Promise<void> {
  const [address, port] = (process.env.HAVN_REACH ?? "").split(":");
  while (!signal.aborted) {
    const socket = connect({ host: address, port: Number(port) });
    try {
      await once(socket, "connect", { signal: AbortSignal.any([signal, AbortSignal.timeout(1000)]) });
      return;
    } catch {
      await systemClock.sleep(100);
    } finally {
      socket.destroy();
    }
  }
  throw signal.reason;
}

/** What stands for the control plane's artifacts is a folder of this machine's own. */
async function artifact(sha256: string, offset: number) {
  await using file = await open(`/root/artifacts/${sha256}`);
  const { bytesRead, buffer } = await file.read(Buffer.alloc(1 << 20), 0, 1 << 20, offset);
  return { size: (await file.stat()).size, bytes: buffer.subarray(0, bytesRead) };
}

/** What stands for the control plane's authority is one of this machine's own. */
async function certify(address: string, request: string) {
  const [authority, key] = ["/root/authority.crt", "/root/authority.key"];
  const openssl = (...words: string[]) => execFileSync("openssl", words, { stdio: "pipe" });
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  if (!existsSync(authority))
    openssl("req", "-x509", ...curve, "-keyout", key, "-out", authority, "-subj", "/CN=lab", "-days", "300");
  writeFileSync("/root/request.pem", request);
  const { names } = params.resources.find((one: Resource) => one.address === address).properties;
  const kinds = names.map((name: string) => `${isIP(name) === 0 ? "DNS" : "IP"}:${name}`);
  writeFileSync("/root/extensions", `subjectAltName=${kinds.join(",")}\n`);
  const signed = ["-CA", authority, "-CAkey", key, "-CAcreateserial", "-extfile", "/root/extensions"];
  const certificate = openssl("x509", "-req", "-in", "/root/request.pem", ...signed, "-days", "90");
  return { certificate: certificate.toString(), authority: readFileSync(authority, "utf8") };
}
