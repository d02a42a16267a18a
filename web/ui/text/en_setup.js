// Words in English of the pages that set a device up: how it comes to trust, and the check.

export const text = {
  // The page that leads to trust.
  trustTitle: "One step to your microphone",
  trustLooking: "One moment …",
  trustUnreachable:
    "The server does not answer. Is this device still on the same Wi-Fi? This page keeps trying.",
  trustIos:
    "An iPhone or iPad lets you talk here once it trusts this server. It takes a minute, and only once.",
  trustBrowser:
    "This server is on your own network, so no company has certified it. Your browser will warn you; that is expected here.",
  trustPageOnly:
    "Almost there: this device opens the page, but not yet its voice connection. That needs the certificate below, switched on.",
  trustOwnCertificate:
    "This device does not trust the server’s own certificate. Ask whoever runs it for the address that the certificate is for.",
  trustGoOn: "Press Go on.",
  trustAdvanced: "At the warning, press Advanced.",
  trustProceed: "Press Proceed, or Accept the risk.",
  goOn: "Go on",
  trustForGood: "Trust this server for good",
  trustCompare:
    "This is the fingerprint of the certificate. Compare it with the one on the screen of the computer that runs this: only the same one really comes from there, and not from somebody else on this network.",
  trustDownload: "Download the certificate",
  iosDownload: "Press Download the certificate below, then Allow.",
  iosInstall: "Open Settings, press Profile Downloaded, then Install.",
  iosTrust: "In Settings, General, About, Certificate Trust Settings: switch it on.",
  androidDownload: "Press Download the certificate below.",
  androidInstall: "Open Settings, search for “CA certificate”, press it, then Install anyway.",
  androidChoose: "Choose streamer-ca.crt, then come back here.",
  desktopInstall:
    "Install the file as a certificate authority in your browser’s or your system’s settings, then come back here.",

  // The check.
  checkTitle: "Check this device",
  checkIntro: "It takes half a minute, and you will hear chirps. The host can read the result.",
  checkStart: "Start the check",
  checkAgain: "Check again",
  checkBack: "Go to the room",
  checkWaiting: "waiting",
  checkRunning: "checking …",
  checkPasses: "good",
  checkFails: "needs help",
  checkUnknown: "unknown",
  checkReady: "Ready to talk",
  checkReadyBut: "Ready, with one thing to know",
  checkNotYet: "Not yet",
  checkHeardAfter: "They’ll hear you after about {ms} ms, as if you stood {metres} m away.",
  checkTold: "The host can read the result.",
  checkNotTold: "The result could not be sent to the host.",
  checkTooLong: "There was no answer in time: try it again.",
  checkBroke: "This could not be checked: {message}",
  checkSecure: "Secure address",
  checkMicrophone: "Microphone",
  checkSpeak: "Allow the microphone, and say something.",
  checkMicrophoneHears: "It hears you: {db} dB at the loudest.",
  checkMicrophoneSoft: "It hears something, but no voice ({db} dB at the loudest): check again, and speak.",
  checkMicrophoneSilent:
    "It hears nothing at all: check that it is not switched off or covered, and that the right one is chosen.",
  checkLoudspeaker: "Loudspeaker",
  checkChirps: "You should hear chirps.",
  checkStandsStill: "The browser plays nothing: press the button once more.",
  checkLoudspeakerHeard: "The microphone hears it.",
  checkLoudspeakerUnheard:
    "The microphone does not hear it: with headphones this is expected; otherwise turn the loudspeaker up.",
  checkLoudspeakerAlone: "Only a microphone can tell, and there is none.",
  checkEchoName: "No echo",
  checkNoEcho: "What the loudspeaker plays does not come back through the microphone.",
  checkEcho:
    "What the loudspeaker plays comes back at {db} dB, so the others would hear themselves: use headphones.",
  checkEchoUnknown: "The microphone does not hear the loudspeaker, so there is nothing to cancel.",
  checkCodecName: "This device",
  checkCodec: "It is fast enough: 10 ms of sound takes {ms} ms.",
  checkCodecSlow: "10 ms of sound takes {ms} ms, which is too slow: close other apps, or use another device.",
  checkSocket: "Connection",
  checkSocketOpen: "It is open.",
  checkBlocked:
    "This device refuses it because it does not trust the server: follow the steps of the host’s link.",
  checkUnreachable: "The server can’t be reached: check that this device is on the same network.",
  checkNetwork: "Network",
  checkNeedsSocket: "There is no connection to measure.",
  checkUnanswered: "Answers are missing: go nearer to the router.",
  checkRoundTrip: "To the server and back in {half} ms, varying by {jitter} ms.",
  checkSlow:
    "To the server and back takes {half} ms: go nearer to the router, or use a less crowded network.",
  checkJitter: "To the server and back in {half} ms, but varying by {jitter} ms: go nearer to the router.",
};
