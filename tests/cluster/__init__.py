"""The cluster commands, against AWS as moto plays it over HTTP."""
