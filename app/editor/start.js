// The empty page: examples to pick, and how far a clip is being read. Files arrive by the upload beside it.

const find = (selector) => element.querySelector(selector);

for (const example of props.examples ?? []) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "ms-example";
  const image = document.createElement("img");
  image.src = example.picture;
  image.alt = "";
  const title = document.createElement("span");
  title.textContent = example.title;
  button.append(image, title);
  button.addEventListener("click", async () => {
    studio.set({ task: { kind: "open", text: { key: "start.opening", name: example.title } } });
    const answer = await studio.ask("open", { example: example.name });
    if (answer.error) studio.set({ task: null });
  });
  find(".ms-example-list").append(button);
}
find(".ms-examples").hidden = !props.examples?.length;

// "New clip" only turns the page: until another clip is open, the one before is as it was.
find(".ms-back").addEventListener("click", () => document.body.classList.add("ms-editing"));

studio.on("start", "change", (keys) => {
  const { clip } = studio.state;
  find(".ms-back").hidden = !clip;
  if (clip) find(".ms-back").textContent = t("start.back", { name: clip.name });
  if (!keys.includes("task")) return;
  const { task } = studio.state;
  const isOpening = task?.kind === "open";
  find(".ms-opening").hidden = !isOpening;
  document.body.classList.toggle("ms-opening-clip", isOpening);
  const picture = find(".ms-opening img");
  if (task?.picture) picture.src = task.picture;
  picture.hidden = !isOpening || !picture.src || (picture.hidden && !task.picture);
  for (const button of element.querySelectorAll(".ms-example")) button.disabled = isOpening;
  if (isOpening) {
    find(".ms-opening-text").textContent = spoken(task.text);
    find(".ms-start-error").hidden = true;
  }
});
studio.on("start", "say", ({ text, kind }) => {
  const line = find(".ms-start-error");
  line.hidden = kind !== "error" || document.body.classList.contains("ms-editing");
  line.textContent = text;
});
