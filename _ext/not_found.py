"""The page that a static host shows for a wrong address: 404.html, which GitHub Pages and others look for.

Its links must hold at whatever address it is shown. So a <base> element says where the book begins: at the
path of html_baseurl, or else, as on GitHub Pages, below the repository's name. Where neither is so, a script
mends it.
"""

from urllib.parse import urlsplit

BASE = """<base href="{home}"><script>
{{
  const path = location.pathname;
  const home = path.endsWith("/404.html") ? "./" : path.startsWith("{home}") ? "{home}" : "/";
  document.querySelector("base").setAttribute("href", home);
  addEventListener("DOMContentLoaded", () => {{ // a link to a place on this page stays on it
    for (const a of document.querySelectorAll('a[href^="#"]')) {{
      a.href = location.pathname + a.getAttribute("href");
    }}
  }});
}}
</script>"""
BODY = """<h1>This page is not in the book</h1>
<p>The address may be misspelt, or the page may have moved. The book is all here:</p>
<ul>
<li><a href="index.html">begin at the front page</a>, which lists the chapters,</li>
<li>open the contents, beside this text or behind the button with three lines,</li>
<li>or search:</li>
</ul>
<form class="bd-search d-flex" role="search" action="search.html">
<input class="form-control" type="search" name="q" aria-label="Search this book">
<button class="btn btn-secondary">Search</button>
</form>"""


def not_found(app):
    """Yield the page for Sphinx to write."""
    if app.builder.format == "html":
        yield "404", {"title": "Page not found", "body": BODY}, "page.html"


def add_base(app, pagename, templatename, context, doctree):
    """Put the <base> before all that has an address."""
    if pagename == "404":
        repository = app.config.html_theme_options["repository_url"].rstrip("/").split("/")[-1]
        home = urlsplit(app.config.html_baseurl).path or f"/{repository}/"
        context["metatags"] = BASE.format(home=home) + context.get("metatags", "")


def setup(app):
    """Connect to Sphinx: one page more, with a head of its own."""
    app.connect("html-collect-pages", not_found)
    app.connect("html-page-context", add_base)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
