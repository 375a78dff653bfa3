// Put all pages of the built site into this one, ready to be printed as a book.
// entries: [{ name: address below the site's root, level: 1 for a chapter, 2 for what stands in it }]
async ({ title, about, entries }) => {
  const prefix = (name) => name.replace(/\.html$/, "").replaceAll("/", "-");
  const ours = new Set(entries.map(({ name }) => name));
  const make = (tag, attributes = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), attributes);
    element.append(...children);
    return element;
  };
  const numberOf = (target) => { // filled in once it is known on which page the target is
    const number = make("span", { className: "sheet-number" }, "000");
    number.dataset.to = target;
    return number;
  };
  const article = make("article", { className: "bd-article" });
  const contents = make("ol", { className: "book-contents" });
  const styles = new Set(), scripts = new Set(), mark = document.querySelector(".book-mark")?.cloneNode(true) ?? "";
  let chapter;

  for (const { name, level } of entries) {
    const url = new URL(name, location.href), id = prefix(name);
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${name} is not in the built site: run make site first`);
    const source = new DOMParser().parseFromString(await answer.text(), "text/html");
    const page = document.importNode(source.querySelector("article.bd-article"), true);
    for (const style of source.head.querySelectorAll("style")) { // of the maths, glyph by glyph
      styles.add(style.textContent.replaceAll(/(\.\.\/)+_static/g, "_static"));
    }
    for (const script of page.querySelectorAll("script")) {
      if (script.textContent.includes("customElements")) scripts.add(script.textContent);
      script.remove();
    }
    const leftOut = "noscript, .headerlink, .toctree-wrapper, .cell.tag_hide-input details.hide";
    page.querySelectorAll(leftOut).forEach((e) => e.remove());
    page.querySelectorAll("details").forEach((e) => { e.open = true; });
    page.querySelectorAll("[src]").forEach((e) => { e.src = new URL(e.getAttribute("src"), url); });

    // The glyphs of a formula say nothing to a screen reader; its MathML cannot be printed, but its text can.
    for (const formula of page.querySelectorAll("mjx-container")) {
      formula.role = "img";
      formula.ariaLabel = formula.querySelector("mjx-assistive-mml").textContent;
    }

    // What was unique on its page becomes unique in the book, and links between pages stay inside it.
    page.querySelectorAll("[id]").forEach((e) => { e.id = `${id}.${e.id}`; });
    for (const link of page.querySelectorAll("a[href]")) {
      const to = new URL(link.getAttribute("href"), url);
      if (to.origin !== location.origin) continue;
      const below = to.pathname.slice(1);
      if (!ours.has(below)) {
        link.replaceWith(...link.childNodes);
        continue;
      }
      const target = prefix(below) + to.hash.replace("#", ".");
      link.href = `#${target}`;
      if (below !== name && !link.closest(".lessons, .cards")) { // on paper a link is a number
        link.after(" (p. ", numberOf(target), ")");
      }
    }

    const first = page.querySelector("h1"), heads = first.textContent;
    contents.append(make("li", { className: `level-${level}` },
      make("a", { href: `#${id}` }, heads), numberOf(id)));
    const headings = [...page.querySelectorAll("h1, h2, h3, h4, h5")];
    for (const heading of headings) {
      const depth = Number(heading.tagName[1]) + level - 1;
      const lower = make(`h${depth}`, { id: heading === first ? id : heading.id }, ...heading.childNodes);
      if (heading === first) lower.className = "page-title";
      heading.replaceWith(lower);
    }
    if (level === 1) { // each chapter has pages of its own name, whose running head is its title
      chapter = make("div", { className: "chapter", style: `page: ${id}` });
      styles.add(`@page ${id} { @top-left { content: ${JSON.stringify(heads)}; } }`);
      article.append(chapter);
    }
    chapter.append(...page.childNodes);
  }

  document.documentElement.dataset.theme = "light";
  document.title = title;
  document.head.append(...[...styles].map((text) => make("style", {}, text)));
  document.body.className = "book";
  document.body.replaceChildren(make("main", { className: "bd-main bd-content bd-article-container" },
    make("header", { className: "book-title" }, mark, make("p", {}, title), ...about.map((line) => make("p", {}, line))),
    make("nav", { ariaLabel: "Contents" }, make("h1", { className: "page-title" }, "Contents"), contents), article));
  document.body.append(...[...scripts].map((text) => make("script", {}, text)));

  // Neighbouring words of one colour become one piece: a file half as large, and less to step through by ear.
  for (const pre of document.querySelectorAll("pre")) {
    const pieces = [];
    const texts = document.createTreeWalker(pre, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const { data, parentElement } = texts.currentNode, last = pieces.at(-1);
      const color = data.trim() || !last ? getComputedStyle(parentElement).color : last.color;
      if (color === last?.color) last.text += data;
      else pieces.push({ color, text: data });
    }
    pre.replaceChildren(...pieces.map(({ color, text }) => make("span", { style: `color: ${color}` }, text)));
  }

  await Promise.all([...document.images].map((image) => image.decode()));
  await document.fonts.ready;
  return {
    headings: [...document.querySelectorAll("h1, h2, h3, h4, h5")].map((heading) => heading.textContent.trim()),
    targets: [...document.querySelectorAll(".sheet-number")].map((number) => number.dataset.to),
  };
}
