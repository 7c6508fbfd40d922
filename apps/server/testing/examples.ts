import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "@havn/testkit";

export interface ExampleCopy extends AsyncDisposable {
  directory: string;
  /** Replaces text in a file of the copy; throws where the text is not there. */
  edit(file: string, from: string, to: string): Promise<void>;
  /** The port of `hello` on this computer. */
  port: number;
}

/** A copy of an example that a test may change. `hello` gets a free port, as it runs on this computer. */
export async function copyExample(name: "hello" | "shop"): Promise<ExampleCopy> {
  const directory = await mkdtemp(`/tmp/havn-example-`);
  await cp(fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url)), directory, {
    recursive: true,
  });
  const edit: ExampleCopy["edit"] = async (file, from, to) => {
    const path = join(directory, file);
    const text = await readFile(path, "utf8");
    if (!text.includes(from)) throw new Error(`${file} of ${name} has no ${from}`);
    await writeFile(
      path,
      text.replace(from, () => to),
    );
  };
  const port = name === "hello" ? await freePort() : 8080;
  if (name === "hello") await edit("havn.config.ts", "port: 8080", `port: ${port}`);
  return {
    ...{ directory, edit, port },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}
