// The words of the pages that set a device up, for those pages alone: whoever joins a room does not load
// them.

import * as de from "./text/de_setup.js";
import * as en from "./text/en_setup.js";
import * as es from "./text/es_setup.js";
import { addWords } from "./text.js";

addWords({ de, en, es });
