"""Run the command line as `python -m familiar`."""

from familiar.cli import main

if __name__ == "__main__":
    main(prog_name="familiar")
