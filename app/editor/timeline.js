// Time: the playhead, and the moves of it. `playback.js` plays, `time_strip.js` draws the timeline.

const scrub = find(".ms-scrub");

let isFollowing = false; // while tracking, the stage goes along until somebody takes the playhead
let lastTask = null; // its kind

/** When a frame is shown [s], counted from the first one. */
const secondsOf = (index) => (state.clip ? state.clip.times[index] - state.clip.times[0] : 0);

async function goTo(index) {
  const began = performance.now();
  const heading = index < frame ? -1 : 1;
  frame = Math.min(Math.max(0, index), lastFrame());
  scrub.value = frame;
  state.frame = frame;
  clearSuggestion();
  slowHovers = 0;
  studio.emit("frame", frame);
  const clock = spellClock(secondsOf(frame));
  find(".ms-time").textContent = `${clock}  ·  ${frame + 1} / ${lastFrame() + 1}`;
  scrub.setAttribute("aria-valuetext", t("time.position", { frame: frame + 1, total: lastFrame() + 1, clock }));
  if (!frames) return;
  showTime(frame);
  prepareFrame();
  fetchMasks();
  refresh();
  const wanted = frame;
  try {
    // The frame and its masks appear together, or the masks would lag behind while it plays.
    await loadFrame(wanted);
  } catch {
    studio.say(t("error.frame", { frame: wanted + 1 }), "error");
  }
  if (wanted !== frame) return;
  draw();
  stage.dataset.shown = String(frame);
  stage.dataset.lastScrub = (performance.now() - began).toFixed(1);
  prefetch(wanted, heading);
  if (state.view === "result") compose();
}

/** Resolves when a frame can be drawn at once, with its masks; the result covers both. */
async function loadFrame(index) {
  if (isCovered() && (playing || composed.has(index, false))) return;
  await Promise.all([frames.picture(index), state.view === "masks" ? masks.load(index, shownOn(index)) : null]);
}

const isFrameReady = (index) => frames.peek(index) && masks.isReady(index, shownOn(index));

/** Makes the next frames in the direction of travel ready; what fails shows when it is really wanted. */
function prefetch(index, heading, count = 4) {
  if (isCovered() && playing) return; // `compose` does
  frames.prefetch(index, heading, count);
  if (state.view === "result") return;
  for (let ahead = 1; ahead <= count; ahead += 1) {
    const next = index + heading * ahead;
    masks.load(next, shownOn(next)).catch(() => {});
  }
}

function step(by) {
  isFollowing = false;
  pause();
  goTo(frame + by);
}

/** Tracking has reached a frame. */
function follow(index) {
  if (isFollowing && !playing) goTo(index);
}

function noticeTask() {
  const kind = state.task?.kind ?? null;
  if (kind === "track" && lastTask !== "track") isFollowing = true;
  if (kind === null && lastTask !== null) prepareFrame(); // the task has looked at other frames meanwhile
  if (kind === null && lastTask === "track") restyle(); // other masks
  lastTask = kind;
}

/** The frames where a correction pays, of all objects that are shown. */
function doubtfulFrames() {
  const all = state.objects.filter((object) => isShown(object)).flatMap((object) => state.doubts.get(object.id) ?? []);
  return [...new Set(all)].sort((a, b) => a - b);
}

/** To the next doubtful frame, and to the object that is doubtful there. */
function goToDoubt() {
  const next = nextOf(doubtfulFrames(), frame);
  if (next === null) return;
  const object = state.objects.find((each) => isShown(each) && state.doubts.get(each.id)?.includes(next));
  studio.set({ view: "masks", ...(object ? { selected: object.id } : {}) });
  step(next - frame);
  studio.say(t("time.check", { name: object?.name ?? "" }));
}

/** Sets one end of the marked range at the playhead. */
function markHere(side) {
  const [start, stop] = state.marks ?? [0, lastFrame() + 1];
  setMarks(side === "in" ? [frame, Math.max(stop, frame + 1)] : [Math.min(start, frame), frame + 1]);
}

function setMarks(marks) {
  const isWhole = marks && marks[0] <= 0 && marks[1] > lastFrame();
  studio.set({ marks: isWhole ? null : marks });
  studio.ask("marks", { marks: isWhole ? null : marks }, "marks");
}

scrub.addEventListener("input", () => {
  isFollowing = false;
  pause();
  goTo(Number(scrub.value));
});
