// Light or dark: as the system has it until the reader switches.
import { Signal } from "./signal.js";

const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
let colours = null;

export const themeChanged = new Signal();

export function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen === undefined ? systemIsDark.matches : chosen === "dark";
}

export function switchTheme() {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  forgetColours();
}

/** Return a colour of the style sheet by its name there, without the dashes. */
export function colour(name) {
  colours ??= getComputedStyle(document.documentElement);
  return colours.getPropertyValue(`--${name}`).trim();
}

function forgetColours() {
  colours = null;
  themeChanged.send();
}

systemIsDark.addEventListener("change", forgetColours);
