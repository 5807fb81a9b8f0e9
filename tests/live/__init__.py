"""Tests that run the bot as its users do: real processes, told of issues by the stand-in."""
