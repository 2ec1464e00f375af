"""The kinds of operations, one module each, with one contract (`contract`) and the tuple of all kinds (`catalogue`)."""
