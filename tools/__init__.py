"""The build, and what tests, bench and extensions share: a browser, an emulated Colab, a fake accelerator."""
