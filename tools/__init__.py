"""What tests, bench and the site's extensions share: a browser, an emulated Colab, a pretended accelerator."""
