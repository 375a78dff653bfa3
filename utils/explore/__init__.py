"""Interactive figures that move with no kernel: drawn frame by frame, or computed in the reader's browser.

Each figure has a module of its own name, beside its JavaScript; what they share stands in `element`.
"""

from utils.explore.between import between
from utils.explore.boundaries import boundaries
from utils.explore.confusion import confusion
from utils.explore.cross_entropy import cross_entropy
from utils.explore.descent import descent
from utils.explore.early_stopping import early_stopping
from utils.explore.element import element
from utils.explore.frames import frames
from utils.explore.line import line
from utils.explore.outlier import outlier
from utils.explore.overflow import overflow
from utils.explore.polynomial import polynomial
from utils.explore.softmax import softmax
from utils.explore.squares import squares

__all__ = [
    "between",
    "boundaries",
    "confusion",
    "cross_entropy",
    "descent",
    "early_stopping",
    "element",
    "frames",
    "line",
    "outlier",
    "overflow",
    "polynomial",
    "softmax",
    "squares",
]
