import { chmod, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { HavnError } from "@havn/model";
import { exists, findText } from "./files.ts";
import { withLock } from "./lock.ts";
import { type Recipe, readRecipe } from "./recipe.ts";
import { run } from "./run.ts";

/**
 * Commands of a build run in namespaces of their own that end with us: an interrupted build leaves no mounts and no
 * processes, only a folder that the next build removes.
 */
const confined = ["--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child"];

/**
 * The folder of the machine image for this computer, made at first use (about a minute) and then shared by all data
 * directories. Made beside its final name and renamed, so that a folder of that name is always whole.
 */
export async function ensureImage(
  cacheDirectory: string,
  tell: (detail: string) => void,
  signal?: AbortSignal,
): Promise<string> {
  const recipe = await readRecipe();
  const images = join(cacheDirectory, "images");
  const image = join(images, `debian-12-${recipe.hash}`);
  if (await exists(image)) return image;
  const onWait = () => tell("waiting for the machine image that another process is making");
  return withLock(
    `image ${image}`,
    async () => {
      if (await exists(image)) return image;
      await mkdir(images, { recursive: true, mode: 0o755 });
      const building = `${image}.building`;
      await rm(building, { recursive: true, force: true });
      try {
        await build(recipe, building, { tell, signal });
      } catch (cause) {
        await rm(building, { recursive: true, force: true });
        signal?.throwIfAborted();
        throw new HavnError("Could not make the machine image", {
          detail: `${cause instanceof HavnError ? `${cause.message}\n${cause.detail}\n` : ""}Packages come from ${recipe.mirror}: check that this computer reaches it, then try again.`,
          retryable: true,
          cause,
        });
      }
      await rename(building, image);
      await run("sync", ["-f", images]);
      return image;
    },
    { signal, onWait },
  );
}

async function build(
  recipe: Recipe,
  target: string,
  { tell, signal }: { tell: (detail: string) => void; signal: AbortSignal | undefined },
): Promise<void> {
  const onLine = (line: string) => {
    const detail = /^I: (.+?)\.*$/.exec(line)?.[1];
    if (detail) tell(`making the machine image: ${detail[0]?.toLowerCase()}${detail.slice(1)}`);
  };
  await writeFiles(
    target,
    recipe.files.filter(({ path }) => path.startsWith("/etc/dpkg/")),
  );
  // Each fsync of dpkg waits for the disk, for files that are worth nothing until the image is whole.
  const unsafe = join(target, "etc/dpkg/dpkg.cfg.d/unsafe-io");
  await writeFile(unsafe, "force-unsafe-io\n");
  await run(
    "setpriv",
    [
      ...confined,
      "--mount-proc",
      "debootstrap",
      "--variant=minbase",
      "--keyring=/usr/share/keyrings/debian-archive-keyring.gpg",
      `--include=${recipe.packages.join(",")}`,
      recipe.suite,
      target,
      recipe.mirror,
    ],
    { onLine, signal },
  );
  await rm(unsafe);
  await writeFiles(target, recipe.files);
  await rm(join(target, "etc/resolv.conf"), { force: true });
  await writeFile(join(target, "etc/resolv.conf"), (await findText("/etc/resolv.conf")) ?? "");
  const inside = 'mount -t proc proc "$1/proc" && exec chroot "$1" sh -s';
  await run("setpriv", [...confined, "sh", "-c", inside, "sh", target], {
    input: recipe.finish,
    onLine,
    signal,
  });
  await chmod(target, 0o755);
  // The rename that publishes the image must not reach the disk before its files do.
  await run("sync", ["-f", target]);
}

async function writeFiles(root: string, files: Recipe["files"]): Promise<void> {
  for (const { path, content, mode } of files) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content, { mode: mode ?? 0o644 });
  }
}
