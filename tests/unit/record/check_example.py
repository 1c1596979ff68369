"""Checks cell.h5 as example_cell.hpp describes it, with every Python reader."""
import h5py
import netCDF4
import numpy as np
import xarray

chain, draw = np.meshgrid(np.arange(2), np.arange(50), indexing="ij")
base = 100.0 * chain + draw
i, j = np.meshgrid(np.arange(2), np.arange(3), indexing="ij")
x = base[:, :, None, None] + 0.01 * (3 * i + j)
theta = base[:, :, None] + 0.01 * np.arange(4)
elbo = -1.0 / (np.arange(10000) + 1)
labels = ["A", "B", "Č", "D"]

with h5py.File("cell.h5") as cell:
    assert list(cell.attrs)[0] == "hash" and cell.attrs["method"] == "nuts – Größe"
    assert cell.attrs["replicate"] == 3
    assert np.array_equal(cell["posterior/x"][...], x)
    assert [label.decode() for label in cell["posterior/school"]] == labels
    assert cell["metrics/elbo"][()] == -31.5 and cell["metrics/elbo"].attrs["mcse"] == 0.25
    assert cell["sample_stats/diverging"].dtype == np.int8

    def check_scales(name, item):
        if isinstance(item, h5py.Dataset) and not h5py.h5ds.is_scale(item.id):
            for axis, dimension in enumerate(item.dims):
                assert len(dimension) == 1, (name, axis)
                assert dimension[0].parent == item.parent and len(dimension[0]) == item.shape[axis]

    cell.visititems(check_scales)
    assert not any(isinstance(item, h5py.Dataset) for item in cell.values())
    groups = list(cell)

for engine in ["h5netcdf", "netcdf4"]:
    opened = {g: xarray.open_dataset("cell.h5", group=g, engine=engine).load() for g in groups}
    posterior = opened["posterior"]
    assert posterior["x"].dims == ("chain", "draw", "x_dim_0", "x_dim_1"), engine
    assert np.array_equal(posterior["x"], x) and np.array_equal(posterior["mu"], -base)
    assert np.array_equal(posterior["theta"], theta)
    assert list(posterior["school"].values) == labels
    assert posterior["theta"].sel(school="Č", chain=1, draw=7) == 107.02
    assert posterior["theta"].attrs["unit"] == "points"
    stats = opened["sample_stats"]
    assert stats["steps"].dtype == np.int64 and np.array_equal(stats["steps"], 7 * chain + draw)
    assert stats["diverging"].dtype == bool and np.array_equal(stats["diverging"], draw % 10 == 0)
    assert np.array_equal(opened["vi_trace"]["elbo"], elbo)
    assert np.array_equal(opened["vi_trace"]["iteration"], 10.0 * np.arange(10000))
    assert np.array_equal(opened["constant_data"]["design"], [[11, 12, 13], [21, 22, 23]])
    assert opened["constant_data"]["nothing"].shape == (0,)
    assert opened["constant_data"]["year"].dtype == np.int64
    assert float(opened["constant_data"]["rain"].sel(year=2001)) == 20
    per_variable = opened["diagnostics"]["theta"]
    assert np.array_equal(per_variable.sel(metric="ess_bulk"), 100 + np.arange(4))
    assert per_variable.sel(metric="mean", school="B") == 1
    assert float(opened["timing"]["seconds"]) == 1.5
    assert xarray.open_dataset("cell.h5", engine=engine).attrs["outcome"] == "converged"

with netCDF4.Dataset("cell.h5") as cell:
    assert set(cell.groups) == set(groups)
    assert np.array_equal(cell["posterior/x"][...], x)
print("all readers agree")
