/**
 * Words on the screen change only where they are others: whoever has them read aloud hears no repetition.
 * @param {HTMLElement} row
 * @param {string} selector of what in it has the words
 * @param {string} words
 */
export function fillIn(row, selector, words) {
  const node = row.querySelector(selector);
  if (node && node.textContent !== words) node.textContent = words;
}
