"""Names that a person may know are removed and replaced in one place, which asks for the proof that nothing is lost."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "daemon" / "familiar"
CALLS = {"unlink", "rmtree", "rename", "renames", "removedirs", "truncate", "write_bytes", "write_text", "copyfile"}
OF_OS = {"remove", "replace"}
"""Names of methods of other things, too: these count only as `os.remove` and the like."""

ALLOWED = {
    "filesystem/removal.py": "the one place",
    "filesystem/folders.py": "renames that never replace, and the replacement of what familiar writes itself",
    "store/opening.py": "the store's own files in its folder",
    "store/matrix.py": "its own file in the state folder, which the store can make again",
    "flickr/sync/fetcher.py": "the cache of Flickr's photos",
    "flickr/sync/file_cache.py": "the cache of Flickr's photos",
    "flickr/api/downloads.py": "the cache of Flickr's photos",
    "private_files.py": "keys, logins and passwords in the state folder",
    "vision/engines/onnx_models.py": "the cache of networks",
    "vision/remote/certificates.py": "the certificates of workers",
    "api/health.py": "a probe in a temporary folder",
    "library/unit/files.py": "the unit that it wrote itself",
    "api/people.py": "names of people, not of files",
    "cli/people/group.py": "names of people, not of files",
    "review/person_changes.py": "names of people, not of files",
    "review/picture_cache.py": "the cache of the review page's pictures",
}


def removals(module: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of_os = isinstance(node.func.value, ast.Name) and node.func.value.id == "os"
            name = node.func.attr
            is_path_replace = name == "replace" and len(node.args) == 1 and not node.keywords
            if name in CALLS or (of_os and name in OF_OS) or is_path_replace:
                found.add(name)
    return found


def test_only_the_one_place_and_those_with_files_of_their_own_remove_or_replace_names() -> None:
    found = {str(path.relative_to(PACKAGE)): removals(path) for path in sorted(PACKAGE.rglob("*.py"))}
    wrong = {name: calls for name, calls in found.items() if calls and name not in ALLOWED}
    assert wrong == {}
    assert [name for name in ALLOWED if not found[name]] == []
