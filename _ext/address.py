"""What depends on the book's address, which `make address` sets.

With it: the buttons to the repository, Colab and Binder, how to get the book, where to discuss it, and for
search engines and whoever links to a page a sitemap, the canonical address, and og: tags with a picture.
"""

WITHOUT = "In the book’s folder: `make lab`."
WITH = "`git clone {url}`, then in its folder `make lab`; or press the rocket on any lesson."


def use_address(app, config):
    """Set what needs the address, or keep it back if that is the placeholder."""
    url = config.html_theme_options["repository_url"].rstrip("/")
    known = "/OWNER/" not in url
    get = WITH.format(url=url) if known else WITHOUT
    config.myst_substitutions = {**config.myst_substitutions, "get_the_book": get}
    if not known:
        config.html_theme_options.pop("launch_buttons", None)
        config.html_theme_options["use_repository_button"] = False
        return
    config.html_context["discussions"] = f"{url}/discussions"
    owner, name = url.split("/")[-2:]
    config.html_baseurl = config.html_baseurl or f"https://{owner.lower()}.github.io/{name}/"  # GitHub Pages
    app.setup_extension("sphinx_sitemap")
    app.setup_extension("sphinxext.opengraph")
    config.sitemap_url_scheme = "{link}"
    config.ogp_site_url = config.html_baseurl
    config.ogp_site_name = config.html_title
    config.ogp_social_cards = {"image_mini": "web/static/touch-icon.png", "line_color": "#0072b2"}


def setup(app):
    """Connect to Sphinx before the theme reads its options."""
    app.connect("config-inited", use_address)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
