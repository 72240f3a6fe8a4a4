// The wording in the reader's language. Elements say by data-text (or data-title, data-label) which
// text they show.
import { page } from "./data.js";
import { Signal } from "./signal.js";

const TAGS = { en: "en", zh: "zh-CN" };
let language = page.language;

export const languageChanged = new Signal();

/** Return a text, with values in the places that it has for them. */
export function text(key, values = {}) {
  return page.wording[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

export function currentLanguage() {
  return language;
}

export function setLanguage(wanted) {
  language = wanted;
  document.documentElement.lang = TAGS[language];
  fillTexts(document);
  languageChanged.send();
}

export function fillTexts(root) {
  for (const element of root.querySelectorAll("[data-text]")) {
    element.textContent = text(element.dataset.text);
  }
  for (const element of root.querySelectorAll("[data-title]")) {
    element.title = text(element.dataset.title);
    element.setAttribute("aria-label", element.title);
  }
  for (const element of root.querySelectorAll("[data-hint]")) {
    element.placeholder = text(element.dataset.hint);
    element.setAttribute("aria-label", element.placeholder);
  }
}

/** Return seconds as 1:02:03.45, without hours below one; decimals as asked for. */
export function clockText(seconds, decimals = 2) {
  const units = Math.round(seconds * 10 ** decimals);
  const whole = Math.floor(units / 10 ** decimals);
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const start = hours ? `${hours}:${two(minutes)}` : String(minutes);
  const rest = decimals ? `.${String(units % 10 ** decimals).padStart(decimals, "0")}` : "";
  return `${start}:${two(whole % 60)}${rest}`;
}
