"""Compare faces with registered people (pure: values in, values out)."""
