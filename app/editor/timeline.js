// Time: the playhead, scrubbing, playback, and the lanes under the scrubber.

const scrub = find(".ms-scrub");
const lanes = find(".ms-lanes");

let playing = null; // {since, from}
let isFollowing = false; // while tracking, the stage goes along until somebody takes the playhead
let lastTracked = 0;
let lastTask = null; // its kind

async function goTo(index) {
  frame = Math.min(Math.max(0, index), lastFrame());
  scrub.value = frame;
  state.frame = frame;
  studio.emit("frame", frame);
  const seconds = state.clip ? state.clip.times[frame] - state.clip.times[0] : 0;
  const clock = `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(2).padStart(5, "0")}`;
  find(".ms-time").textContent = `${clock}  ·  ${frame + 1} / ${lastFrame() + 1}`;
  scrub.setAttribute("aria-valuetext", t("time.position", { frame: frame + 1, total: lastFrame() + 1, clock }));
  if (!frames) return;
  fetchMasks();
  refresh();
  const wanted = frame;
  try {
    // The frame and its masks appear together, or the masks would lag behind while it plays.
    await Promise.all([frames.picture(wanted), loadMasks(wanted)]);
    if (playing) {
      frames.prefetch(wanted);
      for (let ahead = wanted + 1; ahead < wanted + 5; ahead += 1) loadMasks(ahead);
    }
  } catch {
    studio.say(t("error.frame", { frame: wanted + 1 }), "error");
  }
  if (wanted !== frame) return;
  redraw();
  if (state.view === "result") compose();
}

function loadMasks(index) {
  return Promise.all(state.objects.map((object) => masks.load(object.id, index, object.color)));
}

function play() {
  if (!isReady()) return;
  playing = { since: performance.now(), from: frame >= lastFrame() ? 0 : frame };
  if (playing.from !== frame) goTo(playing.from);
  cursor = null;
  refresh();
  requestAnimationFrame(tick);
}

function pause() {
  playing = null;
  refresh();
}

function tick(now) {
  if (!playing) return;
  const { times } = state.clip;
  const elapsed = (now - playing.since) / 1000 + times[playing.from] - times[0];
  const target = frameAtTime(times, elapsed);
  const next = Math.min(frame + 1, lastFrame());
  const isAtHand = frames.peek(next) && (state.view === "masks" || composed.has(next));
  if (target > frame && !isAtHand) {
    // The clock waits for the picture instead of skipping to one that is not there either.
    playing = { since: now, from: frame };
    frames.picture(next).catch(() => pause());
    if (state.view === "result") compose(next);
  } else if (target > frame) {
    goTo(state.view === "masks" && frames.peek(target) ? target : next);
  }
  const isOver = frame >= lastFrame() && elapsed > times[lastFrame()] - times[0] + 0.2;
  if (isOver) {
    pause();
    redraw();
  } else requestAnimationFrame(tick);
}

function step(by) {
  isFollowing = false;
  pause();
  goTo(frame + by);
}

/** Tracking has reached a frame. */
function follow(index) {
  lastTracked = index;
  if (isFollowing && !playing) goTo(index);
}

function noticeTask() {
  const kind = state.task?.kind ?? null;
  if (kind === "track" && lastTask !== "track") isFollowing = true;
  lastTask = kind;
}

function resizeLanes() {
  const density = window.devicePixelRatio || 1;
  lanes.width = Math.max(1, Math.round(lanes.clientWidth * density));
  lanes.height = Math.max(1, Math.round(lanes.clientHeight * density));
  drawLanes();
}

/** Under the scrubber: a lane an object shows where it is visible and where it was prompted. */
function drawLanes() {
  const brush = lanes.getContext("2d");
  const { width, height } = lanes;
  brush.clearRect(0, 0, width, height);
  if (!state.clip || !state.objects.length) return;
  const density = window.devicePixelRatio || 1;
  const inset = 8 * density; // half the scrubber's thumb: frame 0 and the last lie under its ends
  const step = (width - 2 * inset) / Math.max(1, lastFrame());
  const at = (index) => inset + index * step;
  const tall = Math.min(6 * density, height / state.objects.length - density);
  state.objects.forEach((object, row) => {
    const y = row * (tall + 2 * density) + density;
    brush.fillStyle = object.color;
    const known = lane(object.id);
    for (let index = 0; index < known.length; index += 1) {
      if (!known[index]) continue;
      brush.globalAlpha = known[index] === 2 ? 0.85 : 0.18;
      brush.fillRect(at(index) - step / 2, y, step + 0.5, tall);
    }
    brush.globalAlpha = 1;
    for (const index of Object.keys(object.prompts)) {
      brush.beginPath();
      brush.arc(at(Number(index)), y + tall / 2, tall / 2 + density, 0, 2 * Math.PI);
      brush.fillStyle = object.color;
      brush.fill();
      brush.lineWidth = 1.5 * density;
      brush.strokeStyle = "#fff";
      brush.stroke();
    }
  });
}

scrub.addEventListener("input", () => {
  isFollowing = false;
  pause();
  goTo(Number(scrub.value));
});
