"""What keeps a plan from being made or applied, and what its reader should know."""
