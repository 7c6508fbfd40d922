import { type EditedFile, readEditedFile } from "../edited-file.ts";
import type { ResourceReader } from "../type.ts";
import type { ReplaceProperties } from "./definition.ts";

const reader: ResourceReader<ReplaceProperties, EditedFile> = {
  read: (resources, host) =>
    Promise.all(resources.map(({ properties }) => readEditedFile(properties.path, host))),
};
export default reader;
