"""The YAML language of the rules, and the plans that rules make for photos (pure: values in, values out)."""
