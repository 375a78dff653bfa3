// What stands around the text: a menu, the way back to the top, and the mark in the list "On this page".
// The theme's need Bootstrap, 24 KB a page, and its mark stays behind when a page jumps.

// A button opens the menu after it.
const openMenus = () => {
  for (const button of document.querySelectorAll("[data-bs-toggle=dropdown]")) {
    const menu = button.nextElementSibling, entries = [...menu.querySelectorAll("a, button")];
    const open = (shown) => {
      menu.classList.toggle("show", shown);
      button.ariaExpanded = String(shown);
    };
    button.addEventListener("click", () => open(!menu.classList.contains("show")));
    button.parentElement.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) {
        event.preventDefault();
        open(true);
        const at = entries.indexOf(document.activeElement);
        entries[(at + (at < 0 && step < 0 ? 0 : step) + entries.length) % entries.length].focus();
      } else if (event.key === "Escape" && menu.classList.contains("show")) {
        open(false);
        button.focus();
      }
    });
    for (const event of ["click", "focusin"]) {
      document.addEventListener(event, ({ target }) => {
        if (!button.contains(target) && !(event === "focusin" && menu.contains(target))) open(false);
      });
    }
  }
};

// Who scrolls up a long page may want its beginning.
const offerTheTop = () => {
  const button = document.getElementById("pst-back-to-top");
  let before = scrollY;
  addEventListener("scroll", () => {
    button.style.display = scrollY < before && scrollY > innerHeight ? "block" : "none";
    before = scrollY;
  });
  button.addEventListener("click", () => scrollTo(0, 0));
};

// The section whose heading is the last above a line is where one reads. The line is a third down the window, and
// near the end of the page sinks to its bottom, so that a short last section has its turn. A link's target is marked
// until the reader scrolls.
const markPlace = () => {
  const links = [...document.querySelectorAll("#page-toc a[href^='#']")];
  const places = new Map(links.map((link) => [link, document.getElementById(decodeURIComponent(link.hash.slice(1)))]));
  let target;
  const mark = () => {
    const left = document.documentElement.scrollHeight - innerHeight - scrollY;
    const line = Math.max(innerHeight / 3, innerHeight - left - 1);
    const above = links.filter((link) => places.get(link)?.getBoundingClientRect().top < line);
    const here = target ?? above.at(-1);
    for (const link of links) {
      link.classList.toggle("active", link === here);
      link.ariaCurrent = link === here ? "true" : null;
    }
  };
  const jump = () => {
    target = links.find((link) => link.hash === location.hash);
    mark();
  };
  let asked;
  for (const event of ["scroll", "resize", "load"]) {
    addEventListener(event, () => {
      asked ??= requestAnimationFrame(() => {
        asked = undefined;
        mark();
      });
    });
  }
  for (const event of ["wheel", "touchmove", "keydown", "pointerdown"]) addEventListener(event, () => { target = undefined; });
  addEventListener("hashchange", jump);
  addEventListener("click", ({ target: pressed }) => { // on a link to where one is already
    const hash = pressed.closest?.("a[href]")?.hash;
    if (hash && hash === location.hash) jump();
  });
  jump();
};

addEventListener("DOMContentLoaded", () => {
  openMenus();
  if (document.getElementById("pst-back-to-top")) offerTheTop();
  if (document.getElementById("page-toc")) markPlace();
});
