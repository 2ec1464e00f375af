"""Group faces that nobody has named (pure: values in, values out)."""
