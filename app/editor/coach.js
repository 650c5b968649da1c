// A first visit: one word at the next thing to do, at most three in all, each gone once it is done. The first is the
// hint on the stage; these are the other two.

const COACH_KEY = "masklet-coached";

function isCoached() {
  try {
    return localStorage.getItem(COACH_KEY) === "yes";
  } catch {
    return true; // without a memory the words would come back at every visit
  }
}

let coachIsDone = isCoached();

/** Which word stands where now: [selector, key] or null. */
function nextWord() {
  if (!state.clip || state.task) return null;
  if (state.layers.length || state.output) {
    coachIsDone = true;
    localStorage.setItem(COACH_KEY, "yes");
    return null;
  }
  const isPrompted = state.objects.some((object) => Object.keys(object.prompts).length);
  if (isPrompted && !state.tracked) return [".ms-track-start", "coach.track"];
  return state.tracked && state.staleFrom === null ? [".ms-effects .ms-card-head", "coach.effect"] : null;
}

function coach() {
  const word = coachIsDone ? null : nextWord();
  for (const each of document.querySelectorAll("[data-coach]")) delete each.dataset.coach;
  const place = word && document.querySelector(word[0]);
  if (place) place.dataset.coach = t(word[1]);
}

studio.on("coach", "change", (keys) => {
  if (!coachIsDone && ["objects", "tracked", "staleFrom", "task", "layers", "output", "clip"].some((key) => keys.includes(key))) coach();
});
