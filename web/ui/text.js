// All words of the page come from here, in the first language of the browser's that there is a
// text/<language>.js for.
//
// All of them are loaded, few as they are: a module that waits for one of them and is imported by many is not
// safe in Safari before version 27 (WebKit bug 242740).

import * as de from "./text/de.js";
import * as deReasons from "./text/de_reasons.js";
import * as en from "./text/en.js";
import * as enReasons from "./text/en_reasons.js";
import * as es from "./text/es.js";
import * as esReasons from "./text/es_reasons.js";

/** @type {Record<string, typeof en & typeof enReasons>} */
const LANGUAGES = { en: { ...en, ...enReasons }, de: { ...de, ...deReasons }, es: { ...es, ...esReasons } };

export const language = chooseLanguage(globalThis.navigator?.languages ?? []);

const { plurals, reasons, text } = LANGUAGES[language];
const pluralRules = new Intl.PluralRules(language);

/** @type {Record<string, string>} */
const words = { ...text, ...reasons };

/**
 * @typedef {keyof typeof text | keyof typeof reasons | keyof typeof import("./text/en_setup.js").text} Key
 */

/**
 * More words, of pages that load them by themselves.
 * @param {Record<string, {text: Record<string, string>}>} more by language
 */
export function addWords(more) {
  Object.assign(words, more[language].text);
}

/**
 * The words for `key`, with each `{name}` of them filled in.
 * @param {Key} key
 * @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  return fill(words[key], values);
}

/**
 * The words for `count` of something.
 * @param {keyof typeof plurals} key
 * @param {number} count
 */
export function sayCount(key, count) {
  const forms = /** @type {Record<string, string>} */ (plurals[key]);
  return fill(forms[pluralRules.select(count)] ?? forms.other, { count });
}

/**
 * English where none is spoken here.
 * @param {readonly string[]} wanted BCP 47 tags, the best first
 */
export function chooseLanguage(wanted) {
  return (
    wanted.map((tag) => tag.toLowerCase().split("-")[0]).find((spoken) => Object.hasOwn(LANGUAGES, spoken)) ??
    "en"
  );
}

/** @param {string} key */
export function isKey(key) {
  return Object.hasOwn(words, key);
}

/**
 * The page's own words for a reason of the relay's or the link's; the relay's words if the page has none.
 * @param {string} reason
 * @param {string} message
 */
export function wordsFor(reason, message) {
  return isKey(reason) ? t(/** @type {Key} */ (reason), { message }) : message || reason;
}

/**
 * @param {string} words
 * @param {Record<string, string | number>} values
 */
function fill(words, values) {
  return words.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}
