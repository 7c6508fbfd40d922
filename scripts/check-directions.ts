import { globSync, readFileSync } from "node:fs";
import { agentDoors, bans, layers, openDoors } from "./directions.ts";

/** Folders of a room that are not the room's code, but what proves it. */
const isTest = (file: string): boolean =>
  /\.test\.tsx?$|(^|\/)(testing|cases|testdata|bench)\/|\/testing\.ts$/.test(file);

/** Every import that the table forbids, one sentence each. */
export function checkDirections(root: string): string[] {
  const files = globSync("{apps,packages}/**/*.{ts,tsx}", {
    cwd: root,
    exclude: (name) => name.includes("node_modules") || name.includes("/dist/"),
  });
  return files.sort().flatMap((file) => checkFile(file, readFileSync(`${root}/${file}`, "utf8")));
}

export function checkFile(file: string, text: string): string[] {
  const room = file.split("/")[1] ?? "";
  const specifiers = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"([^"]+)"/g)].map(
    ([, name = ""]) => name,
  );
  const problems = specifiers.flatMap((specifier) => checkImport(file, room, specifier));
  if (isTest(file)) return problems;
  for (const ban of bans)
    if (ban.rooms.includes(room) && ban.pattern.test(text))
      problems.push(`${file}: ${ban.what} (${ban.because})`);
  return problems;
}

function checkImport(file: string, room: string, specifier: string): string[] {
  if (specifier.startsWith("."))
    return leavesRoom(file, specifier)
      ? [`${file}: imports ${specifier} by path across rooms (use the room's door)`]
      : [];
  const target = specifier === "havn" ? "sdk" : /^@havn\/([\w-]+)/.exec(specifier)?.[1];
  if (target === undefined || target === room || isTest(file)) return [];
  if (specifier in openDoors) return [];
  if (target === "testkit" || specifier.endsWith("/testing"))
    return [`${file}: imports ${specifier} outside of tests (it must not be in the product)`];
  if (room === "agent" && !agentDoors.includes(specifier))
    return [`${file}: imports ${specifier} (the agent loads host halves only, to stay small)`];
  const from = layerOf(room);
  const to = layerOf(target);
  if (from === undefined || to === undefined)
    return [`${file}: ${from ? target : room} stands in no layer of scripts/directions.ts`];
  const layer = layers[from];
  return layer?.mayImport.includes(to) ? [] : [`${file}: imports ${specifier} (${layer?.because})`];
}

/** Whether a relative path ends in another room. */
function leavesRoom(file: string, specifier: string): boolean {
  const parts = file.split("/").slice(0, -1);
  for (const step of specifier.split("/")) {
    if (step === "..") parts.pop();
    else if (step !== ".") parts.push(step);
    if (parts.length < 2) return true;
  }
  return false;
}

const layerOf = (room: string): string | undefined =>
  Object.entries(layers).find(([, { rooms }]) => rooms.includes(room))?.[0];
