// All words of the page come from here, in the language of text/<language>.js.

import { plurals, text } from "./text/en.js";

const pluralRules = new Intl.PluralRules("en");

/** @typedef {keyof typeof text} Key */

/**
 * The words for `key`, with each `{name}` of them filled in.
 * @param {Key} key
 * @param {Record<string, string | number>} [values]
 */
export function say(key, values = {}) {
  return fill(text[key], values);
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

/** @param {string} key */
export function isKey(key) {
  return Object.hasOwn(text, key);
}

/**
 * The page's own words for a reason of the relay's or the link's; the relay's words where there are none.
 * @param {string} reason
 * @param {string} message
 */
export function wordsFor(reason, message) {
  return isKey(reason) ? say(/** @type {Key} */ (reason), { message }) : message || reason;
}

/**
 * @param {string} words
 * @param {Record<string, string | number>} values
 */
function fill(words, values) {
  return words.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}
