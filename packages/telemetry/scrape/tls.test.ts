import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { scrapeProperties } from "@havn/prometheus";
import { freePort, temporaryDirectory, until } from "@havn/testkit";
import { Connection } from "./fetch.ts";
import { httpOf } from "./http.ts";

const asked = { headers: {}, largest: 10_000_000, signal: AbortSignal.timeout(600_000) };

test("Debian's node-exporter behind TLS that wants a certificate of ours", {
  timeout: 600_000,
}, async (t) => {
  await using directory = await temporaryDirectory("scrape-tls");
  const openssl = (...args: string[]) =>
    execFileSync("openssl", args, { cwd: directory.path, stdio: "ignore" });
  const authority = (name: string) =>
    openssl(
      ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", `/CN=${name}`],
      ...["-keyout", `${name}.key`, "-out", `${name}.pem`],
    );
  const issue = (name: string, subject: string) => {
    openssl(
      ...[
        "req",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        `/CN=${subject}`,
        "-addext",
        `subjectAltName=DNS:${subject}`,
      ],
      ...["-keyout", `${name}.key`, "-out", `${name}.csr`],
    );
    openssl(
      ...["x509", "-req", "-in", `${name}.csr`, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"],
      ...["-copy_extensions", "copyall", "-days", "2", "-out", `${name}.pem`],
    );
  };
  authority("ca");
  authority("other");
  issue("server", "node.example.org");
  issue("client", "havn");
  const path = (name: string) => join(directory.path, name);
  await writeFile(
    path("web.yml"),
    `tls_server_config: { cert_file: ${path("server.pem")}, key_file: ${path("server.key")}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: ${path("ca.pem")} }\n`,
  );
  const port = await freePort();
  const child = spawn(
    "prometheus-node-exporter",
    [`--web.listen-address=127.0.0.1:${port}`, `--web.config.file=${path("web.yml")}`],
    { stdio: "ignore" },
  );
  const ended = once(child, "exit");
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const text = (name: string) => readFile(path(name), "utf8");
  const tls_config = {
    ca: await text("ca.pem"),
    cert: await text("client.pem"),
    server_name: "node.example.org",
  };
  const scrape = async (tls: object, key: string | undefined) => {
    const config = scrapeProperties.parse({ job_name: "node", scheme: "https", tls_config: tls });
    const options = httpOf(config);
    const connection = new Connection({ ...options, tls: { ...options.tls, key } });
    try {
      return await connection.get(`https://127.0.0.1:${port}/metrics`, asked);
    } finally {
      connection.close();
    }
  };
  const key = await text("client.key");
  const answer = await until(() => scrape(tls_config, key).catch(() => undefined), {
    what: "metrics",
    timeoutMs: 240_000,
  });
  assert.match(Buffer.from(answer.bytes).toString(), /^node_load1 /m);
  const { cert: _, ...without } = tls_config;
  await assert.rejects(scrape(without, undefined), /certificate/i);
  await assert.rejects(scrape({ ...tls_config, ca: await text("other.pem") }, key), /certificate|signature/i);
  await assert.rejects(
    scrape({ ...tls_config, server_name: "other.example.org" }, key),
    /other\.example\.org/,
  );
});
