"""The YAML language of the rules: conditions, actions, templates, plan (pure: values in, values out)."""
