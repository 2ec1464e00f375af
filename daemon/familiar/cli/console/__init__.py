"""What all commands share: parameters, output, pictures."""
