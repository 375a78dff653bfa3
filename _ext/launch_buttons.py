"""Keep back the theme's buttons that lead to the repository while it has no address."""


def keep_back(app, config):
    """Drop the buttons if the address is the placeholder that `make address` replaces."""
    if "/OWNER/" in config.html_theme_options["repository_url"]:
        config.html_theme_options.pop("launch_buttons", None)
        config.html_theme_options["use_repository_button"] = False


def setup(app):
    """Connect to Sphinx before the theme reads its options."""
    app.connect("config-inited", keep_back)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
