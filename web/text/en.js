// The page's words in English. `{name}` is filled in. Other languages have the same keys.

export const text = {
  title: "streamer",
  titleInRoom: "{room} · streamer",
  welcome: "Talk with each other",
  roomIntro: "Everybody in this room hears each other.",
  startIntro: "Everybody on this Wi-Fi who opens the same room can talk.",
  echoRoom: "Try it alone",
  echoIntro: "You hear yourself one second later. Nobody else is here.",
  yourName: "Your name",
  yourNameHint: "What the others see",
  room: "Room",
  roomHint: "Letters, digits, dots and dashes; for example kitchen",
  join: "Join",
  tryAlone: "Try it alone: hear yourself one second later",
  mute: "Mute",
  unmute: "Unmute",
  leave: "Leave",
  details: "Connection details",
  roster: "People in this room",

  you: "you",
  muted: "muted",
  listening: "listening only",

  askingMicrophone: "Please allow the microphone …",
  connecting: "Connecting …",
  alone: "You are the first one here. The others can come now.",
  withEcho: "Say something, and hear it one second later.",
  cameIn: "{name} joined. {people}",
  wentOut: "{name} left. {people}",
  lost: "The connection is lost. Trying again …",
  unreachable: "The relay can't be reached. Trying again …",
  blocked:
    "The page is here, but its voice connection is refused by this device: it does not trust the relay's certificate yet. Trying again …",
  draining: "The relay is going away. Trying again …",
  left: "You have left the room.",
  ended: "The relay ended the connection: {message}",

  problem: "Something needs your help",
  microphoneRefused:
    "The microphone is not allowed, so the others can't hear you. Open the site settings (the icon beside the address), allow the microphone, then press the button below.",
  microphoneMissing: "No microphone was found, so the others can't hear you. Plug one in, then press the button below.",
  microphoneBusy:
    "The microphone can't be used: perhaps another app or a phone call holds it. Close that, then press the button below.",
  tryMicrophone: "Try the microphone again",
  insecure:
    "This address is not secure, and browsers give no microphone and no sound to such a page. Open the address that begins with https://",
  unsupported: "This browser is too old for sound of this kind. Please use a newer one.",
  failed: "The page could not start its sound: {message}",
  "bad-room": "There is no such room name. Use 1 to 64 letters, digits, dots, dashes or underscores.",
  "bad-name": "This name can't be shown. Use 1 to 40 letters.",
  "key-required": "This room is for invited people. Ask for the link, or scan the code that the relay shows.",
  "key-wrong": "This invitation is not valid for this room. Ask for a new link.",
  "no-room": "There is no such room here.",
  "too-many": "The room is full at the moment. Trying again …",

  milliseconds: "{ms} ms",
  hertz: "{rate} Hz",
  roundTrip: "To the relay and back",
  outputDelay: "To the loudspeaker",
  sampleRate: "Sample rate",
  talkerRow: "waiting {level} of {target}, late {late}, guessed {concealed}, shortened {shortened}, repeated {repeated}",
};

export const plurals = {
  people: { one: "{count} person is here.", other: "{count} people are here." },
};
