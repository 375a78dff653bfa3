"""Figures as data URIs: curves as SVG, pixels as WebP."""

import base64
import io
import re
from urllib.parse import quote

from PIL import Image


def svg_uri(svg):
    """Return a data URI, without what no browser draws: a page's text must be parsed before it is usable."""
    svg = re.sub(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"([1-9]\d*\.\d\d)\d+", r"\1", re.sub(r"\s+", " ", svg))  # a hundredth of a point will do
    svg = re.sub(r" ?([MLQCz]) (?=[-\d\"])", r"\1", svg.strip())  # of paths
    return "data:image/svg+xml," + quote(svg.replace('"', "'"), safe=" ,:;=()/-'")


def webp_uri(image, *, shrink=1, colours=0, quality=0):
    """Return a data URI; quality 0 is lossless, colours 0 keeps them all."""
    image = image.reduce(shrink)
    if colours:
        image = image.quantize(colours, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).convert(
            "RGB"
        )
    file = io.BytesIO()
    image.save(file, "WEBP", lossless=not quality, quality=quality or 80)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()
