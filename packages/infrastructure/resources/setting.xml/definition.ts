import { z } from "zod";
import { defineSetting, hasValue, needsValue, settingShape } from "../setting.ts";
import { textProperty } from "../text.ts";

const step = "[A-Za-z_][\\w.:-]*(\\[(\\d+|@[\\w.:-]+=('[^']*'|\"[^\"]*\"))\\])*";

export const settingXmlSchema = z
  .strictObject({
    ...settingShape,
    key: z
      .string()
      .regex(
        new RegExp(`^(/${step})+(/@[A-Za-z_][\\w.:-]*)?$`),
        "expected a path such as \"/server/connector[@id='main']/@port\"",
      )
      .transform((key) => [key])
      .or(z.array(z.string()).length(1))
      .describe(
        "path from the root: names, [2] or [@name='value'] to choose one of several, /@name for an attribute",
      ),
    value: z
      .union([textProperty, z.number(), z.boolean()])
      .transform((value) => (typeof value === "object" ? value : String(value)))
      .optional()
      .describe("text of the element, or of the attribute; needed unless absent"),
  })
  .refine(hasValue, needsValue);

export default defineSetting("setting.xml", settingXmlSchema);
