"""Images as data URIs."""

import base64
import io


def webp_uri(image, *, quality=0):
    """Return a PIL image as the data URI of a WebP; quality 0 is lossless."""
    file = io.BytesIO()
    image.save(file, "WEBP", lossless=not quality, quality=quality or 100, method=6)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()
