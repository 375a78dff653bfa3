// Return this page of the built site as a chapter of an EPUB: XHTML without scripts, maths as MathML, pictures as files.
// pages: { path of a page: its file in the EPUB }
async ({ file, pages }) => {
  const XHTML = "http://www.w3.org/1999/xhtml", here = document.querySelector("article.bd-article");
  if (typeof turn === "function") turn(false); // nothing lies under a veil

  // Drawings take the colors that they have on white paper.
  document.documentElement.dataset.theme = "light";
  const COLORS = ["fill", "stroke", "color", "opacity", "fill-opacity", "stroke-opacity"];
  for (const part of here.querySelectorAll("svg, svg *")) {
    const style = getComputedStyle(part), set = part.getAttribute("style") ?? "";
    const kept = set.split(";").filter((rule) => rule && !/var\(|color-mix|currentcolor/i.test(rule) && !/^\s*(flex|min-width|max-width|height|display)\s*:/.test(rule));
    const named = COLORS.filter((name) => new RegExp(`(^|;)\\s*${name}\\s*:`).test(set) && !kept.some((rule) => rule.trim().startsWith(`${name}:`)));
    const byClass = part.closest(".drawing") ? ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "fill-opacity"] : [];
    const all = [...kept, ...[...named, ...byClass].map((name) => `${name}:${plain(style.getPropertyValue(name))}`)].join(";");
    if (all) part.setAttribute("style", all);
    else part.removeAttribute("style");
    for (const name of ["fill", "stroke"]) {
      if (/currentcolor|var\(/i.test(part.getAttribute(name) ?? "")) part.setAttribute(name, plain(style.getPropertyValue(name)));
    }
    part.removeAttribute("class");
  }
  function plain(value) { // color(srgb 0.1 0.2 0.3) is not known everywhere
    const [, ...parts] = value.match(/^color\(srgb ([\d.e-]+) ([\d.e-]+) ([\d.e-]+)/) ?? [];
    return parts.length ? `rgb(${parts.map((part) => Math.round(255 * part)).join(",")})` : value;
  }

  const article = here.cloneNode(true);
  const each = (selector, act) => article.querySelectorAll(selector).forEach(act);
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const name in attributes) element.setAttribute(name, attributes[name]);
    element.append(...children);
    return element;
  };

  // What a wrong choice overlooks stands in the fold with the answer.
  each(".admonition:has(> ul ul)", (box) => {
    const fold = box.querySelector(":scope > details"), list = make("ul");
    for (const entry of box.querySelectorAll(":scope > ul > li")) {
      const said = entry.querySelector(":scope > ul");
      if (!said) continue;
      const choice = entry.firstElementChild.cloneNode(true);
      list.append(make("li", {}, make("b", {}, ...choice.childNodes), ": ", ...said.firstElementChild.firstElementChild.childNodes));
      said.remove();
    }
    if (list.children.length) fold.append(list);
  });
  each("script, style, noscript, button, .headerlink, .toctree-wrapper, .answer, answer-veil, predict-first, check-yourself, past-guess, "
    + "reading-progress, go-on, your-book, reliability-diagram, [hidden], .visually-hidden:not(h1, h2)", (e) => e.remove());
  each(".explore", (figure) => { // what moves on the site stands still: its heading, and its picture or table
    const still = make("div", { class: "figure", id: figure.id || null }, ...figure.childNodes);
    if (!figure.id) still.removeAttribute("id");
    still.append(make("p", { class: "moves" }, "This figure moves on the site and in the notebook."));
    figure.replaceWith(still);
  });
  each("mjx-container", (formula) => {
    const maths = formula.querySelector("math");
    maths.querySelectorAll("*").forEach((e) => [...e.attributes].forEach(({ name }) => { if (name.startsWith("data-")) e.removeAttribute(name); }));
    if (formula.getAttribute("display") === "true") maths.setAttribute("display", "block");
    formula.replaceWith(maths);
  });
  each("[contenteditable], [tabindex], [slot], [data-bs-toggle], [onclick]", (e) => {
    ["contenteditable", "tabindex", "slot", "data-bs-toggle", "onclick"].forEach((name) => e.removeAttribute(name));
  });
  each("*", (e) => { // an element of HTML's own
    [...e.attributes].forEach(({ name }) => { if (/^(data-|unselectable|jax|version$)/.test(name)) e.removeAttribute(name); });
  });

  // Pictures become files.
  const files = [];
  for (const image of article.querySelectorAll("img")) {
    const [kind, data] = await (async () => {
      const picture = new Image();
      picture.src = image.src;
      await picture.decode();
      const canvas = Object.assign(document.createElement("canvas"), { width: picture.naturalWidth, height: picture.naturalHeight });
      canvas.getContext("2d").drawImage(picture, 0, 0);
      return ["png", canvas.toDataURL("image/png").split(",")[1]];
    })();
    const name = `images/${file.replace(".xhtml", "")}-${files.length}.${kind}`;
    files.push([name, data]);
    for (const { name: attribute } of [...image.attributes]) if (!/^(alt|width|height|class|id)$/.test(attribute)) image.removeAttribute(attribute);
    image.setAttribute("src", name);
    if (!image.hasAttribute("alt")) image.setAttribute("alt", "");
  }

  // Names that XML allows, unique on the page; links lead within the book or to the web.
  const idOf = (id) => id.replace(/[^\w.-]/g, "_").replace(/^(?![A-Za-z_])/, "_");
  const taken = new Set();
  each("[id]", (e) => {
    const id = idOf(e.id);
    if (taken.has(id)) e.removeAttribute("id");
    else e.id = id;
    taken.add(id);
  });
  each("[aria-labelledby], [aria-describedby], [for]", (e) => ["aria-labelledby", "aria-describedby", "for"].forEach((name) => e.removeAttribute(name)));
  each("use", (e) => { const to = e.getAttribute("href") ?? e.getAttribute("xlink:href"); if (to) e.setAttribute("href", `#${idOf(to.slice(1))}`); });
  const root = new URL(document.documentElement.dataset.content_root, location.href);
  const targets = [];
  each("a", (link) => {
    const given = link.getAttribute("href");
    if (given === null) return link.replaceWith(...link.childNodes);
    const to = new URL(given, location.href), path = to.href.startsWith(root.href) ? to.pathname.slice(root.pathname.length) : null;
    for (const { name } of [...link.attributes]) if (name !== "href" && name !== "id" && name !== "class") link.removeAttribute(name);
    if (path === null) return link.setAttribute("href", to.href);
    if (!(path in pages)) return link.replaceWith(...link.childNodes);
    const hash = to.hash ? idOf(decodeURIComponent(to.hash.slice(1))) : "";
    link.setAttribute("href", pages[path] + (hash ? `#${hash}` : ""));
    if (hash) targets.push(`${pages[path]}#${hash}`);
  });

  const title = document.title.split(" — ")[0];
  const whole = document.implementation.createDocument(XHTML, "html");
  const head = whole.createElementNS(XHTML, "head"), body = whole.createElementNS(XHTML, "body");
  const add = (tag, attributes, text = "") => {
    const element = whole.createElementNS(XHTML, tag);
    for (const name in attributes) element.setAttribute(name, attributes[name]);
    element.textContent = text;
    head.append(element);
  };
  add("title", {}, article.querySelector("h1").textContent.trim());
  add("link", { rel: "stylesheet", type: "text/css", href: "book.css" });
  whole.documentElement.setAttribute("lang", "en");
  whole.documentElement.setAttribute("xml:lang", "en");
  whole.documentElement.append(head, body);
  body.append(...[...article.childNodes].map((node) => whole.importNode(node, true)));
  return {
    title: article.querySelector("h1").textContent.trim(), files, targets, ids: [...taken],
    maths: article.querySelector("math") !== null, svg: article.querySelector("svg") !== null,
    text: new XMLSerializer().serializeToString(whole),
  };
}
