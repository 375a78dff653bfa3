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
