/**
 * Python program that prints, as one line of JSON, the components of the installed application's packages and their
 * migration folders. It imports nothing of the application: packages are found by the entry point group
 * `nextgisweb.packages` (else the package `nextgisweb` alone), components are their subpackages, and a package that has a
 * migration folder itself is a component named for the package without `nextgisweb_`. For Python 3.6 and newer.
 */
export const listComponentsScript = `
import sys
sys.path[:] = [p for p in sys.path if p]
import importlib.util
import json
import os

GROUP = "nextgisweb.packages"

def packages_and_version():
    try:
        from importlib import metadata
    except ImportError:
        import pkg_resources
        names = [ep.module_name for ep in pkg_resources.iter_entry_points(GROUP)]
        found = pkg_resources.working_set.by_key.get("nextgisweb")
        return names, found.version if found else None
    entries = metadata.entry_points()
    chosen = entries.select(group=GROUP) if hasattr(entries, "select") else entries.get(GROUP, ())
    try:
        version = metadata.version("nextgisweb")
    except metadata.PackageNotFoundError:
        version = None
    return [ep.value.split(":")[0].strip() for ep in chosen], version

def is_folder(*parts):
    return os.path.isdir(os.path.join(*parts))

names, version = packages_and_version()
components = {}
for package in sorted({name.split(".")[0] for name in names} | {"nextgisweb"}):
    spec = importlib.util.find_spec(package)
    for root in (spec.submodule_search_locations or ()) if spec else ():
        root = os.path.abspath(root)
        if is_folder(root, "migration") and package != "nextgisweb":
            own = package[len("nextgisweb_"):] if package.startswith("nextgisweb_") else package
            components.setdefault(own, os.path.join(root, "migration"))
        for name in sorted(os.listdir(root)) if os.path.isdir(root) else ():
            if name == "migration" or not os.path.isfile(os.path.join(root, name, "__init__.py")):
                continue
            folder = os.path.join(root, name, "migration")
            if os.path.isdir(folder):
                components[name] = folder
            else:
                components.setdefault(name, None)

print(json.dumps({"version": version, "components": components}))
`;
