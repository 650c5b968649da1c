// Controls made from the typed settings of effects and layers.
//
// `onInput` hears every move of a slider, `onCommit` the value that was settled on: only that one is a step of undo.

/** @typedef {{name: string, kind: string, label: string, default: any, low?: number, high?: number, unit?: string, choices?: string[]}} Setting */
/** @typedef {{key: string, onInput: (value: any) => void, onCommit: (value: any) => void, color?: string}} FieldUse */

/** @param {Setting} setting @param {any} value @param {FieldUse} use */
function settingField(setting, value, use) {
  const row = document.createElement("div");
  row.className = `ms-setting ms-setting-${setting.kind}`;
  const label = document.createElement("label");
  label.textContent = named(`label.${setting.label}`, setting.label);
  row.append(label);
  const make = { number: sliderField, integer: sliderField, color: colorField, choice: choiceField, switch: switchField, text: textField, file: fileField };
  const parts = (make[setting.kind] ?? (() => []))(setting, value, use);
  const field = parts[0];
  if (field) {
    field.dataset.setting = setting.name;
    field.dataset.key = use.key;
    field.id = `ms-field-${use.key}`;
    label.htmlFor = field.id;
  }
  row.append(...parts);
  return row;
}

/** A number as the slider says it: shares as percent, the rest with its unit. */
function spellSetting(setting, value) {
  const isShare = !setting.unit && setting.low === 0 && setting.high === 1;
  if (isShare) return words.percent(value);
  const digits = setting.kind === "integer" || Math.abs(value) >= 100 ? 0 : setting.high - setting.low > 20 ? 1 : 2;
  return `${words.number(value, digits)}${setting.unit ? ` ${setting.unit}` : ""}`;
}

function sliderField(setting, value, use) {
  const range = document.createElement("input");
  range.type = "range";
  range.min = setting.low;
  range.max = setting.high;
  range.step = String(setting.kind === "integer" ? 1 : setting.high - setting.low > 20 ? 0.5 : 0.01);
  range.value = value;
  const shown = document.createElement("output");
  shown.htmlFor = `ms-field-${use.key}`;
  const spell = () => {
    shown.textContent = spellSetting(setting, Number(range.value));
    range.setAttribute("aria-valuetext", shown.textContent);
  };
  range.addEventListener("input", () => {
    spell();
    use.onInput(Number(range.value));
  });
  range.addEventListener("change", () => use.onCommit(Number(range.value)));
  spell();
  return [range, shown];
}

function colorField(setting, value, use) {
  const field = document.createElement("input");
  field.type = "color";
  const own = use.color ?? "#ffffff";
  field.value = value === "object" ? own : value;
  field.addEventListener("input", () => use.onInput(field.value));
  field.addEventListener("change", () => use.onCommit(field.value));
  if (setting.default !== "object") return [field];
  const reset = document.createElement("button");
  reset.type = "button";
  reset.className = "ms-quiet";
  reset.textContent = t("effects.own_color");
  reset.addEventListener("click", () => {
    field.value = own;
    use.onCommit("object");
  });
  return [field, reset];
}

function choiceField(setting, value, use) {
  const list = document.createElement("select");
  for (const choice of setting.choices) {
    list.add(new Option(named(`choice.${choice}`, choice.replaceAll("_", " ")), choice, false, choice === value));
  }
  list.addEventListener("change", () => use.onCommit(list.value));
  return [list];
}

function switchField(_setting, value, use) {
  const box = document.createElement("input");
  box.type = "checkbox";
  box.checked = value;
  box.addEventListener("change", () => use.onCommit(box.checked));
  return [box];
}

function textField(_setting, value, use) {
  const field = document.createElement("input");
  field.type = "text";
  field.maxLength = 200;
  field.value = value;
  field.addEventListener("input", () => use.onInput(field.value));
  field.addEventListener("change", () => use.onCommit(field.value));
  return [field];
}

const LARGEST_ASSET = 32 * 2 ** 20; // bytes, as the server has it

/** A picture or a video of one's own: it goes to the server at once, and the setting holds the name it got there. */
function fileField(setting, value, use) {
  const field = document.createElement("input");
  field.type = "file";
  field.accept = setting.accepts.map((kind) => `${kind}/*`).join(",");
  const shown = document.createElement("output");
  shown.textContent = value || t("effects.no_file");
  const clear = document.createElement("button");
  clear.type = "button";
  clear.className = "ms-quiet";
  clear.textContent = t("effects.drop_file");
  clear.hidden = !value;
  const settle = (name) => {
    shown.textContent = name || t("effects.no_file");
    clear.hidden = !name;
    use.onCommit(name);
  };
  field.addEventListener("change", async () => {
    const file = field.files?.[0];
    field.value = ""; // the same file may be chosen again
    if (!file) return;
    if (file.size > LARGEST_ASSET) {
      studio.say({ key: "effects.file_too_large", name: file.name }, "error");
      return;
    }
    shown.textContent = t("effects.reading_file");
    const answer = await studio.ask("asset", { name: file.name, content: await inBase64(file) });
    if (answer.asset) settle(answer.asset);
    else shown.textContent = value || t("effects.no_file");
  });
  clear.addEventListener("click", (event) => {
    event.preventDefault();
    settle("");
  });
  return [field, shown, clear];
}

/** @param {Blob} file @returns {Promise<string>} */
function inBase64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(",")[1] ?? "");
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
