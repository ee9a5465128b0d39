"""PyInstaller's hook for the package: files that are read as data, and modules that are imported by name."""

from PyInstaller.utils.hooks import collect_data_files

import impactive_async

lazy: dict[str, str] = vars(impactive_async)["_LAZY"]
rows: dict[str, str] = vars(impactive_async.models)["_LAZY"]
datas = collect_data_files("impactive_async", excludes=["**/*.pyi"])
hiddenimports = [
    *(f"impactive_async{module}" for module in lazy),
    *(f"impactive_async.models.{module}" for module in rows),
    "orjson",  # which the sandbox looks for
]
