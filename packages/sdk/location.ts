import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Location } from "@havn/model";

/**
 * Where the user wrote the call that is under way: the innermost frame of the stack that is not in this folder. The
 * file is told as the user would type it, relative to the working directory.
 */
export function callerLocation(): Location | undefined {
  for (const frame of captureFrames()) {
    const file = frame.getFileName();
    const line = frame.getLineNumber();
    const column = frame.getColumnNumber();
    if (!file || line === null || column === null || file.startsWith("node:")) continue;
    const path = file.startsWith("file:") ? fileURLToPath(file) : file;
    if (path.slice(0, path.lastIndexOf("/")) === import.meta.dirname) continue;
    const typed = relative(process.cwd(), path);
    return { file: typed.startsWith("..") ? path : typed, line, column };
  }
  return undefined;
}

function captureFrames(): NodeJS.CallSite[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = 30;
    Error.prepareStackTrace = (_, frames) => frames;
    const holder: { stack?: unknown } = {};
    Error.captureStackTrace(holder, callerLocation);
    return Array.isArray(holder.stack) ? (holder.stack as NodeJS.CallSite[]) : [];
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
}
