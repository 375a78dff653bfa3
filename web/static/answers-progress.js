// How far the reader is: marked in the contents, on chapters' pages and on the cover.
const root = new URL(document.documentElement.dataset.content_root ?? ".", location.href);
const pageOf = (href) => new URL(href, location.href).pathname.slice(root.pathname.length).replace(/\.html$/, "");

// "2 of 4 lessons read · 3 of 7 guesses", of the lessons { page: { predict: [names], check: [names] } }.
customElements.define("reading-progress", class extends HTMLElement {
  connectedCallback() {
    const lessons = Object.entries(JSON.parse(this.getAttribute("of")));
    const count = (key, done) => {
      const names = lessons.flatMap(([, asked]) => asked[key]);
      return [names.filter(done).length, names.length];
    };
    answers.watch(() => {
      const { state } = answers, marks = lessons.map(([page]) => markOf(page)).filter(Boolean);
      const read = marks.filter((mark) => mark === WORDS.read).length;
      const guesses = count("predict", (name) => state.predictions[name]?.some((g) => !g.shown));
      const checks = count("check", (name) => state.checks[name]?.passed);
      this.textContent = [
        lessons.length === 1 ? marks[0] : read && WORDS.lessonsRead(read, lessons.length),
        guesses[0] && WORDS.guesses(...guesses), checks[0] && WORDS.checks(...checks),
      ].filter(Boolean).join(" · ");
    });
  }
});

function markOf(page) {
  const lesson = answers.state.lessons[page];
  return lesson && (lesson.read ? WORDS.read : WORDS.begun);
}

// On the cover the way in becomes the way on: to where the reader was last, or to the lesson after it.
customElements.define("go-on", class extends HTMLElement {
  connectedCallback() {
    const lessons = JSON.parse(this.getAttribute("of")), link = this.parentElement.querySelector("a");
    const first = [...this.parentElement.childNodes].filter((node) => node !== this), { textContent, href } = link;
    answers.watch(() => {
      const entries = answers.state.lessons, at = (page) => entries[page]?.at ?? 0;
      const last = lessons.reduce((a, b, k) => at(b[0]) > at(lessons[a]?.[0]) ? k : a, -1);
      const next = entries[lessons[last]?.[0]]?.read ? lessons.findIndex(([page], k) => k > last && !entries[page]?.read) : last;
      const [page, title] = lessons[next] ?? [];
      link.textContent = page ? WORDS.goOn(title) : textContent;
      link.href = page ? `${root}${page}.html#${entries[page]?.seen.at(-1) ?? ""}` : href;
      for (const node of first) if (node.nodeType === Node.TEXT_NODE) node.data = page ? " " : (node.first ??= node.data);
    });
  }
});

// A lesson is begun at its second section, and read when each has been on the screen.
addEventListener("DOMContentLoaded", () => {
  answers.watch(() => {
    for (const link of document.querySelectorAll("nav.bd-links a")) {
      const mark = markOf(pageOf(link.href));
      if (mark) link.dataset.mark = mark;
      else delete link.dataset.mark;
      link.classList.toggle("read", mark === WORDS.read);
    }
  });
  if (!document.querySelector("meta[name=lesson]")) return;
  const page = pageOf(location.href), sections = [...document.querySelectorAll("article h2")].slice(1).map((h) => h.parentElement.id);
  const watcher = new IntersectionObserver((entries) => {
    const ids = entries.filter((e) => e.isIntersecting).map((e) => e.target.parentElement.id);
    if (ids.length) answers.change(({ lessons }) => {
      const lesson = lessons[page] ??= { seen: [] };
      const seen = lesson.seen.filter((id) => sections.includes(id) && !ids.includes(id)).concat(ids);
      Object.assign(lesson, { at: Date.now(), seen, ...seen.length === sections.length && { read: true } });
    });
  });
  for (const heading of [...document.querySelectorAll("article h2")].slice(1)) watcher.observe(heading);
});
