// The addresses of the other relays of a service, as `welcome` lists them. Twin of wire/relay_address.py.
//
// An address is what links begin with, such as https://relay2.example.org:8443/voice. Whoever reads such a
// list trusts it no further than this: what has another form or another scheme is passed over, and so is what
// is beyond the bound.

/** More would only make the way through all of them longer: each one that hangs takes a second. */
const MAX_RELAYS = 8;
/** A host name has 253 at most, and the path of a relay 200. */
const MAX_ADDRESS_CHARACTERS = 500;

const LABEL = "[a-z0-9_-]{1,63}";
const SEGMENT = "(?!\\.{1,2}(?:/|$))(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[89A-Fa-f][0-9A-Fa-f])+";
const ADDRESS = new RegExp(
  `^(https?)://(\\[[0-9a-f:.]{2,45}\\]|${LABEL}(?:\\.${LABEL})*)(?::([1-9][0-9]{0,4}))?((?:/${SEGMENT})*)/?$`,
);
const NUMBER = /^(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)$/;
const IPV4 = /^(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(?:\.|$)){4}$/;
/** @type {Record<string, number>} */
const DEFAULT_PORTS = { https: 443, http: 80 };
const MOST_PORT = 0xffff;

/**
 * @param {unknown} text
 * @param {string} scheme
 * @returns {string} in its one form, without a slash at its end; empty where a client that came by `scheme`
 *   may not go there
 */
function usable(text, scheme) {
  const found = typeof text === "string" && text.length <= MAX_ADDRESS_CHARACTERS && ADDRESS.exec(text);
  if (!found || found[1] !== scheme) return "";
  const [, , host, digits, path] = found;
  const port = Number(digits ?? DEFAULT_PORTS[scheme]);
  if (port > MOST_PORT || (NUMBER.test(host) && !IPV4.test(host))) return "";
  return `${scheme}://${host}${port === DEFAULT_PORTS[scheme] ? "" : `:${port}`}${path}`;
}

/**
 * Those that a client which came by `scheme` may go to, in order, each once.
 * @param {unknown[]} listed
 * @param {string} scheme `https` or `http`
 * @returns {string[]}
 */
export function usableRelays(listed, scheme) {
  const found = listed
    .map((text) => usable(text, scheme))
    .filter((address) => address && URL.canParse(address));
  return [...new Set(found)].slice(0, MAX_RELAYS);
}
