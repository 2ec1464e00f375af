# The daily commands: `just` lists them, `just test` runs one. https://just.systems, or: uvx --from rust-just just
# Each is one line that works without just, too.

# List the commands.
default:
    @just --list --unsorted

# Watch folders and handle each photo that arrives, until Ctrl-C.
run *arguments:
    uv run familiar run {{ arguments }}

# Run all tests, or those of a file or folder: just test tests/rules
test *arguments:
    uv run pytest {{ arguments }}

# Run the half of all tests that needs few processes, in a minute or two.
quick *arguments:
    uv run pytest -n auto tests/arrivals tests/effects tests/filesystem tests/folders tests/identity tests/library tests/plots tests/rules tests/sources tests/store tests/xmp tests/test_*.py {{ arguments }}

# Run all tests, and print the seconds of each file.
times *arguments:
    uv run pytest --quiet --junit-xml=.pytest_cache/times.xml
    uv run python tests/benchmarks/suite.py .pytest_cache/times.xml {{ arguments }}

# Run the tests whose name contains a text: just one killed_at_any_instant
one name *arguments:
    uv run pytest -k {{ quote(name) }} {{ arguments }}

# Check the code with ruff.
lint:
    uv run ruff check

# Format the code.
format:
    uv run ruff format

# Check the types.
types:
    uv run mypy

# Regenerate the pages: commands, log, settings, the example configuration.
docs:
    uv run python docs/generate.py

# Run all checks that must pass before a merge.
check:
    .ci/run

# Kill familiar at random system calls, make calls fail, and check that nothing is lost (needs a C compiler).
faults kills="200" errors="200" stops="200":
    uv run python tests/faults --kills {{ kills }} --errors {{ errors }} --stops {{ stops }} --seed 1

# Compare familiar with other programs on the same work; takes some minutes.
bench *arguments:
    uv run python tests/benchmarks {{ arguments }}

# Run a benchmark; each explains its arguments with --help: just benchmark scanning FOLDER
benchmark name *arguments:
    uv run python tests/benchmarks/{{ name }}.py {{ arguments }}
