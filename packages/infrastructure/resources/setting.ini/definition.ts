import { z } from "zod";
import { defineSetting, hasValue, needsValue, settingShape } from "../setting.ts";
import { textProperty } from "../text.ts";

export const settingIniSchema = z
  .strictObject({
    ...settingShape,
    section: z
      .string()
      .regex(/^[^[\]\r\n]*$/, "expected a section's name without brackets")
      .default("")
      .describe('the section that it stands in; "": before the first one'),
    key: z
      .string()
      .regex(/^[^=\r\n[\]]+$/, "expected a name")
      .describe("its name"),
    value: z
      .union([textProperty, z.number(), z.boolean()])
      .refine((value) => typeof value !== "string" || !/[\r\n]/.test(value), { message: "expected one line" })
      .transform((value) => (typeof value === "object" ? value : String(value)))
      .optional()
      .describe("what stands behind the equals sign; needed unless absent"),
  })
  .refine(hasValue, needsValue);

export default defineSetting("setting.ini", settingIniSchema);
