"""Charts: values in, matplotlib's figures or lines of text out; the only place that knows matplotlib."""
