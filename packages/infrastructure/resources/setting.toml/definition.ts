import { z } from "zod";
import { defineSetting, hasValue, needsValue, settingShape } from "../setting.ts";

export const settingTomlSchema = z.strictObject(settingShape).refine(hasValue, needsValue);

export default defineSetting("setting.toml", settingTomlSchema);
