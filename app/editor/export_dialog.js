// The dialog: what leaves, how good, how big. Its choices come from the kinds of export and their options.
// props.kinds: [{name, label, description, group, options: [{name, label, type, default, choices}]}]

const dialog = find("dialog");
const kinds = props.kinds ?? [];
const kindOf = (name) => kinds.find((kind) => kind.name === name);

// One card each; the masks' many forms share one, and a sticker is a cut-out in a form that chats take.
const ENTRIES = [
  { id: "video", kinds: ["video"], icon: "M4 6h12v12H4zM16 10l4-2v8l-4-2z" },
  { id: "cutout", kinds: ["cutout"], icon: "M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM5 20c0-4 3-6 7-6s7 2 7 6" },
  { id: "sticker", kinds: ["cutout"], preset: { format: "webp" }, icon: "M5 4h14v10l-5 6H5zM19 14h-5v6" },
  { id: "animation", kinds: ["animation"], icon: "M4 5h16v14H4zM9 9v6M15 9l-3 3 3 3" },
  { id: "masks", kinds: kinds.filter((kind) => kind.group === "masks").map((kind) => kind.name), icon: "M4 5h16v14H4zM8 15c1-5 3-6 4-4s2 3 4-1" },
  { id: "everything", kinds: ["everything"], icon: "M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8" },
  { id: "project", kinds: ["project"], icon: "M6 3h8l4 4v14H6zM14 3v4h4M9 13h6M9 17h4" },
].filter((entry) => entry.kinds.length && entry.kinds.every(kindOf));

let entry = ENTRIES[0];
let kind = entry?.kinds[0];
let values = {};
let estimated = "";
let isForm = true;

function chooseEntry(chosen) {
  entry = chosen;
  kind = chosen.kinds[0];
  values = { ...chosen.preset };
  find(".ms-export-error").hidden = true;
  renderForm();
}

function renderKinds() {
  const cards = ENTRIES.map((each) => {
    const card = document.createElement("button");
    card.type = "button";
    card.className = "ms-kind";
    card.dataset.kind = each.id;
    card.setAttribute("role", "radio");
    card.setAttribute("aria-checked", String(each === entry));
    card.tabIndex = each === entry ? 0 : -1;
    card.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${each.icon}"/></svg>`;
    const title = document.createElement("strong");
    title.textContent = t(`export.${each.id}`);
    card.append(title);
    card.addEventListener("click", () => chooseEntry(each));
    return card;
  });
  const hadFocus = find(".ms-kinds").contains(document.activeElement);
  find(".ms-kinds").replaceChildren(...cards);
  if (hadFocus) cards[ENTRIES.indexOf(entry)].focus();
}

find(".ms-kinds").addEventListener("keydown", (event) => {
  const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!by) return;
  event.preventDefault();
  event.stopPropagation();
  chooseEntry(ENTRIES[(ENTRIES.indexOf(entry) + by + ENTRIES.length) % ENTRIES.length]);
});

function optionRow(label, field) {
  const row = document.createElement("div");
  row.className = "ms-setting ms-setting-choice";
  const name = document.createElement("label");
  name.textContent = label;
  name.htmlFor = field.id;
  row.append(name, field);
  return row;
}

function choiceList(id, choices, current, onChoice) {
  const list = document.createElement("select");
  list.id = `ms-export-${id}`;
  for (const { value, label } of choices) list.add(new Option(label, value, false, value === current));
  list.addEventListener("change", () => onChoice(list.value));
  return list;
}

/** A choice's own words: the first sentence names it, the rest explains. */
const titleOf = (option, choice) => named(`export.${option.name}.${choice.value}`, choice.label.split(/[.:] /)[0].replace(/[.]$/, ""));

function optionField(option) {
  const value = values[option.name] ?? option.default;
  const put = (chosen) => {
    values = { ...values, [option.name]: chosen };
    renderForm();
  };
  const label = named(`export.option.${option.name}`, option.label);
  if (option.type === "choice") {
    if (option.choices.length < 2) return null;
    const choices = option.choices.map((each) => ({ value: each.value, label: titleOf(option, each) }));
    return optionRow(label, choiceList(option.name, choices, value, put));
  }
  if (option.name === "marked" && !state.marks) return null;
  if (option.type === "objects") return state.objects.length < 2 ? null : optionRow(label, objectBoxes(value, put));
  const box = document.createElement("input");
  box.type = "checkbox";
  box.id = `ms-export-${option.name}`;
  box.checked = value;
  box.addEventListener("change", () => put(box.checked));
  const row = optionRow(label, box);
  row.className = "ms-setting ms-setting-switch ms-export-switch";
  return row;
}

/** No object chosen means all of them. */
function objectBoxes(value, put) {
  const group = document.createElement("div");
  group.className = "ms-targets";
  group.id = "ms-export-objects";
  group.setAttribute("role", "group");
  for (const object of state.objects) {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.className = "ms-chip is-object";
    chip.style.setProperty("--ms-object", object.color);
    chip.textContent = ownName(object.name);
    const isOn = !value.length || value.includes(object.id);
    chip.setAttribute("aria-pressed", String(isOn));
    chip.addEventListener("click", () => {
      const now = value.length ? value : state.objects.map((each) => each.id);
      const next = isOn ? now.filter((id) => id !== object.id) : [...now, object.id];
      put(next.length === state.objects.length ? [] : next.length ? next : now);
    });
    group.append(chip);
  }
  return group;
}

function renderForm() {
  if (!state.marks) delete values.marked;
  renderKinds();
  const current = kindOf(kind);
  const rows = [];
  const about = document.createElement("p");
  about.className = "ms-export-about";
  about.textContent = named(`export.about.${entry.id === "masks" ? kind : entry.id}`, current.description);
  if (entry.kinds.length > 1) {
    const forms = entry.kinds.map((name) => ({ value: name, label: named(`export.kind.${name}`, kindOf(name).label) }));
    rows.push(optionRow(t("export.form"), choiceList("form", forms, kind, (name) => {
      kind = name;
      values = {};
      renderForm();
    })));
  }
  rows.push(...current.options.map(optionField).filter(Boolean), about);
  const focused = document.activeElement?.id;
  find(".ms-export-options").replaceChildren(...rows);
  if (focused) find(".ms-export-options").querySelector(`#${CSS.escape(focused)}`)?.focus();
  renderUntracked();
  estimate();
}

/** On how many frames something that was clicked has no mask. */
function countUntracked() {
  const lanes = state.objects.filter(({ prompts }) => Object.keys(prompts).length).map(({ id }) => state.lanes.get(id) ?? []);
  const [start, stop] = values.marked ? state.marks : [0, state.clip?.frames ?? 0];
  return Array.from({ length: stop - start }).filter((_, index) => lanes.some((seen) => !seen[start + index])).length;
}

function renderUntracked() {
  const count = countUntracked();
  const note = find(".ms-export-untracked");
  note.hidden = !count || entry.id === "project";
  note.textContent = t("export.untracked", { n: count });
}

async function estimate() {
  if (!dialog.open) return;
  const wanted = JSON.stringify([kind, values]);
  estimated = wanted;
  const size = find(".ms-export-size");
  const answer = await studio.ask("estimate", { kind, values }, "estimate");
  if (estimated !== wanted) return;
  size.textContent = answer.estimate ? t("export.size", { size: words.bytes(answer.estimate) }) : "";
}

/** The form, or what is being written and came of it. */
function renderDialog() {
  const isBusy = state.task?.kind === "render";
  if (isBusy) isForm = false;
  const showsForm = isForm || live.hidden;
  find(".ms-export-form").hidden = !showsForm;
  find(".ms-export-other").hidden = showsForm || isBusy;
  find("#ms-dialog-title").textContent = t(showsForm ? "export.what" : isBusy ? "export.running" : "export.done");
  const host = dialog.open && !showsForm ? find(".ms-dialog-live") : find(".ms-export-card");
  if (live.parentElement !== host) host.append(live);
}

function openDialog() {
  if (state.task) return;
  isForm = true;
  find(".ms-export-error").hidden = true;
  dialog.showModal();
  renderForm();
  render();
}

async function go() {
  if (state.task) return;
  isForm = false;
  studio.set({ task: { kind: "render", done: 0, total: 0 }, output: null });
  await studio.settled(); // the last change of a slider may still be on its way
  const answer = await studio.ask("render", { kind, values });
  if (state.task?.kind === "render") studio.set({ task: null });
  if (answer.error) {
    isForm = true;
    find(".ms-export-error").textContent = answer.error;
    find(".ms-export-error").hidden = false;
  }
  render();
  if (dialog.open) (answer.error ? find(".ms-export-go") : find(".ms-download")).focus();
}

find(".ms-render-start").addEventListener("click", openDialog);
find(".ms-export-go").addEventListener("click", go);
find(".ms-dialog-close").addEventListener("click", () => dialog.close());
find(".ms-export-other").addEventListener("click", () => {
  isForm = true;
  renderForm();
  render();
});
dialog.addEventListener("keydown", (event) => {
  event.stopPropagation(); // the stage's shortcuts sleep
  if (event.key === "Escape") dialog.close();
});
dialog.addEventListener("close", render);
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());

renderForm();
render();
