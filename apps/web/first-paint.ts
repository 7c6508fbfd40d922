// Runs before the first paint, so that neither the colours nor the language flash. Not a module: it must block.
import { preferredLanguage, preferredTheme } from "./kit/preferences.ts";

document.documentElement.lang = preferredLanguage();
document.documentElement.dataset.theme = preferredTheme();
