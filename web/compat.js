// The theme decides on light or dark when all scripts are in; decide before the first paint.
{
  const { dataset } = document.documentElement;
  dataset.mode ||= "auto";
  dataset.theme ||= matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

// What scrolls sideways must be reachable by keyboard.
for (const event of ["load", "resize"]) {
  addEventListener(event, () => {
    const wide = document.querySelectorAll("mjx-container[display], .cell_output, .pst-scrollable-table-container");
    for (const e of wide) if (e.scrollWidth > e.clientWidth) e.tabIndex = 0;
  });
}

// Sphinx speaks of documents and categories where nothing is found.
Documentation.TRANSLATIONS["Your search did not match any documents. Please make sure that all words are spelled correctly "
  + "and that you've selected enough categories."] = "No page of the book has all of these words. Try fewer, or another spelling.";

// Paper is white.
{
  const { dataset } = document.documentElement;
  let theme;
  addEventListener("beforeprint", () => { theme = dataset.theme; dataset.theme = "light"; });
  addEventListener("afterprint", () => { dataset.theme = theme; });
}

// ipywidgets leave a slider's handle and the buttons of Play without a name, say a position where the value
// is meant, and do not tell which toggle button is pressed. What is typed over a value goes nowhere here.
function describeWidgets() {
  for (const handle of document.querySelectorAll(".noUi-handle")) {
    const find = (part) => handle.closest(".widget-slider")?.querySelector(part)?.textContent;
    handle.setAttribute("aria-label", find(".widget-label") || "slider");
    handle.closest(".widget-slider")?.querySelector(".widget-readout")?.removeAttribute("contenteditable");
    if (find(".widget-readout")) handle.setAttribute("aria-valuetext", find(".widget-readout"));
  }
  for (const play of document.querySelectorAll(".widget-play")) {
    ["Play or pause", "Stop", "Repeat"].forEach((name, i) => play.children[i]?.setAttribute("aria-label", name));
  }
  for (const button of document.querySelectorAll(".widget-toggle-button")) {
    button.setAttribute("aria-pressed", button.classList.contains("mod-active"));
  }
}
addEventListener("load", () => {
  const article = document.querySelector(".bd-article");
  const changes = { childList: true, subtree: true, characterData: true, attributeFilter: ["class"] };
  if (article) new MutationObserver(describeWidgets).observe(article, changes);
});
