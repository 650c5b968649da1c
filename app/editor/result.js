// The result: frames with their effects, composed by the server and kept until anything they depend on changes.

const composed = new ComposedFrames(() => redraw());
let lookVersion = 0; // an answer to an older look comes too late
/** @type {ImageBitmap|null} */
let spared = null; // the result that is shown until the next one is there
let playbackFor = -1; // the look that the whole clip was asked for
let isKeptNews = true; // that reframing keeps a part alone has not been said of this clip

function forgetResults() {
  lookVersion += 1;
  stage.dataset.wanted = String(lookVersion);
  if (spared !== lastResult?.picture) spared?.close();
  spared = lastResult?.picture ?? null;
  composed.clear(spared);
  if (requests.isBusy("playback")) studio.ask("stop_playback", {}, "stop");
}

/** Anything that the result depends on has changed. */
function restyle() {
  forgetResults();
  if (state.view === "result") compose();
}

/** Makes a frame of the result ready: sharp where the playhead rests, from the stream while it plays. */
function compose(index = frame) {
  if (!isReady()) return;
  if (playing) {
    if (!composed.prepare(index)) askPlayback(index);
    return;
  }
  if (composed.isSharp(index)) return;
  const side = Math.round(Math.min(1280, Math.max(stage.clientWidth, stage.clientHeight) * (window.devicePixelRatio || 1)));
  const began = performance.now();
  studio.ask("look", { frame: index, version: lookVersion, layers: state.layers, side }, "look").then(() => {
    stage.dataset.lastLook = String(Math.round(performance.now() - began));
  });
}

/** The whole clip under this look, in low resolution, from a frame on. */
function askPlayback(from) {
  if (playbackFor === lookVersion) return; // it is on its way
  playbackFor = lookVersion;
  studio.ask("playback", { from, version: lookVersion, layers: state.layers }, "playback").then((answer) => {
    if (answer.error) pause();
  });
}

async function receiveComposed({ frame: index, jpeg, version, kept }) {
  if (version !== lookVersion) return;
  const bytes = Uint8Array.from(atob(jpeg), (letter) => letter.charCodeAt(0));
  await composed.putSharp(index, new Blob([bytes], { type: "image/jpeg" }), kept);
  stage.dataset.look = String(version);
  if (kept && isKeptNews) {
    isKeptNews = false;
    studio.say(t("result.kept"));
  }
}

async function receivePlayback({ version, chunks, isCut }) {
  if (version === lookVersion) composed.isCut = isCut;
  for (const { first, path, offsets } of chunks) {
    if (version !== lookVersion) return;
    try {
      const answer = await fetch(studio.fileUrl(path));
      if (!answer.ok) throw new Error(String(answer.status));
      const bytes = await answer.arrayBuffer();
      if (version === lookVersion) composed.putChunk(first, bytes, offsets);
    } catch {
      playbackFor = -1; // the next ask tries again
    }
  }
  if (playing && state.view === "result") compose();
}

/** The stack was changed in the panel. A draft (a slider on its way) is shown but not kept. */
studio.on("editor", "layers", ({ layers, isDraft }) => {
  lastStack = layers;
  forgetResults();
  studio.set({ layers, view: "result" });
  compose();
  if (!isDraft) studio.ask("layers", { layers }, "layers");
});

let lastStack = null;
studio.on("result", "change", (keys) => {
  if (keys.includes("layers") && state.layers !== lastStack) {
    lastStack = state.layers; // from the server: undo, another clip
    restyle();
  } else if (keys.includes("view") && state.view === "result") compose();
});
