/**
 * @param {number} ms
 * @returns {Promise<void>}
 */
export const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
