/**
 * What the page says, in the reader's language. No script and no HTML of the page holds a sentence: HTML names its
 * words by `data-t` (text), `data-t-label`, `data-t-title`, `data-t-placeholder` (attributes), scripts by `t(key)`.
 *
 * A text may hold `{name}` for a value, and two forms for one and for many, parted by `|`, chosen by `{n}`.
 *
 * @typedef {Record<string, string>} Table key → text
 */
function openWords() {
  if (studio.words) return studio.words;
  const words = {
    language: "en",
    /** @type {Record<string, Table>} */
    tables: {},
    /** Takes all languages; the reader's own choice counts first, then the browser's. */
    load(tables) {
      words.tables = tables;
      let chosen = null;
      try {
        chosen = localStorage.getItem("masklet-language");
      } catch {
        // storage may be forbidden: then the browser's languages decide
      }
      words.use(pickLanguage([chosen, ...(navigator.languages ?? [])], Object.keys(tables)));
    },
    choose(language) {
      try {
        localStorage.setItem("masklet-language", language);
      } catch {
        // it holds for this visit then
      }
      words.use(language);
    },
    use(language) {
      words.language = language;
      document.documentElement.lang = language;
      speak(document);
      const style = document.documentElement.style; // gradio's own upload field has its words by style sheet
      for (const key of ["start.drop", "start.choose"]) style.setProperty(`--ms-${key.slice(6)}`, JSON.stringify(t(key)));
      studio.set({ ...studio.state }); // every part writes itself anew
    },
    has: (key) => key in (words.tables[words.language] ?? {}),
    number: (value, digits = 0) => new Intl.NumberFormat(words.language, { maximumFractionDigits: digits }).format(value),
    percent: (share) => new Intl.NumberFormat(words.language, { style: "percent" }).format(share),
    unit: (value, unit, digits = 0) =>
      new Intl.NumberFormat(words.language, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: digits }).format(value),
    /** "2 min 5 sec" */
    seconds(value) {
      const whole = Math.max(1, Math.round(value));
      if (whole < 60) return words.unit(whole, "second");
      return `${words.unit(Math.floor(whole / 60), "minute")} ${words.unit(whole % 60, "second")}`;
    },
    bytes(value) {
      return value < 1e6 ? words.unit(value / 1e3, "kilobyte") : words.unit(value / 1e6, "megabyte", value < 1e7 ? 1 : 0);
    },
  };
  studio.words = words;
  return words;
}

/** The first of the wanted languages ("de-AT" is "de") that there is; English otherwise. */
function pickLanguage(wanted, known) {
  for (const each of wanted) {
    const short = each?.toLowerCase().split("-")[0];
    if (known.includes(short)) return short;
  }
  return "en";
}

/** Fills a text's places: `{n}` also chooses between "one|many". */
function fillText(text, values, language) {
  const forms = text.split("|");
  const isOne = "n" in values && new Intl.PluralRules(language).select(values.n) === "one";
  const form = isOne ? forms[0] : forms[forms.length - 1];
  return form.replace(/[{](\w+)[}]/g, (place, name) => {
    const value = values[name];
    if (value === undefined) return place;
    return typeof value === "number" ? new Intl.NumberFormat(language, { maximumFractionDigits: 2 }).format(value) : value;
  });
}

const words = openWords();

/** The text of a key in the reader's language; empty until the words are there. */
function t(key, values = {}) {
  const text = words.tables[words.language]?.[key];
  return text === undefined ? "" : fillText(text, "name" in values ? { ...values, name: ownName(values.name) } : values, words.language);
}

/** An object's name: the one that every object begins with is said in the reader's language. */
function ownName(name) {
  const number = /^Object (\d+)$/.exec(name)?.[1];
  return number && words.has("objects.name") ? fillText(words.tables[words.language]["objects.name"], { number }, words.language) : name;
}

/** A text by its key where the catalogue has it, else as it is given: an effect that brings its own name. */
function named(key, own) {
  return words.has(key) ? t(key) : own;
}

/** What the server said: a plain sentence, `{key, …values}` with its English `text`, or several of them. */
function spoken(said) {
  if (Array.isArray(said)) return said.map(spoken).join(" ");
  if (!said || typeof said !== "object") return said;
  return words.has(said.key) ? t(said.key, Object.fromEntries(Object.entries(said).map(inWords))) : said.text ?? "";
}

/** A value may itself be a list of what the server said: "4–7 (not tracked), 12 (jumps)". */
function inWords([name, value]) {
  if (!Array.isArray(value)) return [name, value];
  return [name, new Intl.ListFormat(words.language, { type: "unit" }).format(value.map(spoken))];
}

/** A time [s] as minutes and seconds. */
function spellClock(seconds) {
  return `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(2).padStart(5, "0")}`;
}

/** Writes the words into a part's HTML. */
function speak(part) {
  for (const each of part.querySelectorAll("[data-t]")) each.textContent = t(each.dataset.t);
  for (const each of part.querySelectorAll("[data-t-label]")) each.setAttribute("aria-label", t(each.dataset.tLabel));
  for (const each of part.querySelectorAll("[data-t-title]")) each.title = t(each.dataset.tTitle);
  for (const each of part.querySelectorAll("[data-t-placeholder]")) each.placeholder = t(each.dataset.tPlaceholder);
}

speak(element);
