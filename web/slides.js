// A deck of tools/slides.py. What is taller than the screen is made smaller; keys that a figure takes stay with it.
const SIZE = { width: 1280, height: 760 };

function height(inner) {
  const boxes = [...inner.children].filter((part) => part.offsetHeight).map((part) => part.getBoundingClientRect());
  return (Math.max(...boxes.map((b) => b.bottom)) - Math.min(...boxes.map((b) => b.top))) / Reveal.getScale();
}

// A drawing is as high as it is wide, more or less; what is still too high is shown smaller.
function fit(slide) {
  const inner = slide.firstElementChild, drawn = [...inner.querySelectorAll(".explore, .panels, img")];
  const tries = [...drawn.length ? [90, 80, 70, 60, 50] : []].map((part) => () => drawn.forEach((one) => { one.style.width = `${part}%`; }));
  for (let part = 95; part >= 30; part -= 5) tries.push(() => { inner.style.zoom = `${part}%`; });
  while (tries.length && height(inner) > SIZE.height - 30) tries.shift()();
}

Reveal.initialize({
  ...SIZE, margin: 0.04, hash: true, center: false, transition: "none", slideNumber: "c/t", plugins: [RevealNotes],
  keyboardCondition: () => !document.activeElement?.closest?.(".explore"),
});
for (const event of ["ready", "slidechanged"]) Reveal.on(event, ({ currentSlide }) => fit(currentSlide));

// Escape gives the keys back to the deck.
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && document.activeElement?.closest(".explore")) {
    document.activeElement.blur();
    event.stopImmediatePropagation();
  }
}, true);
