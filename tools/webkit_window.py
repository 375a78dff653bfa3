#!/usr/bin/python3
"""A bare window with WebKit for WebKitWebDriver, of any size; its own browser is 447 pixels wide or more.

Run by Debian's Python, which has the bindings (python3-gi), and not by the book's.
"""

import os

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
from gi.repository import Gtk, WebKit2  # noqa: E402


def view_for(session):
    """Return the page that is driven, in a window of its own."""
    view = WebKit2.WebView(web_context=context, is_controlled_by_automation=True)
    view.get_settings().set_property("enable-tabs-to-links", True)
    window = Gtk.Window()
    window.set_decorated(False)
    window.set_default_size(1280, 900)
    window.add(view)
    window.show_all()
    view.connect("close", lambda _: window.destroy())
    window.connect("destroy", lambda _: Gtk.main_quit())
    return view


def started(_, session):
    """Say who this is; the driver asks for that name."""
    about = WebKit2.ApplicationInfo()
    about.set_name("book")
    about.set_version(1, 0, 0)
    session.set_application_info(about)
    session.connect("create-web-view", view_for)


settings = Gtk.Settings.get_default()
settings.set_property("gtk-application-prefer-dark-theme", os.environ.get("WEBKIT_DARK") == "1")
settings.set_property("gtk-enable-animations", False)  # less motion
context = WebKit2.WebContext.new_ephemeral()
context.set_automation_allowed(True)
context.connect("automation-started", started)
Gtk.main()
