"""Checks index.h5 as readers.cpp wrote it; warnings are errors."""
import os

import h5py
import numpy as np
import xarray

with h5py.File("index.h5") as index:
    paths = list(index["cells/path"].asstr()[...])
    assert index.attrs["format"] == 2
    assert index["cells/modified"].attrs["unit"] == "s" and index["cells/bytes"].attrs["unit"] == "byte"
for engine in ["h5netcdf", "netcdf4"]:
    cells = xarray.open_dataset("index.h5", group="cells", engine=engine).load()
    assert list(cells["method"].values) == ["Größe", "Größe"], engine
    assert np.array_equal(cells["seed"], [2.0**40 + 1] * 2)
    assert cells["planned"].dtype == bool and np.array_equal(cells["planned"], [False, True])
    assert np.array_equal(cells["bytes"], [os.path.getsize(path) for path in paths])
    assert np.allclose(cells["modified"], [os.path.getmtime(path) for path in paths], rtol=0, atol=1e-6)
    metrics = xarray.open_dataset("index.h5", group="metrics", engine=engine)
    assert np.array_equal(metrics["elbo"], [-1, -2]) and metrics["elbo"].attrs["unit"] == "nats"
    options = xarray.open_dataset("index.h5", group="options", engine=engine)
    assert np.array_equal(options["model.dimension"], [2, 20])
    unreadable = xarray.open_dataset("index.h5", group="unreadable", engine=engine)
    assert list(unreadable["path"].values) == ["cells/00/damaged.h5"]
assert xarray.open_dataset("empty/index.h5", group="cells", engine="h5netcdf").sizes["cell"] == 0
print("the index reads")
