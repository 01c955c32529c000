"""Tests of the stand-in: client SQL only, so that they run on a real cluster, too."""
