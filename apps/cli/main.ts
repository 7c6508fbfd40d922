import { version } from "./version.ts";

// Asked often, by scripts: answered before anything else is loaded.
if (process.argv[2] === "--version" || process.argv[2] === "-V") {
  process.stdout.write(`${version()}\n`);
} else {
  const { runProcess } = await import("./run.ts");
  process.exitCode = await runProcess();
}
