// What tracking would take, said before it starts; asked for anew when objects, range, model or masks have changed.
// `objects.js` comes before this script.

const QUIET_MS = 700; // changes come in flocks
let costTimer = 0;

function renderCost() {
  const { cost, task } = state;
  const line = find(".ms-track-cost");
  line.hidden = !cost || Boolean(task);
  if (line.hidden) return;
  const time = cost.seconds < 90 ? words.seconds(cost.seconds) : words.unit(Math.round(cost.seconds / 60), "minute");
  const memory = cost.memory && words.unit(cost.memory, "gigabyte", 1);
  line.textContent = t(memory ? "track.cost_memory" : "track.cost", { time, memory });
}

async function askCost() {
  if (state.task || !state.clip) return;
  const isClicked = state.objects.some((object) => Object.keys(object.prompts).length);
  const { cost } = isClicked ? await studio.ask("cost", {}, "cost") : { cost: null };
  studio.set({ cost: cost ?? null });
}

studio.on("cost", "change", (keys) => {
  if (keys.includes("models") || keys.includes("clip")) state.cost = null; // it was another network's, or another clip's
  if (["objects", "marks", "models", "clip", "task", "staleFrom"].some((key) => keys.includes(key))) {
    clearTimeout(costTimer);
    if (!state.task) costTimer = setTimeout(askCost, QUIET_MS);
  }
  renderCost();
});
