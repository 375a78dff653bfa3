// The theme decides on light or dark when all scripts are in; decide before the first paint.
{
  const { dataset } = document.documentElement;
  dataset.mode ||= "auto";
  dataset.theme ||= matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

document.addEventListener("DOMContentLoaded", () => {
  const { MathJax } = window;
  if (!MathJax?.startup) return;
  let queue = MathJax.startup.promise;
  // ipywidgets call MathJax 2 for a label with maths; MathJax 3 answers.
  MathJax.Hub = { Queue: ([, , element]) => { queue = queue.then(() => MathJax.typesetPromise([element])); } };
  // What scrolls sideways must be reachable by keyboard.
  queue.then(() => {
    for (const e of document.querySelectorAll("mjx-container[display]")) if (e.scrollWidth > e.clientWidth) e.tabIndex = 0;
  });
});

// ipywidgets give a slider's handle and the buttons of Play no accessible name.
function nameWidgets() {
  for (const handle of document.querySelectorAll(".noUi-handle:not([aria-label])")) {
    const label = handle.closest(".jupyter-widgets")?.querySelector(".widget-label");
    handle.setAttribute("aria-label", label?.textContent || "slider");
  }
  for (const play of document.querySelectorAll(".widget-play")) {
    ["Play or pause", "Stop", "Repeat"].forEach((name, i) => play.children[i]?.setAttribute("aria-label", name));
  }
}
addEventListener("load", () => {
  const article = document.querySelector(".bd-article");
  if (article) new MutationObserver(nameWidgets).observe(article, { childList: true, subtree: true });
});
