import { alert, check, environment, service, text, thisComputer } from "havn";

// One small service on the computer that Havn itself runs on. Needs no root and nothing installed.
export default environment("hello", { owner: "you" }, () => {
  const here = thisComputer();

  const hello = service("hello", {
    source: "./app",
    command: ["node", "server.js"],
    hosts: here,
    port: 8080,
    env: { GREETING: "Hello from Havn" },
    health: "/healthz",
    metrics: "/metrics",
  });

  check("hello-answers", {
    from: here,
    http: { url: text`http://${here.address}:${hello.port}/`, contains: "Hello" },
    dependsOn: hello,
  });

  alert("hello-errors", {
    expr: 'sum(rate(http_requests_total{service="hello",code=~"5.."}[1m])) > 0.1',
    for: "1m",
    severity: "warning",
    summary: "hello answers {{ $value }} requests a second with an error",
  });
});
