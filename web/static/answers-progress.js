// How far the reader is: marked in the contents, on chapters' pages and on the cover.
const root = new URL(document.documentElement.dataset.content_root ?? ".", location.href);
const pageOf = (href) => new URL(href, location.href).pathname.slice(root.pathname.length).replace(/\.html$/, "");

function markOf(page) {
  const lesson = answers.state.lessons[page];
  return lesson && (lesson.read ? WORDS.read : WORDS.begun);
}

// "2 of 4 lessons read · 3 of 7 guesses", of the lessons { page: { predict: [names], check: [names] } }.
element("reading-progress", (self, about) => {
  const pages = Object.keys(about), asked = Object.values(about);
  const count = (names, isDone, say) => {
    const done = names.filter(isDone).length;
    return done && say(done, names.length);
  };
  answers.watch(() => {
    const { predictions, checks } = answers.state;
    self.textContent = [
      pages.length === 1 ? markOf(pages[0]) : count(pages, (page) => answers.state.lessons[page]?.read, WORDS.lessonsRead),
      count(asked.flatMap((a) => a.predict), (name) => predictions[name] && !predictions[name][0].shown, WORDS.guesses),
      count(asked.flatMap((a) => a.check), (name) => checks[name]?.passed, WORDS.checks),
    ].filter(Boolean).join(" · ");
  });
});

// On the cover the way in becomes the way on: to where the reader was last, or to the lesson after it.
element("go-on", (self, lessons) => {
  answers.watch(() => {
    const of = ([page]) => answers.state.lessons[page] ?? { at: 0, seen: [] };
    const last = lessons.reduce((best, lesson) => of(lesson).at > of(best).at ? lesson : best);
    const next = !of(last).read ? last : lessons.slice(lessons.indexOf(last)).find((lesson) => !of(lesson).read);
    const href = next && `${root}${next[0]}.html#${of(next).seen.at(-1) ?? ""}`;
    self.replaceChildren(...of(last).at && next ? [make("a", { href }, WORDS.goOn(next[1]))] : []);
  });
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
  const page = pageOf(location.href), headings = [...document.querySelectorAll("article h2")].slice(1);
  const idOf = (heading) => heading.parentElement.id, sections = headings.map(idOf);
  const watcher = new IntersectionObserver((changes) => {
    const ids = changes.filter((change) => change.isIntersecting).map((change) => idOf(change.target));
    if (ids.length) answers.change(({ lessons }) => {
      const before = (lessons[page]?.seen ?? []).filter((id) => sections.includes(id) && !ids.includes(id));
      const seen = [...before, ...ids], read = lessons[page]?.read || seen.length === sections.length;
      lessons[page] = { at: Date.now(), seen, ...read && { read } };
    });
  });
  headings.forEach((heading) => watcher.observe(heading));
});
