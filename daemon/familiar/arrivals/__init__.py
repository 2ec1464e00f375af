"""The way of a photo that has arrived: a tuple of stages, and what follows where one of them fails."""
