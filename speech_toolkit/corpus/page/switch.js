// The page is there in each of its languages; one at a time is shown.
const texts = Array.from(document.querySelectorAll("[data-title]"));
for (const [index, button] of document.querySelectorAll("button.language").entries()) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = texts[(index + 1) % texts.length];
    for (const text of texts) text.hidden = text !== next;
    document.documentElement.lang = next.lang;
    document.title = next.dataset.title;
    next.querySelector("button.language").focus();
  });
}
