"""What all tests share: no window opens, and property tests are the same on every run, without a deadline."""

import hypothesis
import matplotlib

matplotlib.use("Agg")
hypothesis.settings.register_profile("book", deadline=None, derandomize=True, max_examples=40)
hypothesis.settings.load_profile("book")
