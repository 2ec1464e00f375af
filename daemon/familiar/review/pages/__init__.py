"""The pages, one module each: a question to the library, and what its template shows."""
