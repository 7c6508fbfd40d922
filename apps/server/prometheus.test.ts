import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { until } from "@havn/testkit";
import { type Havn, openHavn } from "./testing/havn.ts";

// An existing Prometheus' files through the command line, with Debian's promtool as who reads them too and asks us.
let havn: Havn;
let folder: string;
let endpoint: Server;
let password = "";
const run = promisify(execFile);
const bound = { timeout: 600_000 };

const config = `import { environment, prometheus, record, retention } from "havn";

export default environment("moved", {}, () => {
  prometheus("./prometheus.yml");
  record("shop:queue:double", { expr: "queue_length * 2", interval: "1s" });
  retention("queue", { match: '{job="queue"}', keep: "400d", hours: "5y" });
});
`;
const prometheusYml = (address: string) => `global:
  scrape_interval: 1s
  evaluation_interval: 1s
  external_labels: { region: north }
rule_files: [rules/*.yml]
scrape_configs:
  - job_name: queue
    basic_auth: { username: ada, password: open-sesame }
    static_configs:
      - targets: ["${address}", "127.0.0.1:1"]
        labels: { team: shop }
    relabel_configs:
      - { source_labels: [__address__], regex: ".*:1", action: drop }
      - { source_labels: [team], target_label: owner, replacement: "team-$1" }
`;
const rulesYml = `groups:
  - name: queue
    rules:
      - record: job:queue_length:sum
        expr: sum by (job) (queue_length)
      - alert: QueueLong
        expr: queue_length > 5
        labels: { severity: page }
        annotations: { summary: "{{ $labels.owner }} has {{ $value | humanize }} waiting" }
`;

before(async () => {
  havn = await openHavn("prometheus");
  folder = await mkdtemp("/tmp/havn-prometheus-project-");
  endpoint = createServer((request, response) => {
    password = Buffer.from((request.headers.authorization ?? "").slice(6), "base64").toString();
    response
      .setHeader("content-type", "text/plain; version=0.0.4")
      .end("# TYPE queue_length gauge\nqueue_length 7\n");
  }).listen(0, "127.0.0.1");
  await once(endpoint, "listening");
  await mkdir(join(folder, "rules"));
  const { port } = endpoint.address() as AddressInfo;
  await writeFile(join(folder, "prometheus.yml"), prometheusYml(`127.0.0.1:${port}`));
  await writeFile(join(folder, "rules", "queue.yml"), rulesYml);
  await writeFile(join(folder, "havn.config.ts"), config);
});
after(async () => {
  await havn[Symbol.asyncDispose]();
  endpoint.closeAllConnections();
  endpoint.close();
  await rm(folder, { recursive: true, force: true });
});

interface Answer {
  data: { result: { metric: Record<string, string>; value: [number, string] }[] };
}
const query = async (expr: string) =>
  (await havn.get<Answer>(`/prometheus/api/v1/query?query=${encodeURIComponent(expr)}`)).data.result;

describe("moving from Prometheus", () => {
  test("promtool takes the same files", bound, async () => {
    await run("promtool", ["check", "config", join(folder, "prometheus.yml")]);
    const { stdout } = await run("promtool", ["check", "rules", join(folder, "rules", "queue.yml")]);
    assert.match(stdout, /2 rules found/);
  });

  test("the secret is asked for, and stands nowhere", bound, async () => {
    await havn.must(["server", "start"]);
    const refused = await havn.run("up", folder, "--yes");
    assert.notEqual(refused.code, 0);
    assert.match(refused.stdout + refused.stderr, /scrape-queue-basic-auth-password/);
    await havn.feed("open-sesame\n", "secret", "set", "scrape-queue-basic-auth-password", "-e", "moved");
    const { stdout, stderr } = await havn.must(["up", folder, "--yes"]);
    assert.doesNotMatch(stdout + stderr, /open-sesame/);
  });

  test("it is scraped with its labels", bound, async () => {
    const found = await until(async () => (await query("queue_length"))[0], {
      what: "a sample",
      timeoutMs: 240_000,
    });
    const { instance: _, ...labels } = found.metric;
    assert.deepEqual(labels, {
      ...{
        __name__: "queue_length",
        env: "moved",
        job: "queue",
        owner: "team-shop",
        team: "shop",
      },
    });
    assert.equal(password, "ada:open-sesame");
    const { stdout } = await havn.must(["targets"]);
    assert.match(stdout, /moved\/queue {2}1 target, 1 dropped/);
    assert.match(stdout, /● 127\.0\.0\.1:\d+/);
    const preview = await havn.must(["targets", "relabel", "127.0.0.1:1"]);
    assert.match(preview.stdout, /dropped: __address__ is "127\.0\.0\.1:1", which \.\*:1 matches/);
    const { data } = await havn.get<{
      data: { activeTargets: { health: string }[]; droppedTargets: unknown[] };
    }>("/prometheus/api/v1/targets");
    assert.equal(data.activeTargets.length, 1);
    assert.equal(data.droppedTargets.length, 1);
  });

  test("rules record and alert", bound, async () => {
    await until(async () => (await query('job:queue_length:sum{job="queue"} == 7')).length > 0, {
      what: "a record",
      timeoutMs: 240_000,
    });
    await until(async () => (await query("shop:queue:double == 14")).length > 0, {
      what: "the other record",
      timeoutMs: 240_000,
    });
    const fired = await havn.event("moved", "alert.firing");
    assert.equal(fired.summary, "team-shop has 7 waiting");
    const { stdout } = await havn.must(["rules"]);
    assert.match(stdout, /● QueueLong +firing/);
    const backfilled = await havn.must([
      "rules",
      "backfill",
      "--since",
      "1h",
      "--rule",
      "job:queue_length:sum",
    ]);
    assert.match(backfilled.stdout, /1 rule of moved: \d+ samples/);
  });

  test("promtool asks us", bound, async (t) => {
    // Debian's promtool cannot send a token: this stands in front of the server and does.
    const token = (await readFile(join(havn.dataDirectory, "cli-token"), "utf8")).trim();
    const proxy = createServer((asked, response) => {
      const headers = { ...asked.headers, host: `127.0.0.1:${havn.port}`, authorization: `Bearer ${token}` };
      const target = { port: havn.port, host: "127.0.0.1", path: asked.url, method: asked.method, headers };
      asked.pipe(
        request(target, (answer) => {
          response.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(response);
        }),
      );
    }).listen(0, "127.0.0.1");
    await once(proxy, "listening");
    t.after(() => proxy.close());
    const ask = (...given: string[]) => run("promtool", ["query", ...given]);
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/prometheus`;
    const { stdout } = await ask("instant", url, "sum(queue_length)");
    assert.match(stdout, /\{\} => 7 @/);
    const now = Math.floor(Date.now() / 1000);
    const ranged = await ask("range", `--start=${now - 5}`, `--end=${now}`, "--step=1s", url, "queue_length");
    assert.match(ranged.stdout, /7 @/);
    const series = await ask("series", "--match=queue_length", url);
    assert.match(series.stdout, /owner="team-shop"/);
    const labels = await ask("labels", url, "owner");
    assert.equal(labels.stdout.trim(), "team-shop");
  });

  test("what is too much is found and deleted", bound, async () => {
    const { stdout } = await havn.must(["metrics", "cardinality", '{job="queue"}']);
    assert.match(stdout, /queue_length +1 series/);
    const preview = await havn.must(["metrics", "delete", 'scrape_series_added{job="queue"}', "--preview"]);
    assert.match(preview.stdout, /^1 series, \d+ samples?\n {2}scrape_series_added/);
    const deleted = await havn.must([
      ...["metrics", "delete", 'scrape_series_added{job="queue"}', "--until", "1s", "--yes"],
    ]);
    assert.match(deleted.stdout, /✓ \d+ samples? deleted/);
  });

  test("what is kept is told", bound, async () => {
    const { stdout } = await havn.must(["metrics", "retention"]);
    assert.match(stdout, /moved\/retention\/queue \{job="queue"\} +400d +90d +1825d +\d+ series/);
    assert.match(stdout, /everything else +30d +90d +730d/);
    assert.match(stdout, /samples +\d+ rows +\d+\.\d MiB +since \d{4}-/);
  });

  test("what nothing asks for is told", bound, async () => {
    const { stdout } = await havn.must(["metrics", "unused", "--limit", "1000"]);
    assert.match(stdout, /scrape_samples_scraped +\d+ series +never asked for/);
    assert.doesNotMatch(stdout, /queue_length/);
  });

  test("what is no longer declared ends", bound, async () => {
    await writeFile(join(folder, "havn.config.ts"), config.replace(/ {2}prometheus.*\n/, ""));
    await havn.must(["apply", folder, "--yes"]);
    await until(async () => (await query("queue_length")).length === 0, {
      what: "the end of the series",
      timeoutMs: 240_000,
    });
    await havn.event("moved", "alert.resolved");
  });

  test("a mistake in the file is told with its line, and nothing changes", bound, async () => {
    await writeFile(join(folder, "havn.config.ts"), config);
    await writeFile(join(folder, "prometheus.yml"), "global:\n  scrape_interval: 1s\nscrape_config: []\n");
    const { code, stdout, stderr } = await havn.run("plan", folder);
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /prometheus\.yml:3:1/);
    assert.match(stdout + stderr, /Unknown key "scrape_config".*\n?.*Did you mean "scrape_configs"/s);
  });
});
