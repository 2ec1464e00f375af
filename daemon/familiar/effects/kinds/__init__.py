"""The kinds of operations, a module each, behind one contract (`contract`), and the tuple of them all (`catalogue`)."""
