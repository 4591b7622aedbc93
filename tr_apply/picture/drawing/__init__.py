"""A picture as text of each format. `escape` alone puts text of others into one."""
