// The way out: render, watch, download.

const find = (selector) => element.querySelector(selector);
const state = studio.state;

function showOutput(output) {
  const video = find("video");
  find(".ms-output").hidden = !output;
  if (!output) {
    video.removeAttribute("src");
    video.load();
    return;
  }
  const address = studio.fileUrl(output.path);
  if (video.getAttribute("src") !== address) video.src = address;
  const link = find(".ms-download");
  link.href = address;
  link.download = output.name;
  find(".ms-output-facts").textContent = output.facts;
}

function render() {
  const { task, output } = state;
  const isRendering = task?.kind === "render";
  const button = find(".ms-render-start");
  button.hidden = isRendering;
  button.disabled = Boolean(task);
  button.textContent = output ? "Render again" : "Render";
  button.classList.toggle("ms-primary", state.tracked && state.staleFrom === null && !output);
  find(".ms-download").classList.toggle("ms-primary", Boolean(output));
  find(".ms-render-run").hidden = !isRendering;
  if (isRendering) showProgress(find(".ms-render-run"), task);
  find(".ms-export-note").hidden = isRendering || Boolean(output);
}

find(".ms-render-start").addEventListener("click", async () => {
  if (state.task) return;
  studio.set({ task: { kind: "render", done: 0, total: 0 }, output: null });
  await studio.ask("render");
  if (state.task?.kind === "render") studio.set({ task: null });
});
find(".ms-render-stop").addEventListener("click", () => {
  find(".ms-render-run .ms-progress-text").textContent = "Stopping …";
  studio.ask("stop_render");
});

studio.on("export", "change", (keys) => {
  if (keys.includes("output")) showOutput(state.output);
  render();
});
render();
