"""Checks that keep a plan from being made or applied, and notes for its reader."""
