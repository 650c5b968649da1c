// Playback at true speed: the sound is the clock where there is one, else the computer's. Pictures are never skipped to.

const sound = find(".ms-sound");

let playing = null; // {since, from}: when [ms] and from which frame
let isLooping = false;

/** The stretch that is played: the marked range, or the whole clip where the playhead is outside of it. */
function playRange() {
  const [start, stop] = state.marks ?? [0, lastFrame() + 1];
  return frame >= start && frame < stop ? [start, stop - 1] : [0, lastFrame()];
}

function play() {
  if (!isReady()) return;
  const [start, end] = playRange();
  startFrom(frame >= end ? start : frame);
  requestAnimationFrame(tick);
}

function startFrom(index) {
  playing = { since: performance.now(), from: index };
  if (index !== frame) goTo(index);
  cursor = null;
  if (sound.src) {
    sound.currentTime = state.clip.times[index];
    sound.play().catch(() => {}); // forbidden or broken: it plays without
  }
  refresh();
}

function pause() {
  const wasPlaying = Boolean(playing);
  playing = null;
  if (wasPlaying) {
    sound.pause();
    prepareFrame();
    if (state.view === "result") compose(); // sharp, and whole
  }
  refresh();
}

/** Seconds since the clip's first frame, by the clock that rules. */
function elapsed(now) {
  if (sound.src && !sound.paused && sound.readyState > 2) return sound.currentTime - state.clip.times[0];
  return (now - playing.since) / 1000 + secondsOf(playing.from);
}

function tick(now) {
  if (!playing) return;
  const [start, end] = playRange();
  const at = elapsed(now);
  const target = Math.min(frameAtTime(state.clip.times, at), end);
  const next = Math.min(frame + 1, end);
  const isAtHand = state.view === "masks" ? isFrameReady(next) : composed.has(next, true) && (isCovered() || frames.peek(next));
  if (target > frame && !isAtHand) {
    waitFor(next);
  } else if (target > frame) {
    goTo(state.view === "masks" && isFrameReady(target) ? target : next);
  }
  if (frame >= end && at > secondsOf(end) + 0.9 / state.clip.fps) {
    if (!isLooping) {
      pause();
      redraw();
      return;
    }
    startFrom(start);
  }
  requestAnimationFrame(tick);
}

/** The clock waits for a picture instead of skipping to one that is not there either. */
function waitFor(index) {
  if (!sound.paused) sound.pause();
  playing = { since: performance.now(), from: frame };
  loadFrame(index).then(() => {
    if (playing && sound.src && sound.paused) {
      sound.currentTime = state.clip.times[frame];
      sound.play().catch(() => {});
    }
  }, () => pause());
  if (state.view === "result") compose(index);
}

function toggleLoop() {
  isLooping = !isLooping;
  find("[data-do=loop]").setAttribute("aria-pressed", String(isLooping));
}
