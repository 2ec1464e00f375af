"""Parts that all commands share: parameters, output, pictures."""
