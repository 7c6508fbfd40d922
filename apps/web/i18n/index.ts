import type { Language } from "../kit/preferences.ts";
import { en, type Messages } from "./en.ts";
import { nb } from "./nb.ts";

export type { Messages };

/** A language is complete or does not compile. */
export const catalogues: Record<Language, Messages> = { en, nb };
