"""What tests of several folders share, beside factory.py."""

from pathlib import Path

ROOT = Path(__file__).parents[2]  # of the checkout
