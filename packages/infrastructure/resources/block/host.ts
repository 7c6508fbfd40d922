import { type EditedFile, readEditedFile } from "../edited-file.ts";
import type { ResourceReader } from "../type.ts";
import type { BlockProperties } from "./definition.ts";

const reader: ResourceReader<BlockProperties, EditedFile> = {
  read: (resources, host) =>
    Promise.all(resources.map(({ properties }) => readEditedFile(properties.path, host))),
};
export default reader;
