import { createHash } from "node:crypto";
import { HavnError } from "@havn/model";
import type { Operation } from "../resources/type.ts";
import { setNewAttributes, withParent } from "./attributes.ts";
import { failure, open, shownUrl } from "./http.ts";
import { replaceAtomically } from "./write-file.ts";

/** Streams to the disk: what it fetches may be larger than memory. What does not have the digest is thrown away. */
export async function download(operation: Operation & { kind: "download" }): Promise<void> {
  const { url, sha256, path, attributes, headers = {}, timeoutMs } = operation;
  await withParent(path, (at) =>
    replaceAtomically(at, async (file) => {
      const answer = await open({ url, method: "GET", headers, status: [200], timeoutMs });
      const hash = createHash("sha256");
      try {
        if (answer.statusCode !== 200) throw failure(url, `the server answered ${answer.statusCode}`);
        for await (const chunk of answer as AsyncIterable<Buffer>) {
          hash.update(chunk);
          await file.writeFile(chunk);
        }
      } catch (error) {
        throw error instanceof HavnError || isOfDisk(error) ? error : failure(url, String(error));
      } finally {
        answer.destroy();
      }
      const digest = hash.digest("hex");
      if (digest !== sha256)
        throw new HavnError(`${shownUrl(url)} is not what was declared`, {
          detail: `Its sha256 is ${digest}, not ${sha256}. Check where it comes from before you change the checksum.`,
        });
      await setNewAttributes(file, at, attributes);
    }),
  );
}

const isOfDisk = (error: unknown): boolean =>
  ["ENOSPC", "EIO", "EROFS", "EDQUOT"].includes((error as NodeJS.ErrnoException).code ?? "");
