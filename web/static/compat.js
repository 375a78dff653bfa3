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

// WebKit takes no name from the drawing on these buttons.
addEventListener("load", () => {
  document.querySelectorAll(".copybtn").forEach((button, k) => { button.ariaLabel ??= `Copy code ${k + 1}`; });
});

// Enter searches, also in a frame that forbids forms. (While letters are composed, as in Chinese, Enter ends a word.)
addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || !event.target.matches?.('form > input[name="q"]')) return;
  event.preventDefault();
  const page = new URL(event.target.form.getAttribute("action"), document.baseURI);
  page.search = new URLSearchParams({ q: event.target.value });
  page.hash = "";
  location.assign(page);
});

// What was searched for is marked on the page that was found, and not on every page after it.
addEventListener("load", () => {
  try { localStorage.removeItem("sphinx_highlight_terms"); } catch { /* nothing is kept where nothing may be */ }
});

// Paper is white.
{
  const { dataset } = document.documentElement;
  let theme;
  addEventListener("beforeprint", () => { theme = dataset.theme; dataset.theme = "light"; });
  addEventListener("afterprint", () => { dataset.theme = theme; });
}
