// The way out: what is being written, and what came of it. The dialog in `export_dialog.js` says what to write.

const find = (selector) => element.querySelector(selector);
const state = studio.state;
const live = find(".ms-export-live");

function showOutput(output) {
  const [video, image] = [find(".ms-output video"), find(".ms-output img")];
  find(".ms-output").hidden = !output;
  if (!output) {
    video.removeAttribute("src");
    video.load();
    return;
  }
  const address = studio.fileUrl(output.path);
  video.hidden = output.shown !== "video";
  image.hidden = output.shown !== "image";
  const shown = output.shown === "video" ? video : image;
  if (output.shown !== "file" && shown.getAttribute("src") !== address) shown.src = address;
  const link = find(".ms-download");
  link.href = address;
  link.download = output.name;
  find(".ms-output-facts").textContent = factsOf(output);
}

function factsOf(output) {
  const facts = [output.name, words.bytes(output.bytes)];
  if (output.shown === "video") {
    facts.push(`${words.number(output.seconds, 1)} s`, t(output.has_sound ? "clip.sound" : "clip.no_sound"));
  }
  return facts.join(" · ");
}

function render() {
  const { task, output } = state;
  const isRendering = task?.kind === "render";
  const button = find(".ms-render-start");
  button.hidden = isRendering;
  button.disabled = Boolean(task);
  button.textContent = t(output ? "export.again" : "export.open");
  button.classList.toggle("ms-primary", state.tracked && state.staleFrom === null && !output);
  live.hidden = !isRendering && !output;
  find(".ms-output").hidden = !output || isRendering;
  find(".ms-download").classList.toggle("ms-primary", Boolean(output));
  find(".ms-render-run").hidden = !isRendering;
  if (isRendering) showProgress(find(".ms-render-run"), task);
  find(".ms-export-note").hidden = !live.hidden;
  renderDialog();
}

find(".ms-render-stop").addEventListener("click", () => {
  find(".ms-render-run .ms-progress-text").textContent = t("stopping");
  studio.ask("stop_render");
});

find(".ms-copy-link").addEventListener("click", async () => {
  const address = new URL(find(".ms-download").href, window.location.href).href;
  const button = find(".ms-copy-link");
  try {
    await navigator.clipboard.writeText(address);
    button.textContent = t("export.copied");
  } catch {
    window.prompt(t("export.copy_link"), address); // no clipboard without a secure address
  }
  setTimeout(() => {
    button.textContent = t("export.copy_link");
  }, 2500);
});

studio.on("export", "change", (keys) => {
  if (keys.includes("output")) showOutput(state.output);
  render();
});
