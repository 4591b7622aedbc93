"""Allowed texts of form fields and query parameters, and the values that they mean."""
