// The button of a headset, where the browser hands it to the page.

const ACTIONS = /** @type {MediaSessionAction[]} */ (["togglemicrophone", "play", "pause"]);

/** @param {() => void} onPress */
export function listenToHeadset(onPress) {
  for (const action of ACTIONS) {
    try {
      navigator.mediaSession?.setActionHandler(action, onPress);
    } catch {
      // a browser that doesn't know this action has the others
    }
  }
}
